"""What a child and its descendants use of the machine. Measured when asked, never otherwise."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psutil

# Between two looks at the clocks of a tree that nobody has looked at lately.
_FIRST_LOOK = 0.1
# The last look is as good as a first one for this long; after it, another is taken.
_STALE_AFTER = 60.0
# For so long nobody measures again: people do not read faster, and all of the system's processes
# are looked at.
GOOD_FOR = 1.0


@dataclass(frozen=True, slots=True)
class TreeUse:
    """Of all processes of a tree: processor time, 100 is one processor, and resident bytes."""

    cpu_percent: float
    rss: int


@dataclass(frozen=True, slots=True)
class _Look:
    at: float
    # Processor seconds by process; a number is used again, but not with the same birth.
    spent: Mapping[tuple[int, float], float]
    rss: int

    def seconds_since(self, before: _Look) -> float:
        """Processor seconds that these processes have spent since."""
        return sum(
            max(0.0, spent - before.spent.get(key, 0.0)) for key, spent in self.spent.items()
        )


@dataclass(eq=False, slots=True)
class _Round:
    """One measurement, for all who ask before it begins."""

    pids: set[int]
    task: asyncio.Task[dict[int, TreeUse]] | None = None


class TreeMeter:
    """Measures each tree once for all who ask at about the same time.

    It remembers the last look at each tree, so that the next one can tell the difference, for
    `remembers` seconds. For the event loop's thread.
    """

    def __init__(self, *, remembers: float = _STALE_AFTER) -> None:
        self._remembers = remembers
        self._looks: dict[int, _Look] = {}
        # When each tree was measured last, and what came of it: None when it had ended.
        self._measured: dict[int, tuple[float, TreeUse | None]] = {}
        self._present: _Round | None = None
        self._next: _Round | None = None

    async def measure(self, pids: Iterable[int]) -> dict[int, TreeUse]:
        """The use of each tree by its root; those that have ended are left out.

        It may be a second old. Reads files of the system, in another thread.
        """
        wanted = set(pids)
        now = time.monotonic()
        fresh = {pid: use for pid, (at, use) in self._measured.items() if now - at < GOOD_FOR}
        found = {pid: use for pid, use in fresh.items() if use is not None}
        for task in self._join(wanted - fresh.keys()):
            # Whoever else waits for it still does when this one has gone.
            found |= await asyncio.shield(task)
        return {pid: use for pid, use in found.items() if pid in wanted}

    def _join(self, pids: set[int]) -> list[asyncio.Task[dict[int, TreeUse]]]:
        """The measurements that together tell about `pids`."""
        rounds = []
        if self._present is not None and not pids.isdisjoint(self._present.pids):
            rounds.append(self._present)
            pids = pids - self._present.pids
        if pids:
            if self._next is None:
                self._next = _Round(set())
                self._next.task = asyncio.create_task(
                    self._run(self._next, after=self._present), name="server-proxy: processes"
                )
            self._next.pids |= pids
            rounds.append(self._next)
        return [it.task for it in rounds if it.task is not None]

    async def _run(self, present: _Round, *, after: _Round | None) -> dict[int, TreeUse]:
        if after is not None and after.task is not None:
            await asyncio.wait({after.task})
        self._present, self._next = present, None
        try:
            return await self._measure(present.pids)
        finally:
            self._present = None

    async def _measure(self, pids: set[int]) -> dict[int, TreeUse]:
        now = time.monotonic()
        known = {pid: it for pid, it in self._looks.items() if now - it.at < self._remembers}
        before = {pid: look for pid, look in known.items() if pid in pids}
        if unknown := pids - before.keys():
            before |= await asyncio.to_thread(look_at, unknown)
            await asyncio.sleep(_FIRST_LOOK)
        looks = await asyncio.to_thread(look_at, before)
        self._looks = {**known, **looks}
        found = {pid: _difference(before[pid], look) for pid, look in looks.items()}
        self._note(pids, found)
        return found

    def _note(self, pids: set[int], found: Mapping[int, TreeUse]) -> None:
        now = time.monotonic()
        fresh = {pid: it for pid, it in self._measured.items() if now - it[0] < GOOD_FOR}
        self._measured = {**fresh, **{pid: (now, found.get(pid)) for pid in pids}}


def _difference(before: _Look, after: _Look) -> TreeUse:
    seconds = after.seconds_since(before)
    return TreeUse(round(100 * seconds / max(after.at - before.at, 1e-3), 1), after.rss)


def look_at(pids: Iterable[int]) -> dict[int, _Look]:
    """The trees below `pids` now, those without any process left out."""
    roots = list(pids)
    if not roots:
        return {}
    # All processes once, rather than once for each tree.
    children: dict[int, list[int]] = {}
    for process in psutil.process_iter(["ppid"]):
        children.setdefault(process.info["ppid"], []).append(process.pid)
    looks = {pid: _look_at_all(_tree(pid, children)) for pid in roots}
    return {pid: look for pid, look in looks.items() if look.spent}


def _tree(root: int, children: Mapping[int, list[int]]) -> list[int]:
    found = [root]
    for pid in found:
        found += children.get(pid, ())
    return found


def _look_at_all(pids: list[int]) -> _Look:
    spent: dict[tuple[int, float], float] = {}
    rss = 0
    for pid in pids:
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                times = process.cpu_times()
                spent[pid, process.create_time()] = times.user + times.system
                rss += process.memory_info().rss
        except psutil.Error:  # it has ended meanwhile, or is somebody else's
            continue
    return _Look(time.monotonic(), spent, rss)
