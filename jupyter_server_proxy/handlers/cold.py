"""A visit to a service that is not ready: it does not wait, but is shown how the start goes.

All other requests wait, see `Supervisor.ensure_ready`. What the visitor sees is in `pages.life`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from ..errors import ProxyError, Starting
from ..processes.failure import failed, stop_words
from ..rules.lifecycle import State
from ..rules.wakeup import Kind

if TYPE_CHECKING:
    from ..processes.supervisor import Ready, StateChanged, Supervisor

# A start that ends within so many seconds, one way or the other, is answered by what came of it.
PATIENCE = 0.03
# A page without a script that comes back within so many seconds has done that by itself. Whoever
# loads it anew in that time is told how the start has ended, too, so no more than is needed.
RETURNS_WITHIN = 5.0
# Where a start ends that was shown, unless it succeeds.
_OVER = frozenset((State.STOPPED, State.STOPPING, State.ABORTING, State.FAILED))

Start = Callable[[], Coroutine[Any, Any, "Ready | None"]]


class WaitingRoom:
    """The visitors of one service who are shown its start. For the event loop's thread."""

    def __init__(self, supervisor: Supervisor, log: logging.Logger) -> None:
        # Why the service was not running when the first of them came; "" for nothing special.
        self.reason = ""
        self._supervisor = supervisor
        self._log = log
        self._shown_at: float | None = None
        self._start: asyncio.Task[Ready | None] | None = None
        supervisor.subscribe(self._follow)

    async def visit(self, start: Start) -> Ready | None:
        """What `start`, which makes the service ready, returns or raises if it is over at once.

        Raises Starting when the visitor is to be shown how it goes on.
        """
        if self._has_come_back():
            # That it failed, or was stopped, is news to the visitor, and no wish for another try.
            self._shown_at = None
            return await self._tell_how_it_ended()
        self._note_reason()
        is_first = self._start is None or self._start.done()
        task = self._begin(start)
        done, _ = await asyncio.wait({task}, timeout=PATIENCE if is_first else 0)
        if done:
            self._shown_at = None
            return task.result()
        self._shown_at = asyncio.get_running_loop().time()
        raise Starting(f"{self._supervisor.name} is starting")

    def _has_come_back(self) -> bool:
        if self._shown_at is None or self._supervisor.state not in _OVER:
            return False
        return asyncio.get_running_loop().time() - self._shown_at < RETURNS_WITHIN

    async def _tell_how_it_ended(self) -> Ready:
        failure = self._supervisor.last_failure
        if failure is not None and self._supervisor.stopped_by is None:
            raise failed(self._supervisor.name, failure)
        # It was stopped, or is being restarted, which the visitor may wait for.
        return await self._supervisor.ensure_ready(kind=Kind.GUESS)

    def _note_reason(self) -> None:
        supervisor = self._supervisor
        if supervisor.state in (State.STOPPED, State.STOPPING):
            idle_timeout = supervisor.options.idle_timeout
            self.reason = stop_words(supervisor.stopped_by, idle_timeout=idle_timeout)

    def _begin(self, start: Start) -> asyncio.Task[Ready | None]:
        """The start, which goes on when nobody waits for it; one for all visitors."""
        if self._start is None or self._start.done():
            self._start = asyncio.create_task(start(), name=f"visit to {self._supervisor.name}")
            self._start.add_done_callback(self._ended)
        return self._start

    def _ended(self, task: asyncio.Task[Ready | None]) -> None:
        """A failure is in the supervisor's log and on the page already."""
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ProxyError):
            self._log.error("%s: a visit failed", self._supervisor.name, exc_info=error)

    def _follow(self, change: StateChanged) -> None:
        if change.after is State.READY:
            self.reason = ""
            self._shown_at = None
