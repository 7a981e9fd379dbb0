"""A time-out on silence: a backend that sends nothing for too long fails its call."""

from __future__ import annotations

import asyncio
from types import TracebackType

from ..backend.pool import Call
from ..errors import ResponseTimedOut


class Watchdog:
    """While entered, fails `call` once its backend was silent for `seconds`."""

    def __init__(self, seconds: float, call: Call) -> None:
        self._seconds = seconds
        self._call = call
        self._seen = -1
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        self._look()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        received = self._call.exchange.received
        if received == self._seen and not self._call.exchange.has_buffered:
            message = f"The application sent nothing for {self._seconds:g} seconds"
            self._call.fail(ResponseTimedOut(message))
            return
        self._seen = received
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._look)
