"""The lock that our starts share, and that a package holds alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jupyter_server_proxy.handlers.seams.proc_lock import SharedHold


class Start:
    """One start under the lock, which goes on until it is told to end."""

    def __init__(self, hold: SharedHold) -> None:
        self.entered, self.end = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(self._run(hold))

    async def _run(self, hold: SharedHold) -> None:
        async with hold:
            self.entered.set()
            await self.end.wait()

    async def finish(self) -> None:
        self.end.set()
        await self.task


async def rounds() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_starts_do_not_wait_for_one_another_but_a_package_does() -> None:
    state: dict[str, Any] = {}
    hold = SharedHold(state)
    first, second = Start(hold), Start(hold)
    await asyncio.gather(first.entered.wait(), second.entered.wait())
    package = asyncio.create_task(state["proc_lock"].acquire())
    await first.finish()
    await rounds()
    assert not package.done()
    await second.finish()
    assert await package
    third = Start(hold)
    await rounds()
    assert not third.entered.is_set()
    state["proc_lock"].release()
    await third.finish()
    assert not state["proc_lock"].locked()


@pytest.mark.parametrize("leaving", [0, 1])
async def test_who_leaves_while_waiting_leaves_the_others_waiting(leaving: int) -> None:
    state: dict[str, Any] = {"proc_lock": asyncio.Lock()}
    lock = state["proc_lock"]
    await lock.acquire()
    hold = SharedHold(state)
    starts = [Start(hold), Start(hold)]
    await rounds()
    starts[leaving].task.cancel()
    await rounds()
    lock.release()
    await asyncio.wait_for(starts[1 - leaving].entered.wait(), 5)
    assert lock.locked()
    await starts[1 - leaving].finish()
    assert not lock.locked()


@pytest.mark.parametrize("rounds_before", range(4))
async def test_when_all_have_left_the_lock_is_free(rounds_before: int) -> None:
    state: dict[str, Any] = {"proc_lock": asyncio.Lock()}
    lock = state["proc_lock"]
    await lock.acquire()
    hold = SharedHold(state)
    start = Start(hold)
    await rounds()
    lock.release()
    for _ in range(rounds_before):
        await asyncio.sleep(0)
    start.task.cancel()
    await asyncio.gather(start.task, return_exceptions=True)
    await rounds()
    assert not lock.locked()
    again = Start(hold)
    await asyncio.wait_for(again.entered.wait(), 5)
    await again.finish()


async def test_a_lock_that_a_package_has_put_there_is_used() -> None:
    lock = asyncio.Lock()
    async with SharedHold({"proc_lock": lock}):
        assert lock.locked()
    assert not lock.locked()
