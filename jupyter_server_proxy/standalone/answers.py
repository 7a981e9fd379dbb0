"""Remembering answers for a while, and asking each question once at a time.

Knows nothing of what is asked. For one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

MOST_REMEMBERED = 4096
# Who knows no right token can make us remember any number of wrong ones.
MOST_IN_VAIN = 1024


class Answers(Generic[Answer]):
    """Answers by question, each good for `max_age` seconds; failures are not remembered.

    At most `capacity` are kept, and as many as `in_vain` of those that are None, which never take
    the place of others: the one that has not been of use for longest gives way.
    """

    def __init__(
        self, max_age: float, *, capacity: int = MOST_REMEMBERED, in_vain: int = MOST_IN_VAIN
    ) -> None:
        self._max_age = max_age
        self._known: _Shelf[Answer] = _Shelf(capacity)
        self._in_vain: _Shelf[Answer] = _Shelf(in_vain)
        self._asked: dict[Hashable, asyncio.Task[Answer]] = {}

    async def find(self, question: Hashable, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer, remembered or new. Whoever waits for the same one shares what `ask` returns
        or raises, and goes away without taking it from the others."""
        known = self._known.take(question) or self._in_vain.take(question)
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
        self._known.drop(question)
        self._in_vain.drop(question)

    async def _ask(self, question: Hashable, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            answer = await ask()
        finally:
            del self._asked[question]
        self.forget(question)
        shelf = self._in_vain if answer is None else self._known
        shelf.put(question, (asyncio.get_running_loop().time() + self._max_age, answer))
        return answer


class _Shelf(Generic[Answer]):
    """As many answers as there is room for, with the times until which they are good."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._kept: dict[Hashable, tuple[float, Answer]] = {}

    def take(self, question: Hashable) -> tuple[float, Answer] | None:
        """What is known, which is the last one to give way now."""
        found = self._kept.pop(question, None)
        if found is not None:
            self._kept[question] = found
        return found

    def put(self, question: Hashable, known: tuple[float, Answer]) -> None:
        self._kept[question] = known
        if len(self._kept) > self._capacity:
            self.drop(next(iter(self._kept)))

    def drop(self, question: Hashable) -> None:
        self._kept.pop(question, None)


def _look_at(task: asyncio.Task[Answer]) -> None:
    """A failure that nobody waits for any more is no news."""
    if not task.cancelled():
        task.exception()
