"""What is shown of one service's child, and who is told when that changes.

Reading only: nothing here changes a state, or starts or stops anything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from ..rules.lifecycle import State
from ..rules.service import ProcessOptions, RestartPolicy
from ..rules.targets import Target
from .attempt import Attempt
from .child import Binding
from .durations import Durations
from .failure import Failure
from .generation import Generation
from .output import Output
from .past_starts import PastStarts
from .record import Record
from .usage import StopReason, Usage


@dataclass(frozen=True, slots=True)
class Ready:
    """Where a ready child listens. A new child is a new generation."""

    target: Target
    generation: int


@dataclass(frozen=True, slots=True)
class StateChanged:
    """What subscribers are told, after the fact and in order.

    From ready to ready: from now on it is ready only for the exchanges that have begun.
    """

    name: str
    before: State
    after: State
    generation: int


class Shown:
    """The part of a supervisor that can be looked at. For the event loop's thread.

    All of it is for display: whoever wants something of the child calls a method of the supervisor,
    and never looks first.
    """

    def __init__(
        self,
        name: str,
        options: ProcessOptions,
        output: Output,
        *,
        usage: Usage,
        log: logging.Logger,
        past: PastStarts | None = None,
    ) -> None:
        self.name = name
        self.options = options
        self.output = output
        self._log = log
        self._usage = usage
        self._state = State.STOPPED
        self._record = Record(output, name=name, past=past)
        self._present: Generation | None = None
        self._ready: Ready | None = None
        # A restart is wanted, and exchanges with the present child are let finish.
        self._is_draining = False
        self._subscribers: dict[object, Callable[[StateChanged], None]] = {}

    def __repr__(self) -> str:
        return f"<Supervisor {self.name!r} {self._state.value} #{self.generation} pid={self.pid}>"

    @property
    def state(self) -> State:
        """Where the service is in its life."""
        return self._state

    @property
    def generation(self) -> int:
        """How many children there have been, the present one included."""
        return self._record.generation

    @property
    def binding(self) -> Binding | None:
        """Where the present child was told to listen."""
        return self._attempt.binding if self._attempt is not None else None

    @property
    def target(self) -> Target | None:
        """Where the present child listens, once it is ready."""
        return self._ready.target if self._ready is not None else None

    @property
    def ready(self) -> Ready | None:
        """What `ensure_ready` would return at once, without waiting for anything."""
        return self._ready if not self._is_draining else None

    @property
    def is_draining(self) -> bool:
        """Whether it is ready, but only for the exchanges that have begun: it is restarted."""
        return self._is_draining

    @property
    def pid(self) -> int | None:
        """The present child's process."""
        return self._attempt.pid if self._attempt is not None else None

    @property
    def returncode(self) -> int | None:
        """How the last child ended that has ended; negative for a signal, None if unknown."""
        return self._record.returncode

    @property
    def command(self) -> str:
        """The present or last command, its secrets masked; "" before the first start."""
        return self._attempt.command if self._attempt is not None else self._record.command

    @property
    def last_failure(self) -> Failure | None:
        """Why it failed last, until it is ready again."""
        return self._record.failure

    @property
    def restarts_itself(self) -> bool:
        """Whether it is started again, unasked, when the time to cool down after its last failure
        is over."""
        failure = self._record.failure
        if failure is None or failure.retry_after is None or self._record.is_forgone:
            return False
        # A start that never was one is only tried again where it is to run whatever happens.
        is_wanted = failure.is_crash and self.options.restart is not RestartPolicy.NEVER
        return is_wanted or self.options.keep_warm

    @property
    def stopped_by(self) -> StopReason | None:
        """Who stopped the last child; None when it is not stopped or ended by itself."""
        return self._record.stopped_by

    @property
    def started_at(self) -> float | None:
        """When the last start began, in Unix time."""
        return self._record.started_at

    @property
    def ready_after(self) -> float | None:
        """How many seconds the last start that succeeded took."""
        return self._record.ready_after

    @property
    def usual_start(self) -> float | None:
        """How many seconds a start takes as a rule, also before Jupyter was started anew; None
        before one has succeeded."""
        return self._record.usual_start

    @property
    def durations(self) -> Durations:
        """How long starts took."""
        return self._record.durations

    @property
    def failures(self) -> int:
        """How often it has failed since Jupyter started."""
        return self._record.failures

    @property
    def restarts(self) -> int:
        """How many of its starts followed of themselves from the end of the child before: after a
        failure, for a restart, or because it is kept warm."""
        return self._record.restarts

    @property
    def is_closed(self) -> bool:
        """Whether it can never be started again."""
        return self._state is State.CLOSED

    @property
    def in_flight(self) -> int:
        """How many exchanges and tunnels use it now."""
        return self._usage.in_flight

    @property
    def last_activity(self) -> float | None:
        """When it was used last, in Unix time; None if never."""
        return self._usage.last_activity

    @property
    def tunnels(self) -> int:
        """How many of those are tunnels."""
        return self._usage.tunnels

    def subscribe(self, callback: Callable[[StateChanged], None]) -> Callable[[], None]:
        """Have `callback` called after every change of state; returns what ends that."""
        key = object()
        self._subscribers[key] = callback

        def unsubscribe() -> None:
            self._subscribers.pop(key, None)

        return unsubscribe

    def _tell(self, change: StateChanged) -> None:
        self._log.debug("%s: %s -> %s", self.name, change.before.value, change.after.value)
        for callback in list(self._subscribers.values()):
            try:
                callback(change)
            except Exception:
                self._log.exception("%s: a subscriber failed", self.name)

    @property
    def _attempt(self) -> Attempt | None:
        return self._present.attempt if self._present is not None else None
