"""The route's `state` as packages know it: `proc`, `port` and `unix_socket`.

What stands there is a view of the supervisor, which alone owns the child. Nothing is decided
here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ...errors import ProxyError
from ...rules.lifecycle import LIVE_STATES, State

if TYPE_CHECKING:
    from ...processes.supervisor import StateChanged, Supervisor

# What `state["proc"]` says where the service runs already; packages compare with it.
NOT_MANAGED = "process not managed by jupyter-server-proxy"


class ChildView:
    """`state["proc"].proc`: the process itself, of which only the end can be waited for."""

    def __init__(self) -> None:
        self.pid: int | None = None
        # Negative for a signal; None while it runs, and if nobody could see its end.
        self.returncode: int | None = None
        self._has_ended = asyncio.Event()

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it is left."""
        return self._has_ended.is_set()

    async def wait(self) -> int | None:
        """The returncode, once nothing of the child's tree is left."""
        await self._has_ended.wait()
        return self.returncode

    def note_end(self, returncode: int | None) -> None:
        """Wake those who wait."""
        self.returncode = returncode
        self._has_ended.set()


class ProcessView:
    """`state["proc"]`: one child, from its start until it has ended."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.name = supervisor.name
        self.proc = ChildView()
        self._supervisor = supervisor
        self._generation = supervisor.generation
        self._restart_process_future = RestartView(self)

    def __repr__(self) -> str:
        return f"<ProcessView {self.name!r} #{self._generation} pid={self.pid}>"

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self.pid is not None and not self.proc.has_ended

    @property
    def pid(self) -> int | None:
        """The process."""
        if self.proc.pid is None and self.is_present:
            self.proc.pid = self._supervisor.pid
        return self.proc.pid

    @property
    def returncode(self) -> int | None:
        """How it ended; None while it runs."""
        return self.proc.returncode

    @property
    def is_present(self) -> bool:
        """Whether no other child has come after this one."""
        return self._supervisor.generation == self._generation

    async def start(self) -> None:
        """Start a child, unless there is one already, and wait until it is ready."""
        await self._supervisor.ensure_ready(is_person=True)

    async def ready(self) -> bool:
        """Whether the application comes up, or is up; starts nothing that has ended."""
        if self.proc.has_ended:
            return False
        try:
            await self._supervisor.ensure_ready()
        except ProxyError:
            return False
        return True

    async def terminate(self) -> None:
        """Ask the whole tree to go, and wait until it has gone. Not restarted by itself."""
        await self._stop(None)

    async def kill(self) -> None:
        """Kill the whole tree now, and wait until nothing is left of it."""
        await self._stop(0.0)

    async def _stop(self, grace: float | None) -> None:
        from ...processes.usage import StopReason  # noqa: PLC0415 - not needed without a child

        if self.is_present and not self.proc.has_ended:
            await self._supervisor.stop(StopReason.PACKAGE, grace=grace)

    def forgo_restart(self) -> None:
        """However it ends, it is not restarted by itself."""
        if self.is_present and not self.proc.has_ended:
            self._supervisor.forgo_restart()


class RestartView:
    """`state["proc"]._restart_process_future`: the promise to start a crashed child again."""

    def __init__(self, view: ProcessView) -> None:
        self._view = view
        self._is_cancelled = False

    def cancel(self) -> bool:
        """Take the promise back; False if it has been kept or taken back already."""
        if self.done():
            return False
        self._is_cancelled = True
        self._view.forgo_restart()
        return True

    def cancelled(self) -> bool:
        """Whether it was taken back."""
        return self._is_cancelled

    def done(self) -> bool:
        """Whether it does not hold any more."""
        return self._is_cancelled or self._view.proc.has_ended


class StateView:
    """Keeps a route's `state` up to date with its supervisor."""

    def __init__(self, state: dict[str, Any], supervisor: Supervisor) -> None:
        self._state = state
        self._supervisor = supervisor
        # The child that is there, being started or running; None before the first.
        self.present: ProcessView | None = None
        supervisor.subscribe(self._follow)

    def _follow(self, change: StateChanged) -> None:
        if change.after is State.STARTING:
            self.present = ProcessView(self._supervisor)
        elif self.present is None:
            return
        elif change.after is State.READY:
            self._publish(self.present)
        elif change.after not in LIVE_STATES:
            self.present.proc.note_end(self._supervisor.returncode)

    def _publish(self, view: ProcessView) -> None:
        view.proc.pid = self._supervisor.pid
        binding = self._supervisor.binding
        if binding is not None:
            self._state["unix_socket"] = binding.unix_socket or None
            if not binding.unix_socket:
                self._state["port"] = binding.port
        self._state["proc"] = view
