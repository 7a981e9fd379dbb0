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
_FRESH_BEFORE = 0.05


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


class TreeMeter:
    """Remembers the last look at each tree, so that the next one can tell the difference."""

    def __init__(self) -> None:
        self._looks: dict[int, _Look] = {}
        self._turn = asyncio.Lock()

    async def measure(self, pids: Iterable[int]) -> dict[int, TreeUse]:
        """The use of each tree by its root; those that have ended are left out.

        Reads files of the system, in another thread.
        """
        wanted = sorted(set(pids))
        if not wanted:
            return {}
        async with self._turn:
            return await asyncio.to_thread(self._measure, wanted)

    def _measure(self, pids: list[int]) -> dict[int, TreeUse]:
        before = {pid: look for pid in pids if (look := self._last(pid))}
        before.update(look_at([pid for pid in pids if pid not in before]))
        if any(time.monotonic() - look.at < _FRESH_BEFORE for look in before.values()):
            time.sleep(_FIRST_LOOK)
        now = look_at(before)
        self._looks = {**{p: k for p, k in self._looks.items() if not _is_stale(k)}, **now}
        return {pid: _difference(before[pid], look) for pid, look in now.items()}

    def _last(self, pid: int) -> _Look | None:
        look = self._looks.get(pid)
        return None if look is None or _is_stale(look) else look


def _is_stale(look: _Look) -> bool:
    return time.monotonic() - look.at > _STALE_AFTER


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
