"""How long the starts of a service took, as a histogram. Numbers only."""

from __future__ import annotations

# Seconds: from a small script to a desktop or a Java program on a slow disk.
DURATION_BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)


class Durations:
    """How long all starts that succeeded took: how many were within each bound, and their sum."""

    def __init__(self) -> None:
        self.within = [0] * len(DURATION_BOUNDS)
        self.count = 0
        self.total = 0.0

    def note(self, seconds: float) -> None:
        """One more start."""
        self.count += 1
        self.total += seconds
        for index, bound in enumerate(DURATION_BOUNDS):
            self.within[index] += seconds <= bound

    def add(self, others: Durations) -> None:
        """Those of somebody else, too."""
        self.count += others.count
        self.total += others.total
        self.within = [mine + its for mine, its in zip(self.within, others.within, strict=True)]
