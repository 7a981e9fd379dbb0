"""`/NAME/...`: services by name, those that run already and those we start."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..backend.pool import Call
from ..errors import BackendUnreachable, RewriteFailed, StartFailed
from ..rules import templates
from ..rules.callables import call_with_known
from ..rules.service import Service
from ..rules.targets import Target
from .destination import Destination
from .local import LocalProxyHandler
from .runtime import Runtime

if TYPE_CHECKING:
    from ..processes.attempt import LaunchFactory
    from ..processes.supervisor import Ready, Supervisor

# While a child is alive but nobody listens (it may be reloading itself), dialling is tried
# again this often, for as long as connecting may take.
REDIAL_SECONDS = 0.05

# The options of a service that are attributes of a relaying handler, by the same names.
RELAYING_OPTIONS = (
    "connect_timeout",
    "forward_credentials",
    "max_connections",
    "response_timeout",
    "rewrite_content_types",
    "rewrite_limit",
    "tunnel_idle_timeout",
)


class NamedLocalProxyHandler(LocalProxyHandler):
    """Relays to a service that runs already: `port` or `unix_socket` says where.

    The class attributes are the service's options; `config` makes a subclass for each.
    """

    service: Service | None = None
    name: str = ""
    port: Any = 0
    mappath: Mapping[str, str] | Callable[..., Any] = MappingProxyType({})
    request_headers_override: Any = MappingProxyType({})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A class made for a configured service takes over what relaying reads of it."""
        super().__init_subclass__(**kwargs)
        service = cls.__dict__.get("service")
        if service is not None:
            for option in RELAYING_OPTIONS:
                if option not in cls.__dict__:
                    setattr(cls, option, getattr(service, option))
            cls.authorization_resource = f"server-proxy:{service.name}"
            cls.relays_only = cls.__bases__[0] in OWN_BASES

    @property
    def process_args(self) -> dict[str, Any]:
        """What templates and callables of this service can ask for."""
        return {
            "port": self.port,
            "unix_socket": self.unix_socket or "",
            "base_url": self.base_url,
            "name": self.name,
        }

    def get_request_headers_override(self) -> Mapping[str, str]:
        """The service's own headers, with what they ask for filled in."""
        override = self.request_headers_override
        if not override:
            return {}
        if callable(override):
            override = call_with_known(override, self.process_args)
        rendered: Mapping[str, str] = templates.render(dict(override), self.process_args)
        return rendered

    async def proxy(self, port: Any, path: str) -> None:  # type: ignore[override]
        """Relay to `path`, mapped by `mappath`."""
        await super().proxy(port, await self._mapped(path))

    async def proxy_open(self, host: str, port: Any, proxied_path: str = "") -> None:
        """Offer an upgrade at `proxied_path`, mapped by `mappath` as for HTTP."""
        await super().proxy_open(host, port, await self._mapped(proxied_path))

    async def _mapped(self, path: str) -> str:
        if not path.startswith("/"):
            path = "/" + path
        if not self.mappath:
            return path
        if not callable(self.mappath):
            return self.mappath.get(path, path)
        try:
            mapped = call_with_known(self.mappath, {"path": path})
            if inspect.isawaitable(mapped):
                mapped = await mapped
        except Exception as error:
            raise RewriteFailed(
                f"mappath of service {self.name!r} raised {type(error).__name__}: {error}"
            ) from error
        if not isinstance(mapped, str):
            kind = type(mapped).__name__
            raise RewriteFailed(f"mappath of service {self.name!r} returned {kind}, not a string")
        return mapped

    def _find_target(self, host: str, port: Any) -> Target:
        if self.service is not None and self.service.target is not None:
            return self.service.target
        return super()._find_target(host, port)

    # --- verbs: the route's only group is the path -----------------------------------------

    def http_get(self, path: str) -> Any:  # type: ignore[override]
        """See `ProxyHandler`."""
        return self.proxy(self.port, path)

    def open(self, path: str) -> Any:  # type: ignore[override]
        """See `ProxyHandler`."""
        return super().open(self.port, path)

    def post(self, path: str) -> Any:  # type: ignore[override]
        """See `ProxyHandler`."""
        return self.proxy(self.port, path)

    def put(self, path: str) -> Any:  # type: ignore[override]
        """See `ProxyHandler`."""
        return self.proxy(self.port, path)

    def delete(self, path: str) -> Any:  # type: ignore[override]
        """See `ProxyHandler`."""
        return self.proxy(self.port, path)

    def head(self, path: str) -> Any:  # type: ignore[override]
        """See `ProxyHandler`."""
        return self.proxy(self.port, path)

    def patch(self, path: str) -> Any:  # type: ignore[override]
        """See `ProxyHandler`."""
        return self.proxy(self.port, path)

    def options(self, path: str) -> Any:  # type: ignore[override]
        """See `ProxyHandler`."""
        return self.proxy(self.port, path)


