"""The route's `state["proc_lock"]`, which a package holds while it handles the process itself."""

from __future__ import annotations

import asyncio
from typing import Any


class SharedHold:
    """All our starts hold the lock together, so that they exclude a package but not one another.

    Use it as an async context manager, any number at a time.
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        self._holders = 0
        self._lock: asyncio.Lock | None = None
        self._acquiring: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> None:
        self._holders += 1
        try:
            if self._acquiring is None:
                self._lock = self._state.setdefault("proc_lock", asyncio.Lock())
                self._acquiring = asyncio.ensure_future(self._lock.acquire())
                self._acquiring.set_name("waiting for proc_lock")
            # Who came first may leave first; the lock is acquired for all.
            await asyncio.shield(self._acquiring)
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_error: object) -> None:
        self._leave()

    def _leave(self) -> None:
        self._holders -= 1
        acquiring, lock = self._acquiring, self._lock
        if self._holders or acquiring is None or lock is None:
            return
        self._acquiring = self._lock = None
        if acquiring.done() and not acquiring.cancelled():
            lock.release()
        else:
            acquiring.cancel()
