"""What services write, put into words once for all who follow it.

Nothing is done while nothing is written or nobody follows. For the event loop's thread.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from .hub import encoded

if TYPE_CHECKING:
    from ..processes.output import Output

# Bytes of an event, about: what a follower who is too slow loses, and is sent, at a time.
EVENT_SIZE = 32 * 1024
# Bytes that wait for one follower.
MOST_WAITING = 256 * 1024
# Bytes for one follower at a time: the others' turn comes, and its copy of them is no larger.
SENT_AT_ONCE = 2 * EVENT_SIZE
# Followers who are woken before anybody else has a turn.
_WOKEN_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Delivery:
    """Lines as they stand in a stream, and how many of them are missed where it is."""

    count: int
    data: bytes


class Follower(Protocol):
    """Who is told. `is_sending`: what it has taken before is still on its way."""

    is_sending: bool

    def hear(self, delivery: Delivery) -> None:
        """Keep it until woken."""

    def wake(self) -> None:
        """It may send what waits."""


class Deliveries:
    """Passes on what services write, to one follower after another."""

    def __init__(self) -> None:
        self._by_output: dict[Output, _Followers] = {}
        self._turns: dict[Follower, None] = {}
        self._is_waking = False

    def follow(self, output: Output, follower: Follower) -> Callable[[], None]:
        """Tell `follower` from now on; returns what ends that."""
        followers = self._by_output.get(output)
        if followers is None:
            followers = self._by_output[output] = _Followers(output, self.give_turn)
        followers.add(follower)

        def unfollow() -> None:
            self._turns.pop(follower, None)
            followers.remove(follower)
            if not followers and self._by_output.get(output) is followers:
                del self._by_output[output]

        return unfollow

    def give_turn(self, follower: Follower) -> None:
        """Wake it after those who wait already: all at once would take the event loop for long."""
        self._turns[follower] = None
        if not self._is_waking:
            self._is_waking = True
            asyncio.get_running_loop().call_soon(self._wake_some)

    def _wake_some(self) -> None:
        for follower in list(islice(self._turns, _WOKEN_AT_ONCE)):
            del self._turns[follower]
            # One that is not done with the last will come and ask.
            if not follower.is_sending:
                follower.wake()
        self._is_waking = bool(self._turns)
        if self._is_waking:
            asyncio.get_running_loop().call_soon(self._wake_some)


class _Followers:
    """Of one service's output."""

    def __init__(self, output: Output, give_turn: Callable[[Follower], None]) -> None:
        self._followers: dict[Follower, None] = {}
        self._give_turn = give_turn
        self._stop = output.on_lines(self._hear)

    def __bool__(self) -> bool:
        return bool(self._followers)

    def add(self, follower: Follower) -> None:
        self._followers[follower] = None

    def remove(self, follower: Follower) -> None:
        self._followers.pop(follower, None)
        if not self._followers:
            self._stop()

    def _hear(self, lines: list[str], left_out: int) -> None:
        deliveries = list(_deliveries(lines, left_out))
        for follower in self._followers:
            for delivery in deliveries:
                follower.hear(delivery)
            self._give_turn(follower)


def _deliveries(lines: list[str], left_out: int) -> Iterator[Delivery]:
    """All of `lines`, in events of a bounded size; the first one says how many were left out."""
    chosen: list[str] = []
    size = 0
    for line in lines:
        if chosen and size + len(line) > EVENT_SIZE:
            yield _delivery(chosen, left_out)
            chosen, size, left_out = [], 0, 0
        chosen.append(line)
        size += len(line)
    if chosen or left_out:
        yield _delivery(chosen, left_out)


def _delivery(lines: list[str], left_out: int) -> Delivery:
    more = {"left_out": left_out} if left_out else {}
    return Delivery(len(lines) + left_out, encoded("lines", {"lines": lines, **more}))


class WaitingLines:
    """What waits for one client, bounded in bytes, and how many lines had to make room."""

    def __init__(self) -> None:
        self._deliveries: deque[Delivery] = deque()
        self._size = 0
        self._left_out = 0

    def __bool__(self) -> bool:
        return bool(self._deliveries)

    def put(self, delivery: Delivery) -> None:
        """One more, for whoever takes them. The oldest go when there are too many."""
        self._deliveries.append(delivery)
        self._size += len(delivery.data)
        while self._size > MOST_WAITING and len(self._deliveries) > 1:
            self._left_out += self._next().count

    def take(self) -> bytes:
        """The next of them, and before these how many lines are missing."""
        taken = []
        if self._left_out:
            taken.append(_delivery([], self._left_out).data)
            self._left_out = 0
        size = 0
        while self._deliveries and (not size or size + self._peek() <= SENT_AT_ONCE):
            size += self._peek()
            taken.append(self._next().data)
        return b"".join(taken)

    def _peek(self) -> int:
        return len(self._deliveries[0].data)

    def _next(self) -> Delivery:
        delivery = self._deliveries.popleft()
        self._size -= len(delivery.data)
        return delivery
