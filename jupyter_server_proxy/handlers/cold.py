"""A visit to a service that is not ready: it does not wait, but is shown how the start goes.

All other requests wait, see `Supervisor.ensure_ready`. What the visitor sees is in `pages.life`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
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
# Where a start ends that was shown, unless it succeeds.
_OVER = frozenset((State.STOPPED, State.STOPPING, State.ABORTING, State.FAILED))
# Of pages that were shown and never asked again; the oldest are forgotten first.
MOST_INVITATIONS = 1000

Start = Callable[[], Coroutine[Any, Any, "Ready | None"]]


class WaitingRoom:
    """The visitors of one service who are shown its start. For the event loop's thread."""

    def __init__(self, supervisor: Supervisor, log: logging.Logger) -> None:
        # Why the service was not running when the first of them came; "" for nothing special.
        self.reason = ""
        self._supervisor = supervisor
        self._log = log
        self._invitations: dict[str, None] = {}
        self._start: asyncio.Task[Ready | None] | None = None
        supervisor.subscribe(self._follow)

    def invite(self) -> str:
        """What a page that shows the start has to bring when it comes back by itself; each is for
        one page and one time."""
        invitation = secrets.token_urlsafe(9)
        self._invitations[invitation] = None
        if len(self._invitations) > MOST_INVITATIONS:
            del self._invitations[next(iter(self._invitations))]
        return invitation

    def admits(self, invitation: str) -> bool:
        """Whether it is one of ours, which is used up now."""
        return self._invitations.pop(invitation, self) is None

    async def visit(self, start: Start, *, has_come_back: bool = False) -> Ready | None:
        """What `start`, which makes the service ready, returns or raises if it is over at once.

        `has_come_back`: it is no person's wish, but a page that was shown the start and asks how
        that has ended. Raises Starting when the visitor is to be shown how it goes on.
        """
        if has_come_back and self._supervisor.state in _OVER:
            return await self._tell_how_it_ended()
        self._note_reason()
        is_first = self._start is None or self._start.done()
        task = self._begin(start)
        done, _ = await asyncio.wait({task}, timeout=PATIENCE if is_first else 0)
        if done:
            return task.result()
        raise Starting(f"{self._supervisor.name} is starting")

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
