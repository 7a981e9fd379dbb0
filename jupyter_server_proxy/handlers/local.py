"""`/proxy/PORT/...` and `/proxy/HOST:PORT/...`."""

from __future__ import annotations

from typing import Any

from .proxy import ProxyHandler
from .slash import redirect_to_slash


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
