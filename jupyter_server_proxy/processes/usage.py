"""Whether a ready child is used, and when it has lived or idled for long enough.

Timers only: what follows is the supervisor's business.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from enum import Enum
from types import TracebackType

from ..rules.service import ProcessOptions


class StopReason(Enum):
    """Who wanted a child gone."""

    PERSON = "stopped by a person"
    IDLE = "stopped because nobody used it"
    PACKAGE = "stopped by another package"
    LIFETIME = "stopped because it reached its maximum lifetime"


class Usage:
    """Counts exchanges and tunnels; each enters it as a context manager, any number at a time."""

    def __init__(self, options: ProcessOptions, stop: Callable[[StopReason], None]) -> None:
        # Exchanges and tunnels, and how many of these are tunnels.
        self.in_flight = 0
        self.tunnels = 0
        self.by_tunnel = TunnelUse(self)
        self._idle_timeout = options.idle_timeout
        self._max_lifetime = options.max_lifetime
        self._stop = stop
        self._last_use = 0.0
        self._idle_timer: asyncio.TimerHandle | None = None
        self._lifetime_timer: asyncio.TimerHandle | None = None
        self._on_quiet: Callable[[], None] | None = None

    def begin(self) -> None:
        """The child is ready: the clocks run."""
        self._last_use = time.monotonic()
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
        self._idle_timer = self._lifetime_timer = self._on_quiet = None

    def when_quiet(self, callback: Callable[[], None]) -> None:
        """Call back once no exchange runs, tunnels or not; at once if none does. Not after
        `end`."""
        if self.in_flight == self.tunnels:
            callback()
        else:
            self._on_quiet = callback

    def __enter__(self) -> None:
        self.in_flight += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.in_flight -= 1
        self._last_use = time.monotonic()
        if self._on_quiet is not None and self.in_flight == self.tunnels:
            quiet, self._on_quiet = self._on_quiet, None
            quiet()

    def _look(self) -> None:
        """Stop the child if it has been idle for long enough, else look again when it may be."""
        if self.in_flight:
            self._last_use = time.monotonic()
        remaining = self._last_use + self._idle_timeout - time.monotonic()
        if remaining <= 0:
            self._stop(StopReason.IDLE)
        else:
            self._idle_timer = asyncio.get_running_loop().call_later(remaining, self._look)


class TunnelUse:
    """What a tunnel enters in place of the `Usage` itself, as often as there are tunnels."""

    def __init__(self, usage: Usage) -> None:
        self._usage = usage

    def __enter__(self) -> None:
        self._usage.tunnels += 1
        self._usage.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._usage.tunnels -= 1
        self._usage.__exit__(kind, error, traceback)
