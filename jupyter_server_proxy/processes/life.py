"""How one service's child goes on: events are applied, effects carried out, ends judged.

`_apply` is the only writer of the state. Events reach it through `_post`, one after another and
never from within one another, always in the event loop's thread; there is no await between
an event and its effects. What to do is decided by `rules.lifecycle` alone; who may ask for what
is in `supervisor`.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from ..errors import NotManaged, ProxyError
from ..rules.lifecycle import (
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
from .attempt import LaunchFactory, Plan
from .failure import before_ready, refusal
from .generation import End, Generation, Reports
from .guardian import Guardian
from .output import Output
from .past_starts import PastStarts
from .place import Place
from .rotating import log_path
from .shown import Ready, Shown, StateChanged
from .usage import StopReason, Usage
from .waiting import Deadline, Waiters

# Between one SIGKILL of the tree and the next.
_KILL_AGAIN_AFTER = 5.0


class Life(Shown):
    """The part of a supervisor that writes its state."""

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
        past: PastStarts | None = None,
    ) -> None:
        path = log_path(name, options.log_file)
        output = Output(name, path=path, log=log, level=options.output_log_level)
        usage = Usage(options, self._stop_unused)
        super().__init__(name, options, output, usage=usage, log=log, past=past)
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
        if self.options.keep_warm and was_unused:
            self._record.note_restart()
        if self._record.is_restart_due or self._waiters:
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
            detail = before_ready(end.reason) if end.ended else end.reason
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
        failure = self._record.note_failure(
            reason,
            command=self.command,
            returncode=end.returncode if end is not None else None,
            is_crash=end is not None and end.ended is not None,
            is_timeout=is_timeout,
        )
        self._log.error("%s: %s", self.name, failure.summary)

    # --- small things ---------------------------------------------------------------------

    def _post_stop(self, reason: StopReason, *, is_restart: bool = False) -> None:
        if self._state is not State.CLOSED:
            self._record.note_stop(reason, is_restart=is_restart)
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
