"""Who starts a route's child, and what is started: the handler of the request is asked.

A class that only config has made is not asked anything: its service says it all.
"""

from __future__ import annotations

import inspect
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...errors import NotManaged, ProxyError, StartFailed
from ...processes.child import Binding, Launch
from ...processes.launching import LastWord, make_launch
from ...rules.lifecycle import State
from ...rules.service import CallableReadiness, Launcher, Service
from ...rules.targets import is_port
from ...rules.wakeup import Kind
from ...rules.wording import described
from ..cold import WaitingRoom
from ..front import awaited
from .overrides import is_foreign
from .proc_lock import SharedHold
from .process_view import NOT_MANAGED, ProcessView, StateView

if TYPE_CHECKING:
    from ...processes.supervisor import Ready, Supervisor
    from ..runtime import Runtime
    from .launch_methods import LaunchMethods

# The key of a route's `state` under which its `ManagedRoute` is.
ROUTE = "managed_route"
# The methods that take the place of a setting.
METHODS = {"command": "get_cmd", "environment": "get_env", "cwd": "get_cwd"}
LAUNCH_SEAMS = (*METHODS.values(), "get_timeout", "_http_ready_func", "port", "unix_socket")


class ManagedRoute:
    """What the requests to one route share: its supervisor, and who it is told by what to start."""

    def __init__(
        self, service: Service, runtime: Runtime, base_url: str, state: dict[str, Any]
    ) -> None:
        self.state = state
        self._service = service
        self._base_url = base_url
        # Of the request that began the last start; restarts by themselves use it as well.
        self._starter: LaunchMethods | None = None
        self._hold = SharedHold(state)
        self.supervisor: Supervisor = runtime.supervise(
            service, launch=self._launch, base_url=base_url
        )
        self._view = StateView(state, self.supervisor)
        self.room = WaitingRoom(self.supervisor, runtime.log)

    @classmethod
    def of(
        cls, service: Service, runtime: Runtime, *, base_url: str, state: dict[str, Any]
    ) -> ManagedRoute:
        """The one in `state`, made if need be."""
        route = state.get(ROUTE)
        if not isinstance(route, cls):
            route = state[ROUTE] = cls(service, runtime, base_url, state)
        return route

    async def start(
        self, handler: LaunchMethods, *, is_person: bool, kind: Kind = Kind.CALL
    ) -> Ready | None:
        """Where the child listens, which is started if there is none; None if none is wanted.

        Waits while a package holds the `proc_lock`. A package that has deleted the `proc` gets a
        new child in any case. Raises as `Supervisor.ensure_ready` does.
        """
        if self._is_taken_over():
            return None
        async with self._hold:
            if self._is_taken_over():
                return None
            self._note_starter(handler)
            try:
                if self.supervisor.ready is not None and "proc" not in self.state:
                    return await self.supervisor.restart()
                return await self.supervisor.ensure_ready(is_person=is_person, kind=kind)
            except NotManaged:
                self.state["proc"] = NOT_MANAGED
                return None

    def next_binding(self, port: object, unix_socket: object) -> Binding:
        """Where the next child will listen; `port` and `unix_socket` are what is wanted."""
        self._listen_at(port, unix_socket)
        return self.supervisor.next_binding()

    def _is_taken_over(self) -> bool:
        """Whether `proc` says that a package, or nobody, looks after the process."""
        proc = self.state.get("proc")
        return proc is not None and not isinstance(proc, ProcessView)

    def _note_starter(self, handler: LaunchMethods) -> None:
        if self.supervisor.state is not State.STARTING:
            self._starter = handler
            if says_itself(handler):
                self._listen_at(*self._wanted_place(handler))

    def _wanted_place(self, handler: LaunchMethods) -> tuple[Any, Any]:
        """The port and the unix socket that `handler` wants its child to listen on."""
        port, unix_socket = handler.requested_port, handler.requested_unix_socket
        if is_foreign(inspect.getattr_static(handler, "unix_socket")):
            unix_socket = _asked(handler, "unix_socket")
        if is_foreign(inspect.getattr_static(handler, "port")):
            wanted = as_port(_asked(handler, "port"), handler.name)
            # What `super().port` has said is no wish: it is the one that was chosen by chance.
            is_chosen = self.supervisor.options.port != wanted
            if not is_chosen or wanted != self.supervisor.next_binding().port:
                port = wanted
        return port, unix_socket

    def check_place_is_said(self, handler: LaunchMethods) -> None:
        """Raise NotManaged unless `handler` says where a service listens that is not ours to
        start."""
        port, unix_socket = self._wanted_place(handler)
        if not port and (unix_socket is True or not unix_socket):
            raise NotManaged(
                f"{handler.name}: its command is empty, so it is not started by Jupyter, and "
                "neither a port nor a unix_socket says where it listens"
            )

    def _listen_at(self, port: object, unix_socket: object) -> None:
        path = unix_socket or False
        if path is not False and path is not True and not isinstance(path, (str, os.PathLike)):
            raise StartFailed(
                f"{self.supervisor.name}: its unix_socket must be a path, not {described(path)}"
            )
        self.supervisor.listen_at(
            port=as_port(port, self.supervisor.name),
            unix_socket=path if isinstance(path, bool) else os.fspath(path),
        )

    async def _launch(self, binding: Binding) -> Launch:
        handler = self._starter
        if handler is None or not says_itself(handler):
            self._starter = None  # it is not needed, and holds its whole request
            return await make_launch(self._service, self._base_url, binding)
        launch = await make_launch(
            said_by(handler, self._service),
            self._base_url,
            binding,
            timeout=LastWord(handler.get_timeout, f"{_class_name(handler)}.get_timeout"),
        )
        is_ready = getattr(handler, "_http_ready_func")  # noqa: B009 - private by its name only
        if not is_foreign(is_ready):
            return launch

        async def check() -> bool:
            return bool(await awaited(is_ready(self._view.present)))

        return replace(
            launch, readiness=CallableReadiness(check, self._service.origin("readiness"))
        )


