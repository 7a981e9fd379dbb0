"""Who owns the life of one service's child.

`_apply` is the only writer of the state. Events reach it through `_post`, one after another and
never from within one another, always in the event loop's thread; there is no await between
an event and its effects. What to do is decided by `rules.lifecycle` alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from ..errors import NotManaged, ProxyError, StartFailed
from ..rules.lifecycle import (
    LIVE_STATES,
    CloseWanted,
    Crashed,
    DeadlinePassed,
    Declined,
    Effect,
    Event,
    Exited,
    ProbeSucceeded,
    RestartWanted,
    RetryDue,
    SpawnFailed,
    StartWanted,
    State,
    StopWanted,
    transition,
)
from ..rules.service import ProcessOptions, RestartPolicy
from ..rules.wakeup import Kind, may_wake
from .attempt import LaunchFactory, Plan
from .child import Binding, SpawnRefused
from .failure import asleep, refusal
from .generation import End, Generation, Reports
from .guardian import Guardian
from .output import Output
from .place import Place
from .rotating import log_path
from .shown import Ready, Shown, StateChanged
from .usage import StopReason, Usage, Use
from .waiting import Deadline, Waiters

__all__ = ["Ready", "StateChanged", "Supervisor"]

# Between one SIGKILL of the tree and the next.
_KILL_AGAIN_AFTER = 5.0
# Over the grace: what the guardian needs to give up on processes that cannot be killed.
_CLOSE_PATIENCE = 8.0


class Supervisor(Shown):
    """One service's child: started when wanted, watched, restarted, stopped.

    All methods are for the event loop's thread. What can be seen of it is in `Shown`.
    """

    def __init__(
        self,
        name: str,
        options: ProcessOptions,
        launch: LaunchFactory,
        *,
        guardian: Guardian,
        log: logging.Logger,
        is_raw: bool = False,
        base_url: str = "/",
    ) -> None:
        path = log_path(name, options.log_file)
        output = Output(name, path=path, log=log, level=options.output_log_level)
        super().__init__(name, options, output, usage=Usage(options, self._stop_unused), log=log)
        self._plan = Plan(
            name=name,
            options=options,
            launch=launch,
            guardian=guardian,
            output=self.output,
            log=log,
            is_raw=is_raw,
            base_url=base_url,
        )
        self._inbox: deque[Event] = deque()
        self._is_applying = False
        self._waiters = Waiters[Ready]()
        self._gone = Waiters[None]()
        self._deadline = Deadline()
        self._place: Place | None = None
        self._start_timeout = options.timeout
        self._close_grace: float | None = None
        self._carriers: dict[Effect, Callable[[], None]] = {
            Effect.SPAWN: self._spawn,
            Effect.WAKE: self._wake,
            Effect.FAIL: self._fail,
            Effect.TERMINATE: self._terminate,
            Effect.KILL: self._kill,
            Effect.RELEASE: self._release,
            Effect.SCHEDULE_RETRY: self._schedule_retry,
            Effect.RESTART_IF_WAITING: self._restart_if_waiting,
        }

    # --- what can be asked of it ----------------------------------------------------------

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
        if not drain or self._state is not State.READY:
            self._post_stop(StopReason.PERSON, is_restart=True)
        elif not self._is_draining:
            self._is_draining = True
            self._deadline.set(self._grace(), self._end_drain)
            self._usage.when_quiet(self._end_drain)
            if self._is_draining:
                self._tell(StateChanged(self.name, State.READY, State.READY, self.generation))
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

    # --- events ---------------------------------------------------------------------------

    def _post(self, event: Event) -> None:
        """Apply `event` after those before it."""
        self._inbox.append(event)
        if self._is_applying:
            return
        self._is_applying = True
        try:
            while self._inbox:
                self._apply(self._inbox.popleft())
        finally:
            self._is_applying = False

    def _apply(self, event: Event) -> None:
        before = self._state
        after, effects = transition(before, event)
        if isinstance(event, StartWanted) and event.is_person and before is State.FAILED:
            self._record.note_person()
        self._state = after
        if after is not before:
            self._leave(before)
        for effect in effects:
            self._carriers[effect]()
        if after is State.CLOSING and self._close_grace is not None:
            self._hurry(self._close_grace)
        if after is not before:
            self._tell(StateChanged(self.name, before, after, self.generation))

    def _leave(self, before: State) -> None:
        """Nothing that was started for a state survives it."""
        if before in (State.STARTING, State.FAILED):
            self._deadline.cancel()
        if before is State.STARTING and self._present is not None:
            self._present.stop_probing()
        if before is State.READY:
            self._ready = None
            self._usage.end()
            self._break_off_drain()

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

    # --- effects --------------------------------------------------------------------------

    def _spawn(self) -> None:
        self._record.note_start()
        self._allow(self.options.timeout)
        place, self._place = self._place, None
        self._present = Generation(self._plan, self._reports(self.generation), place)
        self._present.begin()

    def _allow(self, seconds: float) -> None:
        self._start_timeout = seconds
        self._deadline.set(seconds, self._on_start_timeout)

    def _wake(self) -> None:
        assert self._ready is not None
        self._waiters.give(self._ready)

    def _fail(self) -> None:
        self._waiters.refuse(self._refusal)

    def _terminate(self) -> None:
        if self._attempt is not None:
            self._attempt.terminate()
        self._deadline.set(self._grace(), self._on_deadline)

    def _kill(self) -> None:
        if self._attempt is not None:
            self._attempt.kill()
        self._deadline.set(_KILL_AGAIN_AFTER, self._on_deadline)

    def _release(self) -> None:
        self._deadline.cancel()
        if self._attempt is not None:
            self._record.command = self._attempt.command
            self._attempt.release()
            self._present = None
        self._gone.give(None)

    def _schedule_retry(self) -> None:
        failure = self._record.failure
        if failure is None or failure.retry_after is None:
            self._log.error("%s: given up, until a person wants it", self.name)
            return
        self._deadline.set(failure.retry_after, self._retry)

    def _retry(self) -> None:
        is_restart = self.restarts_itself
        if is_restart:
            self._record.note_restart()
        self._post(RetryDue(is_restart=is_restart))

    def _restart_if_waiting(self) -> None:
        was_unused = self._record.stopped_by in (StopReason.IDLE, StopReason.LIFETIME)
        is_due = self.options.keep_warm and was_unused
        if is_due:
            self._record.note_restart()
        if is_due or self._waiters:
            self._post(StartWanted())

    # --- one generation -------------------------------------------------------------------

    def _reports(self, number: int) -> Reports:
        """Where generation `number` reports; there is no other before it has reported its end."""

        def is_starting() -> bool:
            return number == self.generation and self._state is State.STARTING

        return Reports(
            is_starting=is_starting,
            on_timeout=self._allow,
            on_ready=lambda target: self._on_ready(Ready(target, number)),
            on_hopeless=lambda reason: self._abort(reason, is_timeout=False),
            on_end=self._on_end,
        )

    def _on_ready(self, ready: Ready) -> None:
        self._ready = ready
        seconds = self._record.note_ready()
        self._log.info("%s: ready at %s after %.1f s", self.name, ready.target, seconds)
        self._usage.begin()
        self._post(ProbeSucceeded())

    def _on_end(self, end: End) -> None:
        """Note down a failure, unless the child was told to go or is free to; post the event."""
        event = self._event_for(end)
        self._record.note_end(end.returncode, declined=end.reason if end.is_declined else "")
        if end.is_declined:
            self._log.info("%s: %s", self.name, end.reason)
        elif self._state is State.STARTING:
            detail = f"it {end.reason} before it was ready" if end.ended else end.reason
            self._note_failure(detail, end)
        elif self._state is State.READY and not isinstance(event, Exited):
            self._note_failure(f"it {end.reason}", end)
        else:
            self._log.info("%s: ended: %s", self.name, end.reason)
        self._post(event)

    def _event_for(self, end: End) -> Event:
        if end.ended is None:
            return Declined() if end.is_declined else SpawnFailed()
        is_always = self.options.keep_warm or self.options.restart is RestartPolicy.ALWAYS
        is_clean = end.returncode == 0 and not (is_always and not self._record.is_forgone)
        return Exited() if is_clean else Crashed()

    def _abort(self, reason: str, *, is_timeout: bool) -> None:
        """The start's time is up: it took too long, or it can never succeed."""
        self._note_failure(reason, is_timeout=is_timeout)
        self._post(DeadlinePassed())

    def _note_failure(
        self, reason: str, end: End | None = None, *, is_timeout: bool = False
    ) -> None:
        self._log.error("%s: %s", self.name, reason)
        self._record.note_failure(
            reason,
            command=self.command,
            returncode=end.returncode if end is not None else None,
            is_crash=end is not None and end.ended is not None,
            is_timeout=is_timeout,
        )

    # --- small things ---------------------------------------------------------------------

    def _check_may_wake(self, kind: Kind) -> None:
        """Raise ServiceAsleep where a request of this kind must not start a child."""
        if self._state not in (State.STOPPED, State.STOPPING) or self._waiters:
            return
        reason = self._record.stopped_by
        if not may_wake(kind, is_asleep=reason in (StopReason.PERSON, StopReason.IDLE)):
            raise asleep(self.name, reason, idle_timeout=self.options.idle_timeout)

    def _forget_place(self) -> None:
        if self._place is not None:
            self._place.release()
            self._place = None

    def _post_stop(self, reason: StopReason, *, is_restart: bool = False) -> None:
        if self._state is not State.CLOSED:
            self._record.stopped_by = reason
        self._post(RestartWanted() if is_restart else StopWanted())

    def _stop_unused(self, reason: StopReason) -> None:
        if self._is_draining:
            return
        self._log.info("%s: %s", self.name, reason.value)
        self._post_stop(reason)

    def _on_start_timeout(self) -> None:
        reason = f"it was not ready within {self._start_timeout:g} seconds"
        if self._attempt is not None and not self._attempt.is_listened_on():
            reason += ", nothing listens on its port"
        self._abort(reason, is_timeout=True)

    def _on_deadline(self) -> None:
        self._post(DeadlinePassed())

    def _refusal(self) -> ProxyError:
        retry_in = self._deadline.remaining if self._state is State.FAILED else None
        if self._state is State.STOPPED and self._record.declined:
            return NotManaged(f"{self.name}: {self._record.declined}")
        return refusal(self.name, self._state, self._record.failure, retry_in=retry_in)

    def _grace(self) -> float:
        if self._close_grace is None:
            return self.options.stop_timeout
        return min(self.options.stop_timeout, self._close_grace)

    def _hurry(self, grace: float) -> None:
        """The grace period that runs already ends after `grace` seconds at the latest."""
        remaining = self._deadline.remaining
        if remaining is not None and remaining > grace:
            self._deadline.set(grace, self._on_deadline)