class SuperviseAndProxyHandler(NamedLocalProxyHandler):
    """Relays to a service whose child is started by the first request.

    `state`, a keyword of the route, is shared by all requests to it; its supervisor is there.
    """

    state: dict[str, Any]
    launch_factory: Callable[[str], LaunchFactory]
    _ready: Ready | None = None

    def initialize(self, state: dict[str, Any]) -> None:
        """See `tornado.web.RequestHandler.initialize`."""
        self.state = state

    @property
    def supervisor(self) -> Supervisor:
        """Who owns the child's life; made on first use."""
        return self.make_supervisor(self.runtime, self.base_url, self.state)

    @classmethod
    def make_supervisor(cls, runtime: Runtime, base_url: str, state: dict[str, Any]) -> Supervisor:
        """The supervisor of the service of this class, kept in the route's `state`."""
        supervisor: Supervisor | None = state.get("supervisor")
        if supervisor is None:
            service = cls.service
            if service is None:
                raise StartFailed(f"{cls.__name__} has no service to start")
            supervisor = state["supervisor"] = runtime.supervise(
                service, launch=cls.launch_factory(base_url), base_url=base_url
            )
        return supervisor

    @property
    def port(self) -> int:
        """The child's port: 0 before it is started, and with a unix socket."""
        binding = self.supervisor.binding
        return binding.port if binding is not None else 0

    @property
    def unix_socket(self) -> str | None:
        """The child's unix socket, None without one."""
        binding = self.supervisor.binding
        return binding.unix_socket or None if binding is not None else None

    async def proxy(self, port: Any, path: str) -> None:  # type: ignore[override]
        """Start the child if need be, then relay."""
        await self._ensure_ready()
        await super().proxy(self.port, path)

    async def proxy_open(self, host: str, port: Any, proxied_path: str = "") -> None:
        """Start the child if need be, then offer the upgrade."""
        await self._ensure_ready()
        await super().proxy_open(host, self.port, proxied_path)

    async def _ensure_ready(self) -> Ready:
        self._ready = await self.supervisor.ensure_ready(is_person=self.is_page_visit)
        return self._ready

    async def _admitted(self, host: str, port: Any, path: str) -> Destination:
        ready = self._ready or await self._ensure_ready()
        return Destination(ready.target, host, port, path, ready.generation)

    async def call_backend(
        self, destination: Destination, method: str, head: bytes, *, is_repeatable: bool
    ) -> Call:
        """Connect, trying again for a while when nobody listens: the child may be reloading."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.connect_timeout
        while True:
            try:
                return await super().call_backend(
                    destination, method, head, is_repeatable=is_repeatable
                )
            except BackendUnreachable:
                if loop.time() + REDIAL_SECONDS > deadline:
                    raise
            await asyncio.sleep(REDIAL_SECONDS)
            ready = await self._ensure_ready()
            destination = Destination(
                ready.target,
                destination.host,
                destination.port,
                destination.path,
                ready.generation,
            )

    def in_use(self) -> AbstractContextManager[Any]:
        """Keeps the child from being stopped as idle."""
        return self.supervisor.use()


# Below these there is nobody else's code: their requests are only ever relayed.
OWN_BASES = (NamedLocalProxyHandler, SuperviseAndProxyHandler)
