"""How long to wait before a child that failed is started again, and when to give up.

No clock and no dice here: the caller says how long the child lived and brings the random number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
GIVE_UP_AFTER = 5
FORGIVING_LIFE = 10.0
# Half again at most: enough that services which fell together do not rise together.
JITTER = 0.5


@dataclass(frozen=True, slots=True)
class Backoff:
    """The failures in a row so far. All durations are seconds."""

    failures: int = 0

    @property
    def has_given_up(self) -> bool:
        """Whether only a person may start the child again."""
        return self.failures >= GIVE_UP_AFTER

    def after_failure(self, *, was_ready_for: float) -> Backoff:
        """One more failure; the first again if the child had been ready for long enough."""
        before = 0 if was_ready_for >= FORGIVING_LIFE else self.failures
        return replace(self, failures=before + 1)

    def after_person(self) -> Backoff:
        """A person insists: who had given up gets all its tries again."""
        return Backoff() if self.has_given_up else self

    def delay(self, dice: float) -> float | None:
        """Seconds until the next try, None after giving up; `dice` is in [0, 1)."""
        if self.has_given_up:
            return None
        if self.failures == 0:
            return 0.0
        plain = FIRST_DELAY * 2.0 ** (self.failures - 1)
        return min(LONGEST_DELAY, plain * (1 + JITTER * dice))
