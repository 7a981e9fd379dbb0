"""What a child uses is what all its processes use."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

import psutil
import pytest

from jupyter_server_proxy.processes import tree
from jupyter_server_proxy.processes.tree import TreeMeter, look_at

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
print(child.stdout.readline().decode().strip(), flush=True)
sys.stdin.read()
child.kill()
child.wait()
"""
HOLDING = "b = bytearray(50_000_000); print('ready', flush=True); import time; time.sleep(600)"
SPINNING = "print('ready', flush=True)\nwhile True: pass"


@pytest.fixture
def parent(request: pytest.FixtureRequest) -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, request.param],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    yield process.pid
    process.communicate()


@pytest.mark.parametrize("parent", [HOLDING], indirect=True)
async def test_memory_of_grandchildren_counts(parent: int) -> None:
    (use,) = (await TreeMeter().measure([parent])).values()
    assert use.rss > psutil.Process(parent).memory_info().rss + 50_000_000
    assert use.cpu_percent < 50


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    """Every look at the system's processes: which trees were looked at."""
    taken: list[set[int]] = []

    def look(pids: Iterable[int]) -> Any:
        taken.append(set(pids))
        return look_at(taken[-1])

    monkeypatch.setattr(tree, "look_at", look)
    return taken


async def spend(seconds: float, pid: int) -> None:
    """Wait until the tree below `pid` has spent so much processor time."""

    def spent() -> float:
        return sum(sum(it.cpu_times()[:2]) for it in psutil.Process(pid).children())

    before, deadline = spent(), time.monotonic() + 30
    while spent() - before < seconds:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("parent", [SPINNING], indirect=True)
async def test_processor_time_is_that_since_the_last_look(
    parent: int, looks: list[set[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "GOOD_FOR", 0)
    meter = TreeMeter()
    first = (await meter.measure([parent]))[parent]
    assert len(looks) == 2
    began = time.monotonic()
    await spend(0.2, parent)
    second = (await meter.measure([parent]))[parent]
    # There is one to compare with already, so nobody waits for a second one.
    assert len(looks) == 3
    for use in (first, second):
        # The machine may be busy, but its one thread is not on more than one processor.
        assert 5 < use.cpu_percent < 150
    assert second.cpu_percent > 100 * 0.15 / (time.monotonic() - began)


async def test_all_who_ask_at_once_are_told_of_one_measurement(looks: list[set[int]]) -> None:
    meter, own = TreeMeter(), os.getpid()
    answers = await asyncio.gather(*(meter.measure([own]) for _ in range(50)))
    assert len(looks) == 2
    assert all(answer[own] == answers[0][own] for answer in answers)
    # What is known is told for a second.
    assert await meter.measure([own]) == answers[0]
    assert len(looks) == 2


async def test_who_asks_about_others_meanwhile_waits_for_those_only(looks: list[set[int]]) -> None:
    meter, own, parent = TreeMeter(), os.getpid(), os.getppid()
    first = asyncio.create_task(meter.measure([own]))
    for _ in range(3):  # until it has begun
        await asyncio.sleep(0)
    both = await asyncio.gather(*(meter.measure([own, parent]) for _ in range(20)))
    assert looks == [{own}, {own}, {parent}, {parent}]
    assert all(set(answer) == {own, parent} for answer in both)
    assert (await first)[own] == both[0][own]


async def test_who_goes_leaves_the_measurement_to_the_others() -> None:
    meter, own = TreeMeter(), os.getpid()
    gone, stays = (asyncio.create_task(meter.measure([own])) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    assert set(await stays) == {own}


@pytest.fixture
def ended() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


async def test_what_has_ended_is_left_out(ended: int) -> None:
    meter = TreeMeter()
    assert await meter.measure([ended]) == {}
    assert set(await meter.measure([ended, os.getpid()])) == {os.getpid()}
    assert await meter.measure([]) == {}
