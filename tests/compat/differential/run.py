"""Runs groups of cases on two sides at once and lists every difference."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from .differences import NAMED
from .record import Record
from .sides import Side

Runner = Callable[[Side, Any], Awaitable[Record]]
Serving = Callable[[Side], AbstractAsyncContextManager[Any]]


@dataclass(frozen=True)
class Pair:
    """What both sides made of one case."""

    case: Any
    released: Record
    ours: Record


@dataclass(frozen=True)
class Group:
    """Cases of one kind: how they are run, with what, and how many at a time."""

    cases: Callable[[], Iterable[Any]]
    run: Runner
    serving: Serving = Side.serving
    at_once: int = 1


async def compare(sides: Sequence[Side], group: Group) -> list[Pair]:
    """Each side goes through the cases in their order; the sides run at the same time."""
    cases = list(group.cases())
    names = [case.name for case in cases]
    assert len(set(names)) == len(names), "two cases have one name"

    async def all_of(side: Side) -> list[Record]:
        gate = asyncio.Semaphore(group.at_once)

        async def one(case: Any) -> Record:
            async with gate:
                return await group.run(side, case)

        await side.take_activity()
        async with group.serving(side):
            return await asyncio.gather(*map(one, cases))

    released, ours = await asyncio.gather(*map(all_of, sides))
    return [Pair(*three) for three in zip(cases, released, ours, strict=True)]


def difference(pair: Pair, used: set[str]) -> str:
    """What no named difference explains, as a readable diff; "" when there is nothing.

    The titles of those that explain something are added to `used`.
    """
    expected = pair.released.copy()
    for title, kind, change in NAMED:
        before = expected.lines()
        if not isinstance(pair.case, kind):
            continue
        change(pair.case, expected)
        if expected.lines() != before:
            used.add(title)
    lines = difflib.unified_diff(
        expected.lines(), pair.ours.lines(), "expected", "this package", lineterm="", n=1
    )
    return "\n".join(lines)
