from __future__ import annotations

import asyncio

import pytest

from jupyter_server_proxy.backend.limit import time_limit


async def test_what_takes_too_long_times_out() -> None:
    with pytest.raises(asyncio.TimeoutError):
        async with time_limit(0.01):
            await asyncio.Event().wait()


async def test_what_is_in_time_is_left_alone() -> None:
    async with time_limit(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize("rounds", range(5))
async def test_a_cancellation_just_when_the_call_fails_is_not_lost(rounds: int) -> None:
    answer = asyncio.get_running_loop().create_future()

    async def call() -> None:
        async with time_limit(5):
            await answer

    task = asyncio.ensure_future(call())
    await asyncio.sleep(0)
    answer.set_exception(OSError("refused"))
    for _ in range(rounds):
        await asyncio.sleep(0)
    is_taken = task.cancel()
    await asyncio.wait({task})
    assert task.cancelled() is is_taken
    if not task.cancelled():
        assert isinstance(task.exception(), OSError)
