"""`/NAME/...` for a service whose child the first request starts."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from ..backend.pool import Call
from ..errors import BackendUnreachable, ProxyError, Starting
from ..processes.usage import Use
from ..rules.coming_back import KEY, without_invitation
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
    # Whether an authorizer can be asked, also by somebody else's code and raw sockets.
    has_authorizer = False
    state: dict[str, Any]
    _ready: Ready | None = None
    _is_ensured = False
    # Whether a start page asks how the start has ended, rather than a person.
    _has_come_back = False
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
        is_anybodys = not (self.relays_only or self.has_authorizer)
        self._may_control = is_anybodys or await self._is_authorized_to_control()
        kind = kind_of(str(self.request.method), self.request.headers, is_upgrade=self.is_upgrade)
        is_person = self.is_page_visit and not self._has_come_back
        start = partial(route.start, self, is_person=is_person, kind=kind)
        if kind is Kind.VISIT and self._has_start_page:
            return await route.room.visit(start, has_come_back=self._has_come_back)
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
        # None of it is the address that the application knows.
        address, _ = without_invitation("/" + (self.request.uri or "").lstrip("/"))
        facts = self._life_facts(is_starting=isinstance(error, Starting))
        return pages.describe_life(error, facts, request=self.request, address=address)

    def _life_facts(self, *, is_starting: bool) -> pages.LifeFacts:
        route, addresses = self.route, self.runtime.addresses
        return pages.LifeFacts(
            self.runtime.catalog.entry_of(route.supervisor),
            route.supervisor,
            addresses,
            base_url=self.base_url,
            may_control=self._may_control,
            xsrf=self._api_token() if addresses is not None else "",
            reason=route.room.reason,
            invitation=route.room.invite() if is_starting else "",
            frame=self.page_frame,
        )

    def _api_token(self) -> str:
        """What a page of ours shows the REST API, so that no foreign page can ask for the same."""
        return self.xsrf_token.decode()

    async def proxy(self, port: Any, path: str) -> None:  # type: ignore[override]
        """Start the child if need be, then relay."""
        is_marked = KEY in self.request.query and self._has_start_page
        if is_marked and await self._see_page_off(port):
            return
        await self._ensure("localhost", port)
        await super().proxy(port if self._is_elsewhere else self.port, path)

    async def _see_page_off(self, port: Any) -> bool:
        """Whether this was a start page that asks for itself, which has been led to the address
        that the application knows. Raises what `_ensure` does where there is no way yet."""
        address, invitation = without_invitation("/" + (self.request.uri or "").lstrip("/"))
        if invitation is None or self.request.method != "GET":
            return False
        self._has_come_back = self.route.room.admits(invitation)
        if self._has_come_back:
            await self._ensure("localhost", port)
        # Else it is the wish of a person, whose browser asks once more without it.
        self.set_header("Cache-Control", "no-store")
        self.redirect(address)
        return True

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
            destination = await self.renewed(destination)

    async def renewed(self, destination: Destination) -> Destination:
        """The child's place as it is now; it is started again if it has ended."""
        if not destination.generation:
            return destination
        await self.ensure_process()
        ready = self._ready
        if ready is None:
            return destination
        return destination._replace(target=ready.target, generation=ready.generation)

    def in_use(self, path: str, *, is_tunnel: bool = False) -> Use:
        """Keeps the child from being stopped as idle, unless a pattern excludes `path`."""
        return self.supervisor.use(counts=self._is_use(path), is_tunnel=is_tunnel)
