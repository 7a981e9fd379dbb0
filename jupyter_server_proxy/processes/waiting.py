"""Small tools of the supervisor: who waits for it, and the one deadline that runs at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Waiters(Generic[T]):
    """Those who wait for the same thing; every one gets it, or an error of their own."""

    def __init__(self) -> None:
        self._futures: list[asyncio.Future[T]] = []

    def __len__(self) -> int:
        return sum(not future.done() for future in self._futures)

    def join(self) -> asyncio.Future[T]:
        """One more; to be awaited at once. Cancelling it means not to wait any more."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._futures.append(future)
        return future

    def give(self, result: T) -> None:
        """Wake them all."""
        for future in self._take():
            future.set_result(result)

    def refuse(self, make_error: Callable[[], Exception]) -> None:
        """Wake them all with an error; one each, since a raised error collects its traceback."""
        for future in self._take():
            future.set_exception(make_error())

    def _take(self) -> list[asyncio.Future[T]]:
        futures, self._futures = self._futures, []
        return [future for future in futures if not future.done()]


class Deadline:
    """A timer that is set anew, shortened or cancelled; never two at a time."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    @property
    def remaining(self) -> float | None:
        """Seconds left, None when it does not run."""
        if self._timer is None:
            return None
        return max(0.0, self._timer.when() - asyncio.get_running_loop().time())

    def set(self, delay: float, callback: Callable[[], None]) -> None:
        """Call back once after `delay` seconds, instead of what was set before."""
        self.cancel()

        def ring() -> None:
            self._timer = None
            callback()

        self._timer = asyncio.get_running_loop().call_later(delay, ring)

    def cancel(self) -> None:
        """Do not call back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
