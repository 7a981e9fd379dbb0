"""The words of the benchmark: metrics, cases, goals, outcomes. No I/O here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .lab import Lab

Values = Mapping[str, float]


class CannotMeasureError(Exception):
    """A peer did not do what the case asks of it; the text goes into the table."""


class ToolMissingError(Exception):
    """A program is neither here nor can it be installed; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of a case. `key` is unique over all cases."""

    key: str
    title: str
    unit: str
    higher_is_better: bool = True
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to try. `seconds` is the length of one timed load, after `warm_up` seconds."""

    rounds: int
    seconds: float
    warm_up: float


# Many short rounds rather than few long ones: a disturbance then spoils a round, not the run.
FULL = Effort(rounds=7, seconds=2.0, warm_up=0.5)
QUICK = Effort(rounds=2, seconds=1.0, warm_up=0.5)


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to measure on each of `peers`.

    `measure(lab, peer, effort)` returns a value for some or all of `metrics` and raises
    `CannotMeasureError` where the peer fails. `most_rounds` caps slow cases.
    """

    name: str
    title: str
    metrics: tuple[Metric, ...]
    peers: tuple[str, ...]
    measure: Callable[[Lab, str, Effort], Values]
    most_rounds: int = 7


@dataclass(frozen=True, slots=True)
class Goal:
    """What this package wants of one metric: alone, or as a ratio to a peer in the same round."""

    metric: str
    limit: float
    against: str | None = None
    at_least: bool = True

    def is_met(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass(slots=True)
class Outcome:
    """What one peer did in one case: the values of each round, or why there are none."""

    case: str
    peer: str
    rounds: list[Values | None] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def add(self, values: Values) -> None:
        self.rounds.append(values)

    def fail(self, reason: str) -> None:
        """Keeps the place of the round, so that rounds of peers stay side by side."""
        self.rounds.append(None)
        self.failures.append(reason)
