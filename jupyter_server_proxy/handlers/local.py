"""`/proxy/PORT/...` and `/proxy/HOST:PORT/...`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import BackendUnreachable, NothingListens
from ..rules.paths import context_path
from . import pages
from .destination import Destination
from .proxy import ProxyHandler
from .slash import redirect_to_slash

if TYPE_CHECKING:
    from ..processes.listening import Listening


class LocalProxyHandler(ProxyHandler):
    """Relays to a port on this machine; the route's groups are port and path."""

    def http_get(self, port: Any, proxied_path: str) -> Any:
        """See `ProxyHandler`."""
        return self.proxy(port, proxied_path)

    def open(self, port: Any, proxied_path: str) -> Any:
        """See `ProxyHandler`."""
        return self.proxy_open("localhost", port, proxied_path)

    def post(self, port: Any, proxied_path: str) -> Any:
        """See `ProxyHandler`."""
        return self.proxy(port, proxied_path)

    def put(self, port: Any, proxied_path: str) -> Any:
        """See `ProxyHandler`."""
        return self.proxy(port, proxied_path)

    def delete(self, port: Any, proxied_path: str) -> Any:
        """See `ProxyHandler`."""
        return self.proxy(port, proxied_path)

    def head(self, port: Any, proxied_path: str) -> Any:
        """See `ProxyHandler`."""
        return self.proxy(port, proxied_path)

    def patch(self, port: Any, proxied_path: str) -> Any:
        """See `ProxyHandler`."""
        return self.proxy(port, proxied_path)

    def options(self, port: Any, proxied_path: str) -> Any:
        """See `ProxyHandler`."""
        return self.proxy(port, proxied_path)

    def proxy(self, port: Any, proxied_path: str) -> Any:  # type: ignore[override]
        """Relay to `port` on this machine; the signature is a seam of its own."""
        return super().proxy("localhost", port, proxied_path)


class RemoteProxyHandler(ProxyHandler):
    """Relays to a host and port; the route's groups are host, port and path."""

    def http_get(self, host: str, port: Any, proxied_path: str) -> Any:
        """See `ProxyHandler`."""
        return self.proxy(host, port, proxied_path)

    def open(self, host: str, port: Any, proxied_path: str) -> Any:
        """See `ProxyHandler`."""
        return self.proxy_open(host, port, proxied_path)

    def post(self, host: str, port: Any, proxied_path: str) -> Any:
        """See `ProxyHandler`."""
        return self.proxy(host, port, proxied_path)

    def put(self, host: str, port: Any, proxied_path: str) -> Any:
        """See `ProxyHandler`."""
        return self.proxy(host, port, proxied_path)

    def delete(self, host: str, port: Any, proxied_path: str) -> Any:
        """See `ProxyHandler`."""
        return self.proxy(host, port, proxied_path)

    def head(self, host: str, port: Any, proxied_path: str) -> Any:
        """See `ProxyHandler`."""
        return self.proxy(host, port, proxied_path)

    def patch(self, host: str, port: Any, proxied_path: str) -> Any:
        """See `ProxyHandler`."""
        return self.proxy(host, port, proxied_path)

    def options(self, host: str, port: Any, proxied_path: str) -> Any:
        """See `ProxyHandler`."""
        return self.proxy(host, port, proxied_path)


class LocalRoute(LocalProxyHandler):
    """The route `/proxy/PORT/...`."""

    relays_only = True
    # Where something listens, when nothing does where it was asked for.
    _listening: Sequence[Listening] = ()

    async def relay_exchange(self, destination: Destination) -> None:
        """See `ExchangingHandler`. Raises NothingListens for a port that refuses connections."""
        try:
            await super().relay_exchange(destination)
        except BackendUnreachable as error:
            if not isinstance(error.__cause__, ConnectionRefusedError):
                raise
            self._listening = await self._find_listening()
            raise NothingListens(error.message) from error

    def describe_error(self, status_code: int, error: BaseException | None) -> pages.Problem:
        """See `FrontHandler`; where nothing listens it is said where something does."""
        if not isinstance(error, NothingListens):
            return super().describe_error(status_code, error)
        parts = ("proxy", "absolute") if self.absolute_url else ("proxy",)
        return pages.describe_dead_port(
            error,
            int(self.path_args[0]),
            self._listening,
            prefix=context_path(self.base_url, *parts) + "/",
            request=self.request,
        )

    async def _find_listening(self) -> list[Listening]:
        from ..processes.listening import find_listening  # noqa: PLC0415 - hardly ever needed

        found = await asyncio.to_thread(find_listening)
        allowed = self.allowed_ports
        return [it for it in found if allowed is None or allowed.allows(it.port)]

    def http_get(self, port: Any, proxied_path: str) -> Any:
        """Relay, or add the slash without which the application's relative URLs miss it."""
        if needs_slash(self, proxied_path):
            return redirect_to_slash(self)
        return super().http_get(port, proxied_path)

    def head(self, port: Any, proxied_path: str) -> Any:
        """As `http_get`."""
        if needs_slash(self, proxied_path):
            return redirect_to_slash(self)
        return super().head(port, proxied_path)


class RemoteRoute(RemoteProxyHandler):
    """The route `/proxy/HOST:PORT/...`."""

    relays_only = True

    def http_get(self, host: str, port: Any, proxied_path: str) -> Any:
        """Relay, or add the slash without which the application's relative URLs miss it."""
        if needs_slash(self, proxied_path):
            return redirect_to_slash(self)
        return super().http_get(host, port, proxied_path)

    def head(self, host: str, port: Any, proxied_path: str) -> Any:
        """As `http_get`."""
        if needs_slash(self, proxied_path):
            return redirect_to_slash(self)
        return super().head(host, port, proxied_path)


def needs_slash(handler: ProxyHandler, proxied_path: str) -> bool:
    """Whether this is the bare prefix; an `absolute_url` backend decides about it itself."""
    return not proxied_path and not handler.absolute_url
