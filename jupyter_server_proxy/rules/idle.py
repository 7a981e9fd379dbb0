"""When a ready child counts as unused: which traffic is use, and since when there was none.

No clock here: whoever tells something says when it was, in seconds of any monotonic clock.
"""

from __future__ import annotations

from typing import NamedTuple


class Sign(NamedTuple):
    """One kind of traffic: how it changes the number of requests that hold the child by merely
    going on, and whether it is use at the moment it is seen."""

    holds: int
    is_use: bool


# A request that is being answered, however long that takes and however silent it is, is use.
REQUEST_BEGUN = Sign(+1, is_use=False)
ANSWERED = Sign(0, is_use=True)
REQUEST_ENDED = Sign(-1, is_use=True)
# It ended and the application had not answered: somebody has tried, in vain.
REQUEST_FAILED = Sign(-1, is_use=False)
# A tunnel or an event stream: a tab that is asleep has one open too. From here on only what
# moves in it is use.
STREAM_BEGUN = Sign(-1, is_use=True)
STREAM_DATA = Sign(0, is_use=True)
STREAM_CONTROL = Sign(0, is_use=False)
STREAM_ENDED = Sign(0, is_use=False)


class IdleClock:
    """Since when a child has not been used. What patterns exclude is not told to it at all."""

    __slots__ = ("_ready_since", "held_by", "last_use")

    def __init__(self) -> None:
        # How many requests are being answered now.
        self.held_by = 0
        # When it was used last, None if never.
        self.last_use: float | None = None
        self._ready_since = 0.0

    def begin(self, now: float) -> None:
        """The child is ready: nobody has used it yet, but that is no fault of theirs."""
        self._ready_since = now

    def note(self, sign: Sign, now: float) -> None:
        """There was traffic."""
        holds, is_use = sign
        self.held_by += holds
        if is_use:
            self.last_use = now

    def remaining(self, timeout: float, now: float) -> float:
        """For how many seconds it may go on unused; 0 or less when it has been long enough."""
        if self.held_by:
            return timeout
        return max(self._ready_since, self.last_use or 0.0) + timeout - now
