"""A limit in time for what is awaited, that never loses a cancellation.

`asyncio.wait_for` does before Python 3.12: cancelled just when the inner call fails, it raises
that failure, and who was cancelled goes on. `asyncio.timeout` is right, from Python 3.11 on.
"""

from __future__ import annotations

import asyncio
import sys
from types import TracebackType

if sys.version_info >= (3, 11):
    from asyncio import timeout as time_limit
else:

    class time_limit:  # noqa: N801 - named like the function it stands in for
        """Cancel the task after `delay` seconds and raise TimeoutError instead."""

        def __init__(self, delay: float) -> None:
            self._delay = delay
            self._is_over = False

        async def __aenter__(self) -> None:
            task = asyncio.current_task()
            assert task is not None

            def ring() -> None:
                self._is_over = True
                task.cancel()

            self._timer = asyncio.get_running_loop().call_later(self._delay, ring)

        async def __aexit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            traceback: TracebackType | None,
        ) -> None:
            self._timer.cancel()
            if self._is_over and kind is asyncio.CancelledError:
                raise asyncio.TimeoutError from error


__all__ = ["time_limit"]
