"""How long somebody has to wait who has tried wrong tokens. No I/O, no clock of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# A person who mistypes need not wait.
FREE_TRIES = 5
LONGEST_WAIT = 60.0
# Seconds after which everything is forgiven.
FORGOTTEN_AFTER = 15 * 60.0
MOST_REMEMBERED = 1000


@dataclass(slots=True)
class _Record:
    wrong: int
    last: float


class Tries:
    """Wrong tries by where they come from; each one after `free` of them doubles the wait, up to
    `longest_wait` seconds."""

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        free: int = FREE_TRIES,
        longest_wait: float = LONGEST_WAIT,
    ) -> None:
        self._clock = clock
        self._free = free
        self._longest_wait = longest_wait
        self._records: dict[str, _Record] = {}

    def wait(self, origin: str) -> float:
        """Seconds until another try is looked at, 0 for none."""
        record = self._records.get(origin)
        if record is None:
            return 0.0
        age = self._clock() - record.last
        if age > FORGOTTEN_AFTER:
            del self._records[origin]
            return 0.0
        excess = record.wrong - self._free
        if excess < 0:
            return 0.0
        return max(0.0, min(2.0**excess, self._longest_wait) - age)

    def note_wrong(self, origin: str) -> None:
        """A try was wrong."""
        record = self._records.pop(origin, None) or _Record(0, 0.0)
        # At the end, so that the first one is the one that was seen longest ago.
        self._records[origin] = record
        record.wrong = min(record.wrong + 1, self._free + 10)
        record.last = self._clock()
        if len(self._records) > MOST_REMEMBERED:
            del self._records[next(iter(self._records))]

    def note_right(self, origin: str) -> None:
        """A try was right."""
        self._records.pop(origin, None)
