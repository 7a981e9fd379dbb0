"""Whether a ready child is used, and when it has lived or idled for long enough.

What counts as use is decided in `rules.idle`. Here are the timers; what follows when they run out
is the supervisor's business.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from enum import Enum
from types import TracebackType

from ..rules import idle
from ..rules.service import ProcessOptions


class StopReason(Enum):
    """Who wanted a child gone."""

    PERSON = "stopped by a person"
    IDLE = "stopped because nobody used it"
    PACKAGE = "stopped by another package"
    LIFETIME = "stopped because it reached its maximum lifetime"


class Usage:
    """Counts exchanges and tunnels, and knows when the last of those that count was."""

    def __init__(self, options: ProcessOptions, stop: Callable[[StopReason], None]) -> None:
        # Exchanges and tunnels, and how many of these are tunnels.
        self.in_flight = 0
        self.tunnels = 0
        self._clock = idle.IdleClock()
        self._idle_timeout = options.idle_timeout
        self._max_lifetime = options.max_lifetime
        self._stop = stop
        self._idle_timer: asyncio.TimerHandle | None = None
        self._lifetime_timer: asyncio.TimerHandle | None = None
        self._on_quiet: list[Callable[[], None]] = []

    @property
    def last_activity(self) -> float | None:
        """When it was used last, in Unix time; None if never."""
        if self._clock.held_by:
            return time.time()
        last_use = self._clock.last_use
        return None if last_use is None else time.time() - (time.monotonic() - last_use)

    def begin(self) -> None:
        """The child is ready: the clocks run."""
        self._clock.begin(time.monotonic())
        loop = asyncio.get_running_loop()
        if self._idle_timeout > 0:
            self._idle_timer = loop.call_later(self._idle_timeout, self._look)
        if self._max_lifetime > 0:
            self._lifetime_timer = loop.call_later(
                self._max_lifetime, self._stop, StopReason.LIFETIME
            )

    def end(self) -> None:
        """The child is not ready any more."""
        for timer in (self._idle_timer, self._lifetime_timer):
            if timer is not None:
                timer.cancel()
        self._idle_timer = self._lifetime_timer = None
        self._on_quiet.clear()

    def when_quiet(self, callback: Callable[[], None]) -> None:
        """Call back once no exchange runs, tunnels or not; at once if none does. Not after
        `end`."""
        if self.in_flight == self.tunnels:
            callback()
        else:
            self._on_quiet.append(callback)

    def note(self, sign: idle.Sign) -> None:
        """There is traffic that counts."""
        self._clock.note(sign, time.monotonic())

    def enter(self, *, is_tunnel: bool) -> None:
        """An exchange has begun, or what may become a tunnel."""
        self.in_flight += 1
        self.tunnels += is_tunnel

    def leave(self, *, is_tunnel: bool) -> None:
        """It has ended."""
        self.in_flight -= 1
        self.tunnels -= is_tunnel
        if self._on_quiet and self.in_flight == self.tunnels:
            waiting, self._on_quiet = self._on_quiet, []
            for quiet in waiting:
                quiet()

    def _look(self) -> None:
        """Stop the child if it has been idle for long enough, else look again when it may be."""
        remaining = self._clock.remaining(self._idle_timeout, time.monotonic())
        if remaining <= 0:
            self._stop(StopReason.IDLE)
        else:
            self._idle_timer = asyncio.get_running_loop().call_later(remaining, self._look)


class Use:
    """One exchange or tunnel, as its service's `Usage` (None: nobody's to stop) is told of it.

    `counts`: whether it is use of the service at all. Entered once, left once.
    """

    __slots__ = ("_counts", "_is_answered", "_is_stream", "_is_tunnel", "_usage")

    def __init__(
        self, usage: Usage | None, *, counts: bool = True, is_tunnel: bool = False
    ) -> None:
        self._usage = usage
        self._counts = counts and usage is not None
        self._is_tunnel = is_tunnel
        self._is_answered = False
        self._is_stream = False

    @property
    def counts(self) -> bool:
        """Whether anything depends on what is told of it."""
        return self._counts

    def __enter__(self) -> Use:
        if self._usage is not None:
            self._usage.enter(is_tunnel=self._is_tunnel)
            self._note(idle.REQUEST_BEGUN)
        return self

    def answered(self) -> None:
        """The application has answered."""
        if not self._is_answered:
            self._is_answered = True
            self._note(idle.ANSWERED)

    def became_stream(self) -> None:
        """What follows the answer may be silent for ever, so that only data count."""
        if not self._is_stream:
            self._is_answered = self._is_stream = True
            self._note(idle.STREAM_BEGUN)

    def moved(self) -> None:
        """Data have moved, in either direction."""
        if self._is_stream:
            self._note(idle.STREAM_DATA)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._usage is None:
            return
        if self._is_stream:
            self._note(idle.STREAM_ENDED)
        else:
            self._note(idle.REQUEST_ENDED if self._is_answered else idle.REQUEST_FAILED)
        self._usage.leave(is_tunnel=self._is_tunnel)

    def _note(self, sign: idle.Sign) -> None:
        if self._counts and self._usage is not None:
            self._usage.note(sign)
