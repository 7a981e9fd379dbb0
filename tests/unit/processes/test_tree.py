"""What a child uses is what all its processes use."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from jupyter_server_proxy.processes.tree import TreeMeter

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


@pytest.mark.parametrize("parent", [SPINNING], indirect=True)
async def test_processor_time_is_that_since_the_last_look(parent: int) -> None:
    meter = TreeMeter()
    first, second = [(await meter.measure([parent]))[parent] for _ in range(2)]
    for use in (first, second):
        # The machine may be busy, but its one thread is not on more than one processor.
        assert 5 < use.cpu_percent < 150


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
