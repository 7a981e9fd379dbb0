"""`/proxy/PORT/...` and `/proxy/HOST:PORT/...`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import BackendUnreachable, NothingListens
from ..rules.paths import context_path
from ..rules.targets import TcpTarget
from ..rules.wakeup import Kind, kind_of
from . import pages
from .destination import Destination
from .proxy import ProxyHandler
from .slash import redirect_to_slash

if TYPE_CHECKING:
    from ..processes.listening import Listening

# Names of this machine by which its own programs can be reached, in the form they are compared in.
OWN_HOSTS = frozenset(("localhost", "127.0.0.1", "::1"))


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


class PortRoute(ProxyHandler):
    """What the routes below `/proxy/` have in common: at a dead port of this machine, visitors are
    told where something listens."""

    relays_only = True
    _dead_port = 0
    # Where something listens, when nothing does where it was asked for; None: nobody looked.
    _listening: Sequence[Listening] | None = None

    async def explain_unreachable(
        self, error: BackendUnreachable, destination: Destination
    ) -> None:
        """See `ExchangingHandler`. Raises NothingListens for a port of this machine that refuses
        connections."""
        target = destination.target
        is_refused = isinstance(error.__cause__, ConnectionRefusedError)
        if not is_refused or not isinstance(target, TcpTarget) or target.host not in OWN_HOSTS:
            return
        self._dead_port = target.port
        if self._is_shown_ports():
            self._listening = await self._find_listening()
        raise NothingListens(error.message) from error

    def describe_error(self, status_code: int, error: BaseException | None) -> pages.Problem:
        """See `FrontHandler`; where nothing listens it is said where something does."""
        if not isinstance(error, NothingListens):
            return super().describe_error(status_code, error)
        parts = ("proxy", "absolute") if self.absolute_url else ("proxy",)
        return pages.describe_dead_port(
            error,
            self._dead_port,
            self._listening,
            prefix=context_path(self.base_url, *parts) + "/",
            request=self.request,
        )

    def _is_shown_ports(self) -> bool:
        """Whether somebody will read them: a visitor, or a program that asks for JSON. All of the
        system's processes are looked at, which a page that asks again and again need not cause."""
        request = self.request
        kind = kind_of(str(request.method), request.headers, is_upgrade=False)
        is_told = kind is Kind.CALL and "json" in request.headers.get("Accept", "")
        return kind is Kind.VISIT or (is_told and request.method == "GET")

    async def _find_listening(self) -> list[Listening]:
        found = await self.runtime.listening.find()
        allowed = self.allowed_ports
        return [it for it in found if allowed is None or allowed.allows(it.port)]


class LocalRoute(PortRoute, LocalProxyHandler):
    """The route `/proxy/PORT/...`."""

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


class RemoteRoute(PortRoute, RemoteProxyHandler):
    """The route `/proxy/HOST:PORT/...`."""

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
