"""Remembering answers for a while, and asking each question once at a time.

Knows nothing of what is asked. For one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

# Who knows no right token can make us remember any number of wrong ones.
MOST_REMEMBERED = 4096


class Answers(Generic[Answer]):
    """Answers by question, each good for `max_age` seconds; failures are not remembered.

    At most `capacity` are kept: the oldest gives way.
    """

    def __init__(self, max_age: float, *, capacity: int = MOST_REMEMBERED) -> None:
        self._max_age = max_age
        self._capacity = capacity
        self._known: dict[Hashable, tuple[float, Answer]] = {}
        self._asked: dict[Hashable, asyncio.Task[Answer]] = {}

    async def find(self, question: Hashable, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer, remembered or new. Whoever waits for the same one shares what `ask` returns
        or raises, and goes away without taking it from the others."""
        known = self._known.get(question)
        if known is not None and asyncio.get_running_loop().time() < known[0]:
            return known[1]
        task = self._asked.get(question)
        if task is None:
            task = asyncio.create_task(self._ask(question, ask), name="a question to JupyterHub")
            self._asked[question] = task
            task.add_done_callback(_look_at)
        return await asyncio.shield(task)

    def forget(self, question: Hashable) -> None:
        """Ask anew next time."""
        self._known.pop(question, None)

    async def _ask(self, question: Hashable, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            answer = await ask()
        finally:
            del self._asked[question]
        # Put last, so that the first one is the oldest.
        self.forget(question)
        self._known[question] = (asyncio.get_running_loop().time() + self._max_age, answer)
        if len(self._known) > self._capacity:
            self.forget(next(iter(self._known)))
        return answer


def _look_at(task: asyncio.Task[Answer]) -> None:
    """A failure that nobody waits for any more is no news."""
    if not task.cancelled():
        task.exception()
