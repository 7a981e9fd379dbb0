"""A time-out on silence: a backend that does nothing for too long fails its call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType

from ..backend.pool import Call
from ..errors import ResponseTimedOut


class Watchdog:
    """While entered, fails `call` once its backend was silent for `seconds`.

    Silence is what the backend could end: it is not silent while we wait for the rest of the
    request, unless it does not take what is there, nor while bytes of its answer wait here.
    """

    def __init__(self, seconds: float, call: Call, *, is_body_sent: Callable[[], bool]) -> None:
        self._seconds = seconds
        self._call = call
        self._is_body_sent = is_body_sent
        self._seen: object = None
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
        call = self._call
        now = (call.exchange.received, call.sent, self._is_backends_turn())
        if now == self._seen and self._is_backends_turn():
            message = f"The application sent nothing for {self._seconds:g} seconds"
            call.fail(ResponseTimedOut(message))
            return
        self._seen = now
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._look)

    def _is_backends_turn(self) -> bool:
        if self._call.exchange.has_buffered:
            return False
        return self._is_body_sent() or self._call.is_held_up
