"""What is remembered of a service's starts and failures, for display and for the back-off.

It changes no state and starts nothing.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import deque

from ..rules.backoff import Backoff
from .durations import Durations
from .failure import KILLED, SHOWN_LINES, Failure, without_guess
from .out_of_memory import count_kills
from .output import Output
from .past_starts import USUAL_OF, PastStarts
from .usage import StopReason


class Record:
    """The last start, the last success and the failures in a row. For the event loop's thread."""

    def __init__(self, output: Output, *, name: str = "", past: PastStarts | None = None) -> None:
        self.generation = 0
        self.started_at: float | None = None
        self.ready_after: float | None = None
        self.failure: Failure | None = None
        self.stopped_by: StopReason | None = None
        self.returncode: int | None = None
        # The last one that has ended, its secrets masked.
        self.command = ""
        # Why the last start came to nothing though nothing went wrong; "" for any other end.
        self.declined = ""
        self.is_forgone = False
        # Whether another start follows of itself when nothing is left of the present child.
        self.is_restart_due = False
        # Since Jupyter started: failures, and starts that nobody's request has caused.
        self.failures = 0
        self.restarts = 0
        self.durations = Durations()
        self._name = name
        self._past = past
        known = past.of(name) if past is not None else ()
        self._durations: deque[float] = deque(known, maxlen=USUAL_OF)
        self._output = output
        self._backoff = Backoff()
        self._began = 0.0
        self._became_ready: float | None = None
        # How often the system had killed for lack of memory when the child was started.
        self._kills: int | None = None

    def note_start(self) -> None:
        """A new generation begins."""
        self.generation += 1
        self.restarts += self.is_restart_due
        self.is_restart_due = False
        self.started_at = time.time()
        self.stopped_by = None
        self.declined = ""
        self.is_forgone = False
        self._began = time.monotonic()
        self._became_ready = None
        self._kills = count_kills()
        self._output.begin()

    def note_ready(self) -> float:
        """The child is ready: the seconds it took. What went wrong before is history."""
        self._became_ready = time.monotonic()
        self.failure = None
        self.ready_after = self._became_ready - self._began
        self._durations.append(self.ready_after)
        self.durations.note(self.ready_after)
        if self._past is not None:
            self._past.note(self._name, list(self._durations))
        return self.ready_after

    @property
    def usual_start(self) -> float | None:
        """The seconds that a start takes, as far as is known."""
        return statistics.median(self._durations) if self._durations else None

    def note_restart(self) -> None:
        """The next start follows of itself from the end of the present child; it counts once,
        whoever else wants it, too."""
        self.is_restart_due = True

    def note_stop(self, reason: StopReason, *, is_restart: bool = False) -> None:
        """Somebody wants the present child gone, with or without another in its place."""
        self.stopped_by = reason
        self.is_restart_due = self.is_restart_due and is_restart

    def note_person(self) -> None:
        """A person insists on another try."""
        self._backoff = self._backoff.after_person()

    def note_end(self, returncode: int | None, *, declined: str) -> None:
        """The present child has ended, or there was not to be one because of `declined`."""
        self.returncode = returncode
        self.declined = declined

    def forgo_restart(self) -> None:
        """Nobody wants the present child to be restarted by itself."""
        self.is_forgone = True

    def note_failure(
        self,
        reason: str,
        *,
        command: str,
        returncode: int | None = None,
        is_crash: bool = False,
        is_timeout: bool = False,
    ) -> Failure:
        """The present child failed, for a `reason` in one line; what is known of that."""
        self.failures += 1
        lived = 0.0 if self._became_ready is None else time.monotonic() - self._became_ready
        self._backoff = self._backoff.after_failure(was_ready_for=lived)
        is_out_of_memory = returncode in KILLED and self._has_memory_run_out()
        self.failure = Failure(
            reason=without_guess(reason) if is_out_of_memory else reason,
            failed_at=time.time(),
            command=command,
            output=tuple(self._output.lines_of_child()[-SHOWN_LINES:]),
            returncode=returncode,
            attempt=self._backoff.failures,
            retry_after=self._backoff.delay(random.random()),  # noqa: S311 - jitter
            is_crash=is_crash,
            is_timeout=is_timeout,
            out_of_memory=is_out_of_memory,
        )
        return self.failure

    def _has_memory_run_out(self) -> bool:
        """Whether the system has killed for lack of memory since the child was started."""
        kills = count_kills()
        return None not in (kills, self._kills) and kills != self._kills
