"""`ProxyHandler`: the class whose methods other packages override.

Here a request is admitted (is this host allowed, is this a port) and handed to `relaying`.
"""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import Any

from tornado import httputil, web

from ..callbacks import call_now
from ..errors import HostNotAllowed, PortNotAllowed, TargetInvalid
from ..rules import hosts
from ..rules.service import Origin
from ..rules.targets import Target, TcpTarget, UnixTarget, is_port
from .destination import Destination
from .front import awaited
from .seams.handler import SeamsHandler

HELP_HOSTS = (
    "See https://jupyter-server-proxy.readthedocs.io/en/latest/arbitrary-ports-hosts.html for info."
)
LONGEST_PORT = 20
DEFAULT_HOSTS = ("localhost", "127.0.0.1")

ROUTE_KEYWORDS = frozenset(
    (
        "absolute_url",
        "rewrite_response",
        "update_last_activity",
        "exclude_last_activity_patterns",
        "forward_credentials",
        "allowed_ports",
    )
)


class ProxyHandler(SeamsHandler):
    """Relays to the host and port that the verbs of a subclass decide.

    Subclasses define the verbs (`http_get`, `post`, ... and `open` for upgrades), which call
    `proxy` and `proxy_open`. The request body is in `self.request.body`, as in any Tornado
    handler; the routes of this package use leaf classes that stream it.
    """

    unix_socket: Any = None
    allowed_ports: hosts.PortRanges | None = None

    def __init__(
        self, application: web.Application, request: httputil.HTTPServerRequest, **kwargs: Any
    ) -> None:
        self.host_allowlist: Any = kwargs.pop("host_allowlist", None) or list(DEFAULT_HOSTS)
        for keyword in ROUTE_KEYWORDS & kwargs.keys():
            # Set only where it says something else: see `FrontHandler` for what attributes cost.
            if (value := kwargs.pop(keyword)) != getattr(self, keyword):
                setattr(self, keyword, value)
        super().__init__(application, request, **kwargs)

    # --- seams ---------------------------------------------------------------------------

    async def proxy(self, host: str, port: int | str, proxied_path: str) -> None:
        """Relay this request to `proxied_path` (decoded) at `host`:`port`.

        Raises a `ProxyError`; see `errors` for what can go wrong.
        """
        await self.relay_exchange(await self._admitted(host, port, proxied_path))

    async def proxy_open(self, host: str, port: int | str, proxied_path: str = "") -> None:
        """Offer this upgrade to the backend at `host`:`port`. Raises a `ProxyError`."""
        await self.relay_upgrade(await self._admitted(host, port, proxied_path))

    def _check_host_allowlist(self, host: str) -> Any:
        """Whether `host` may be contacted; may be awaitable."""
        if callable(self.host_allowlist):
            origin = Origin("", "host_allowlist")
            return call_now(self.host_allowlist, (self, host), origin)
        return hosts.is_allowed(host, self.host_allowlist)

    # --- admission -----------------------------------------------------------------------

    async def _admitted(self, host: str, port: int | str, path: str) -> Destination:
        # As it will be contacted: who decides may not know all spellings of a host.
        name = hosts.canonical_host(host)
        allowed = False if name is None else self._check_host_allowlist(name)
        if allowed is not True and not await awaited(allowed):
            raise HostNotAllowed(f"Host {host!r} is not allowed. {HELP_HOSTS}")
        return Destination(self._find_target(host, port), host, port, path)

    def _find_target(self, host: str, port: int | str) -> Target:
        if self.unix_socket:
            return UnixTarget(self.unix_socket)
        target = tcp_target(host, port)
        if self.allowed_ports is not None and not self.allowed_ports.allows(target.port):
            raise PortNotAllowed(f"Port {target.port} is not among the allowed_ports")
        return target

    # --- verbs: a subclass decides where to ------------------------------------------------

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """A plain GET goes to `http_get`, one that asks for an upgrade to `open`."""
        serve = self.open if self.is_upgrade else self.http_get
        served = serve(*args, **kwargs)
        if inspect.isawaitable(served):
            await served

    def http_get(self, *args: Any, **kwargs: Any) -> Any:
        """A GET without an upgrade."""
        raise NotImplementedError("Subclasses of ProxyHandler should implement http_get")

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """A GET with an upgrade."""
        raise NotImplementedError("Subclasses of ProxyHandler should implement open")

    def post(self, *args: Any, **kwargs: Any) -> Any:
        """See `http_get`."""
        raise NotImplementedError("Subclasses of ProxyHandler should implement post")

    def put(self, *args: Any, **kwargs: Any) -> Any:
        """See `http_get`."""
        raise NotImplementedError("Subclasses of ProxyHandler should implement put")

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """See `http_get`."""
        raise NotImplementedError("Subclasses of ProxyHandler should implement delete")

    def head(self, *args: Any, **kwargs: Any) -> Any:
        """See `http_get`."""
        raise NotImplementedError("Subclasses of ProxyHandler should implement head")

    def patch(self, *args: Any, **kwargs: Any) -> Any:
        """See `http_get`."""
        raise NotImplementedError("Subclasses of ProxyHandler should implement patch")

    def options(self, *args: Any, **kwargs: Any) -> Any:
        """See `http_get`."""
        raise NotImplementedError("Subclasses of ProxyHandler should implement options")

    def extension_method(self, *args: Any, **kwargs: Any) -> Any:
        """Any other method, such as PROPFIND or PURGE: goes where POST does."""
        return self.post(*args, **kwargs)


@lru_cache(maxsize=256)  # few: the keys come from clients
def tcp_target(host: str, port: int | str) -> TcpTarget:
    """The target at this host and port. Raises TargetInvalid for what is no port."""
    # Python refuses to read thousands of digits.
    digits = str(port)[:LONGEST_PORT]
    number = int(digits)
    if not is_port(number):
        raise TargetInvalid(f"Port {digits} is not between 1 and 65535")
    return TcpTarget(hosts.canonical_host(host) or host, number)
