"""Who owns the life of one service's child: what can be asked of it, by whom and when.

How the child goes on is in `life`. Nobody looks at a state here and then acts on it but in one go,
without an await in between.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

from ..errors import StartFailed
from ..rules.lifecycle import LIVE_STATES, CloseWanted, StartWanted, State
from ..rules.wakeup import Kind, may_wake
from .child import Binding, SpawnRefused
from .failure import asleep
from .life import Life
from .place import Place
from .shown import Ready, StateChanged
from .usage import StopReason, Use

__all__ = ["Ready", "StateChanged", "Supervisor"]

# Over the grace: what the guardian needs to give up on processes that cannot be killed.
_CLOSE_PATIENCE = 8.0


class Supervisor(Life):
    """One service's child: started when wanted, watched, restarted, stopped.

    All methods are for the event loop's thread. What can be seen of it is in `Shown`.
    """

    async def ensure_ready(self, *, is_person: bool = False, kind: Kind = Kind.CALL) -> Ready:
        """Where the child listens; starts it if there is none, and waits until it is ready.

        `is_person`: somebody looks at it, so a cooling period or having given up is no obstacle.
        `kind`: what wants it; not every request may start a child.
        Raises StartFailed, StartTimedOut, CoolingDown, ServiceStopped, ServiceAsleep, ShuttingDown,
        or NotManaged when there is nothing to start.
        """
        ready = self.ready
        if ready is not None:
            return ready
        self._check_may_wake(kind)
        waiter = self._waiters.join()
        # While it drains, whoever comes waits for the child after this one.
        if not self._is_draining:
            self._post(StartWanted(is_person=is_person))
        return await waiter

    async def stop(
        self, reason: StopReason = StopReason.PERSON, *, grace: float | None = None
    ) -> None:
        """Stop the child and wait until nothing of it is left.

        Who waits for it meanwhile is refused, if a person wants that. `grace` (seconds) shortens
        `stop_timeout`, also that of a stop under way.
        """
        if reason is StopReason.PERSON and self._state is State.STOPPING:
            # Theirs is the last word, also after a restart or a request that came first.
            self._fail()
        self._post_stop(reason)
        if grace is not None and self._state is State.STOPPING:
            self._hurry(grace)
        if self._state in LIVE_STATES:
            await self._gone.join()

    async def restart(self, *, drain: bool = False) -> Ready:
        """Stop the child if there is one, then start it. Raises as `ensure_ready` does.

        With `drain`, the exchanges that a ready child has begun may end, for up to `stop_timeout`;
        tunnels are broken off. Requests that come meanwhile wait for the new child.
        """
        if self._state in LIVE_STATES:
            self._record.note_restart()
        if self._is_draining:
            if not drain:
                self._end_drain()
        elif drain and self._state is State.READY:
            self._begin_drain()
        else:
            self._post_stop(StopReason.PERSON, is_restart=True)
        return await self.ensure_ready(is_person=True)

    async def drain(self) -> None:
        """Wait until no exchange with the present child runs, for up to `stop_timeout`.

        Tunnels are not waited for, and nobody is kept from coming.
        """
        if self._state is not State.READY:
            return
        over = asyncio.Event()

        def follow(change: StateChanged) -> None:
            if change.after is not State.READY:
                over.set()

        unsubscribe = self.subscribe(follow)
        self._usage.when_quiet(over.set)
        try:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(over.wait(), self._grace())
        finally:
            unsubscribe()

    async def close(self, *, grace: float | None = None) -> None:
        """Stop the child for good and wait until nothing of it is left. Idempotent.

        `grace` (seconds) shortens `stop_timeout`. A tree that cannot be killed is waited for
        some seconds more, then it is left to its guardian.
        """
        self._close_grace = grace
        self._post(CloseWanted())
        self._forget_place()
        if self._state is not State.CLOSED:
            patience = self._grace() + _CLOSE_PATIENCE
            gone = self._gone.join()
            await asyncio.wait({gone}, timeout=patience)
            if not gone.done():
                self._log.error("%s: could not be stopped within %g s", self.name, patience)
        await self.output.close()

    def next_binding(self) -> Binding:
        """Where the present child was told to listen, else where the next one will be.

        Raises StartFailed when there is no such place.
        """
        try:
            if self._attempt is not None:
                return self._attempt.bind()
            if self._place is None:
                self._place = Place(self.options)
            return self._place.binding
        except SpawnRefused as problem:
            raise StartFailed(f"{self.name}: {problem}") from problem

    def listen_at(self, *, port: int, unix_socket: bool | str) -> None:
        """From the next start on, use these instead of the options of the same names."""
        options = self.options
        if (options.port, options.unix_socket) != (port, unix_socket):
            self.options = replace(options, port=port, unix_socket=unix_socket)
            self._plan = replace(self._plan, options=self.options)
            self._forget_place()

    def forgo_restart(self) -> None:
        """However the present child ends, the restart policy does not start another one."""
        self._record.forgo_restart()

    def use(self, *, counts: bool = True, is_tunnel: bool = False) -> Use:
        """An exchange is running, or a tunnel is open, for as long as the context lasts.

        `counts`: whether it keeps the child from being stopped as idle.
        """
        return Use(self._usage, counts=counts, is_tunnel=is_tunnel)

    # --- draining -------------------------------------------------------------------------

    def _begin_drain(self) -> None:
        self._is_draining = True
        self._deadline.set(self._grace(), self._end_drain)
        self._usage.when_quiet(self._end_drain)
        if self._is_draining:
            self._tell(StateChanged(self.name, State.READY, State.READY, self.generation))

    def _end_drain(self) -> None:
        """What was to be let finish has finished, or had its time."""
        self._is_draining = False
        self._deadline.cancel()
        self._post_stop(StopReason.PERSON, is_restart=True)

    def _break_off_drain(self) -> None:
        """The child has ended meanwhile, or somebody wants it gone for another reason."""
        if not self._is_draining:
            return
        self._is_draining = False
        self._deadline.cancel()
        if self._state in (State.STOPPING, State.CLOSING):
            self._fail()
        else:
            self._inbox.append(StartWanted(is_person=True))

    def _leave(self, before: State) -> None:
        super()._leave(before)
        if before is State.READY:
            self._break_off_drain()

    # --- small things ---------------------------------------------------------------------

    def _check_may_wake(self, kind: Kind) -> None:
        """Raise ServiceAsleep where a request of this kind must not start a child."""
        if self._state not in (State.STOPPED, State.STOPPING):
            return
        if self._waiters or self._record.is_restart_due:
            return
        reason = self._record.stopped_by
        if not may_wake(kind, is_asleep=reason in (StopReason.PERSON, StopReason.IDLE)):
            raise asleep(self.name, reason, idle_timeout=self.options.idle_timeout)

    def _forget_place(self) -> None:
        if self._place is not None:
            self._place.release()
            self._place = None