def service_of(handler: LaunchMethods, *, is_raw: bool) -> Service:
    """What is known of the service of a class that no config has made, before its start."""
    name = str(handler.name)
    return Service(
        name=name,
        launcher=Launcher(enabled=False, icon_path="", title=name, path_info="", category=""),
        raw_socket_proxy=is_raw,
    )


def is_described(cls: type[LaunchMethods]) -> bool:
    """Whether the service of `cls` says all that is needed, so that no instance is asked."""
    return cls.service is not None and not any(
        is_foreign(inspect.getattr_static(cls, name)) for name in LAUNCH_SEAMS
    )


def says_itself(handler: LaunchMethods) -> bool:
    """Whether somebody else's code may have to say anything about the start of the child."""
    return not handler.relays_only or not is_described(type(handler))


def said_by(handler: LaunchMethods, service: Service) -> Service:
    """`service` with those parts of the launch that `handler` says."""
    said: dict[str, Any] = {"command": handler.command, "environment": handler.environment}
    for key, name in METHODS.items():
        method = getattr(handler, name)
        if is_foreign(method):
            said[key] = LastWord(method, f"{_class_name(handler)}.{name}")
    return replace(service, **said)


def _asked(handler: LaunchMethods, attribute: str) -> Any:
    """The value of an overridden attribute. Raises StartFailed, naming it."""
    try:
        return getattr(handler, attribute)
    except ProxyError:
        raise
    except Exception as error:
        name = f"{_class_name(handler)}.{attribute}"
        raise StartFailed(
            f"{handler.name}: {name} raised {type(error).__name__}: {error}"
        ) from error


def as_port(value: Any, name: str) -> int:
    """`value` as the number of a port, 0 for any. Raises StartFailed, naming the service."""
    try:
        port = int(value or 0)
    except (TypeError, ValueError):
        port = -1
    if port and not is_port(port):
        raise StartFailed(f"{name}: its port must be 1 to 65535, not {described(value)}")
    return port


def _class_name(handler: LaunchMethods) -> str:
    return type(handler).__qualname__
