"""`/NAME/...` for a service whose child the first request starts."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from ..backend.pool import Call
from ..errors import BackendUnreachable, ProxyError
from ..processes.usage import Use
from ..rules.targets import Target
from ..rules.wakeup import Kind, kind_of
from . import pages
from .destination import Destination
from .front import awaited
from .runtime import Runtime
from .seams import managed
from .seams.launch_methods import LaunchMethods
from .seams.managed import ManagedRoute

if TYPE_CHECKING:
    from ..processes.child import Binding
    from ..processes.supervisor import Ready, Supervisor

# While a child is alive but nobody listens (it may be reloading itself), dialling is tried
# again this often, for as long as connecting may take.
REDIAL_SECONDS = 0.05


class SuperviseAndProxyHandler(LaunchMethods):
    """Relays to a service whose child is started by the first request.

    `state`, a keyword of the route, is shared by all requests to it. What it tells other packages
    is in `seams.process_view`.
    """

    is_own_base = True
    state: dict[str, Any]
    _ready: Ready | None = None
    _is_ensured = False
    # Whether who asks may read the service's log and stop it.
    _may_control = False
    # Whether somebody else's code has asked for another place than the child's.
    _is_elsewhere = False

    def initialize(self, state: dict[str, Any]) -> None:
        """See `tornado.web.RequestHandler.initialize`."""
        self.state = state
        if "proc_lock" not in state:
            state["proc_lock"] = asyncio.Lock()

    @classmethod
    def make_supervisor(cls, runtime: Runtime, base_url: str, state: object) -> Supervisor | None:
        """The supervisor of a route of this class, before any request; None where one is needed
        to say what is started."""
        if cls.service is None or not isinstance(state, dict) or not managed.is_described(cls):
            return None
        return ManagedRoute.of(cls.service, runtime, base_url=base_url, state=state).supervisor

    @property
    def route(self) -> ManagedRoute:
        """What all requests to this route share; made on first use."""
        route: ManagedRoute | None = self.state.get(managed.ROUTE)
        if route is None:
            service = self.service or managed.service_of(self, is_raw=self.is_raw)
            route = ManagedRoute.of(service, self.runtime, base_url=self.base_url, state=self.state)
        return route

    @property
    def supervisor(self) -> Supervisor:
        """Who owns the child's life."""
        return self.route.supervisor

    @property
    def port(self) -> int:
        """The child's port, chosen before it is started; 0 with a unix socket."""
        return self._binding.port

    @property
    def unix_socket(self) -> str | None:
        """The child's unix socket, None without one."""
        return self._binding.unix_socket or None

    @property
    def _binding(self) -> Binding:
        route = self.route
        present = route.supervisor.binding
        if present is not None:
            return present
        return route.next_binding(self.requested_port, self.requested_unix_socket)

    async def ensure_process(self) -> None:
        """Wait until the child is ready, which is started if there is none.

        Returns at once where the service is not ours to start. Raises a `ProxyError`; for a visit
        that need not wait, since the start can be shown, it is Starting.
        """
        route = self.route
        ready = route.supervisor.ready if "proc" in self.state else None
        self._ready = ready or await self._start(route)

    async def _start(self, route: ManagedRoute) -> Ready | None:
        self._may_control = not self.relays_only or await self._is_authorized_to_control()
        kind = kind_of(str(self.request.method), self.request.headers, is_upgrade=self.is_upgrade)
        start = partial(route.start, self, is_person=self.is_page_visit, kind=kind)
        if kind is Kind.VISIT and self._has_start_page:
            return await route.room.visit(start)
        return await start()

    async def _is_authorized_to_control(self) -> bool:
        user, resource = self.current_user, self.authorization_resource
        return bool(await awaited(self.authorizer.is_authorized(self, user, "execute", resource)))

    @property
    def _has_start_page(self) -> bool:
        """Whether a visitor may be shown the start instead of waiting for it: somebody else's code
        would not expect that."""
        if self.service is None or not self.service.start_page or self.overrides:
            return False
        return self.relays_only and managed.is_described(type(self))

    def describe_error(self, status_code: int, error: BaseException | None) -> pages.Problem:
        """See `FrontHandler`; what is about the child comes with all that is known of it."""
        if not isinstance(error, ProxyError) or not pages.is_about_life(error):
            return super().describe_error(status_code, error)
        return pages.describe_life(error, self._life_facts(), request=self.request)

    def _life_facts(self) -> pages.LifeFacts:
        route, addresses = self.route, self.runtime.addresses
        # In an application of its own, the cookie that belongs to the token is the backend's.
        has_token = addresses is not None and not addresses.is_alone
        return pages.LifeFacts(
            self.runtime.catalog.entry_of(route.supervisor),
            route.supervisor,
            addresses,
            base_url=self.base_url,
            may_control=self._may_control,
            xsrf=self.xsrf_token.decode() if has_token else "",
            reason=route.room.reason,
        )

    async def proxy(self, port: Any, path: str) -> None:  # type: ignore[override]
        """Start the child if need be, then relay."""
        await self._ensure("localhost", port)
        await super().proxy(port if self._is_elsewhere else self.port, path)

    async def proxy_open(self, host: str, port: Any, proxied_path: str = "") -> None:
        """Start the child if need be, then offer the upgrade."""
        await self._ensure(host, port)
        await super().proxy_open(host, port if self._is_elsewhere else self.port, proxied_path)

    async def _ensure(self, host: str, port: Any) -> None:
        if not self.relays_only:
            is_own = host == "localhost" and (not port or str(port) == str(self.port))
            self._is_elsewhere = not is_own
        self._is_ensured = True
        await self.ensure_process()

    async def _admitted(self, host: str, port: Any, path: str) -> Destination:
        if not self._is_ensured:
            await self._ensure(host, port)
        ready = self._ready
        if ready is None or self._is_elsewhere:
            return await super()._admitted(host, port, path)
        return Destination(ready.target, host, port, path, ready.generation)

    def _find_target(self, host: str, port: Any) -> Target:
        if self._ready is None and not self._is_elsewhere:
            self.route.check_place_is_said(self)
        return super()._find_target(host, port)

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
                is_childs = destination.generation > 0
                if not is_childs or loop.time() + REDIAL_SECONDS > deadline:
                    raise
            await asyncio.sleep(REDIAL_SECONDS)
            await self.ensure_process()
            if self._ready is not None:
                target, generation = self._ready.target, self._ready.generation
                destination = destination._replace(target=target, generation=generation)

    def in_use(self, path: str, *, is_tunnel: bool = False) -> Use:
        """Keeps the child from being stopped as idle, unless a pattern excludes `path`."""
        return self.supervisor.use(counts=self._is_use(path), is_tunnel=is_tunnel)
