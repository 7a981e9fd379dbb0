"""What is written is put into words once, and who is too slow is told how much was missed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from jupyter_server_proxy.api import deliveries
from jupyter_server_proxy.api.deliveries import (
    EVENT_SIZE,
    MOST_WAITING,
    SENT_AT_ONCE,
    Deliveries,
    Delivery,
    WaitingLines,
)


class FakeOutput:
    """Whoever listens is called by hand."""

    def __init__(self) -> None:
        self.callback: Callable[[list[str], int], None] | None = None

    def on_lines(self, callback: Callable[[list[str], int], None]) -> Callable[[], None]:
        assert self.callback is None
        self.callback = callback
        return self._stop

    def _stop(self) -> None:
        self.callback = None

    def write(self, lines: list[str], left_out: int = 0) -> None:
        assert self.callback is not None
        self.callback(lines, left_out)


class FakeFollower:
    """Hears, and counts how often it was woken."""

    def __init__(self) -> None:
        self.heard: list[Delivery] = []
        self.woken = 0
        self.is_sending = False

    def hear(self, delivery: Delivery) -> None:
        self.heard.append(delivery)

    def wake(self) -> None:
        self.woken += 1


def told(data: bytes) -> list[tuple[list[str], int]]:
    """The lines of each event, and how many are said to be missing before them."""
    found = []
    for block in data.decode().split("\n\n")[:-1]:
        name, _, text = block.partition("\ndata: ")
        assert name == "event: lines"
        event = json.loads(text)
        found.append((event["lines"], event.get("left_out", 0)))
    return found


def all_told(data: bytes) -> int:
    return sum(len(lines) + left_out for lines, left_out in told(data))


@pytest.fixture
def encodings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []
    encode = deliveries.encoded

    def counted(event: str, facts: object) -> bytes:
        made.append(event)
        return encode(event, facts)

    monkeypatch.setattr(deliveries, "encoded", counted)
    return made


async def test_a_delivery_is_made_once_for_all(encodings: list[str]) -> None:
    hub, output = Deliveries(), FakeOutput()
    followers = [FakeFollower() for _ in range(100)]
    stops = [hub.follow(output, follower) for follower in followers]
    output.write(["one", "two"], 3)
    for _ in range(50):
        await asyncio.sleep(0)
    assert all(follower.woken == 1 for follower in followers)
    assert encodings == ["lines"]
    (delivery,) = followers[0].heard
    assert told(delivery.data) == [(["one", "two"], 3)]
    assert delivery.count == 5
    assert all(follower.heard[0] is delivery for follower in followers)
    for stop in stops:
        stop()
    assert output.callback is None


async def test_many_are_woken_in_turn_and_once() -> None:
    hub, output = Deliveries(), FakeOutput()
    followers = [FakeFollower() for _ in range(100)]
    stops = [hub.follow(output, follower) for follower in followers]
    output.write(["one"])
    await asyncio.sleep(0)
    assert 0 < sum(follower.woken for follower in followers) < 20
    # Who has not had a turn yet has one for both.
    output.write(["two"])
    stops.pop()()
    for _ in range(50):
        await asyncio.sleep(0)
    assert followers[-1].woken == 0
    assert [follower.woken for follower in followers[20:99]] == [1] * 79
    assert followers[0].woken == 2
    assert all(len(follower.heard) == 2 for follower in followers)
    for stop in stops:
        stop()


async def test_who_still_sends_is_not_woken_but_asks() -> None:
    hub, output, busy, other = Deliveries(), FakeOutput(), FakeFollower(), FakeFollower()
    stops = [hub.follow(output, follower) for follower in (busy, other)]
    busy.is_sending = True
    output.write(["one"])
    for _ in range(3):
        await asyncio.sleep(0)
    assert (busy.woken, other.woken) == (0, 1)
    busy.is_sending = False
    hub.give_turn(busy)
    for _ in range(3):
        await asyncio.sleep(0)
    assert (busy.woken, other.woken) == (1, 1)
    for stop in stops:
        stop()


async def test_large_deliveries_come_in_parts() -> None:
    hub, output, follower = Deliveries(), FakeOutput(), FakeFollower()
    stop = hub.follow(output, follower)
    lines = [str(number) * 1000 for number in range(10)] * 10
    output.write(lines, 7)
    stop()
    assert len(follower.heard) > 2
    assert max(len(delivery.data) for delivery in follower.heard) < 2 * EVENT_SIZE
    events = told(b"".join(delivery.data for delivery in follower.heard))
    assert [line for part, _ in events for line in part] == lines
    assert [left_out for _, left_out in events][:2] == [7, 0]


def delivery(number: int, size: int) -> Delivery:
    return Delivery(10, deliveries.encoded("lines", {"lines": [f"{number:0{size}}"] * 10}))


def test_who_is_too_slow_loses_whole_deliveries_and_is_told() -> None:
    waiting = WaitingLines()
    made = [delivery(number, 2000) for number in range(50)]
    for it in made:
        waiting.put(it)
        assert waiting._size <= MOST_WAITING
    taken = b""
    while waiting:
        part = waiting.take()
        assert len(part) < SENT_AT_ONCE + EVENT_SIZE
        taken += part
    (nothing, left_out), *events = told(taken)
    assert nothing == []
    assert left_out == 10 * (50 - len(events))
    assert taken.endswith(b"".join(it.data for it in made[-len(events) :]))
    assert waiting.take() == b""


def test_what_was_missing_already_is_counted_too() -> None:
    waiting = WaitingLines()
    waiting.put(Delivery(8, deliveries.encoded("lines", {"lines": ["x"], "left_out": 7})))
    waiting.put(delivery(1, MOST_WAITING // 10))
    assert all_told(waiting.take()) == 18


def test_one_that_is_too_large_by_itself_is_sent_all_the_same() -> None:
    waiting = WaitingLines()
    waiting.put(delivery(1, MOST_WAITING))
    assert all_told(waiting.take()) == 10
