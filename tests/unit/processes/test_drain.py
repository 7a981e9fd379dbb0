"""A restart lets finish what runs, and nobody who comes meanwhile is turned away."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from jupyter_server_proxy.errors import ServiceStopped, ShuttingDown
from jupyter_server_proxy.processes.usage import StopReason
from jupyter_server_proxy.rules.lifecycle import State
from jupyter_server_proxy.rules.service import RestartPolicy


async def patiently(awaitable):
    return await asyncio.wait_for(awaitable, 30)


@pytest.fixture
def make_ready(make_supervisor, app):
    async def make(**options):
        supervisor = make_supervisor(app("web.py"), **options)
        await patiently(supervisor.ensure_ready())
        return supervisor

    return make


def begin(awaitable) -> asyncio.Task:
    return asyncio.get_running_loop().create_task(awaitable)


async def a_round() -> None:
    """Whatever has begun gets as far as it can without waiting."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_exchanges_finish_and_requests_wait(make_ready) -> None:
    supervisor = await make_ready()
    pid = supervisor.pid
    with supervisor.use():
        restart = begin(supervisor.restart(drain=True))
        await a_round()
        visitor = begin(supervisor.ensure_ready())
        await a_round()
        assert (supervisor.state, supervisor.pid) == (State.READY, pid)
        assert supervisor.ready is None
        assert not visitor.done()
    ready = await patiently(restart)
    assert ready.generation == 2
    assert await patiently(visitor) == ready
    assert supervisor.pid != pid


async def test_without_any_exchange_it_is_stopped_at_once_even_if_tunnels_are_open(
    make_ready,
) -> None:
    supervisor = await make_ready()
    with supervisor.use(is_tunnel=True):
        assert (supervisor.in_flight, supervisor.tunnels) == (1, 1)
        restart = begin(supervisor.restart(drain=True))
        await a_round()
        assert supervisor.state is State.STOPPING
        assert (await patiently(restart)).generation == 2
    assert (supervisor.in_flight, supervisor.tunnels) == (0, 0)


async def test_an_exchange_without_end_holds_it_up_for_no_longer_than_a_stop(make_ready) -> None:
    supervisor = await make_ready(stop_timeout=0.2)
    with supervisor.use():
        assert (await patiently(supervisor.restart(drain=True))).generation == 2


async def test_two_restarts_are_one(make_ready) -> None:
    supervisor = await make_ready()
    with supervisor.use():
        restarts = [begin(supervisor.restart(drain=True)) for _ in range(2)]
        await a_round()
    first, second = await patiently(asyncio.gather(*restarts))
    assert first == second
    assert supervisor.generation == 2


async def test_a_stop_while_it_drains_is_a_stop(make_ready) -> None:
    supervisor = await make_ready()
    with supervisor.use():
        restart = begin(supervisor.restart(drain=True))
        await a_round()
        await patiently(supervisor.stop())
        assert supervisor.state is State.STOPPED
    with pytest.raises(ServiceStopped):
        await restart
    assert supervisor.stopped_by is StopReason.PERSON


async def test_a_close_while_it_drains_is_a_close(make_ready) -> None:
    supervisor = await make_ready()
    with supervisor.use():
        restart = begin(supervisor.restart(drain=True))
        await a_round()
        await patiently(supervisor.close())
    with pytest.raises(ShuttingDown):
        await restart


@pytest.mark.parametrize("policy", list(RestartPolicy))
async def test_a_crash_while_it_drains_only_brings_the_restart_forward(make_ready, policy) -> None:
    supervisor = await make_ready(restart=policy)
    with supervisor.use():
        restart = begin(supervisor.restart(drain=True))
        await a_round()
        os.kill(supervisor.pid, signal.SIGKILL)
        assert (await patiently(restart)).generation == 2
    await a_round()
    assert supervisor.state is State.READY


async def test_its_lifetime_ends_while_it_drains(make_ready) -> None:
    supervisor = await make_ready(max_lifetime=0.2, stop_timeout=5)
    with supervisor.use():
        restart = begin(supervisor.restart(drain=True))
        await asyncio.wait({restart}, timeout=0.4)
        assert not restart.done()
    assert (await patiently(restart)).generation == 2


async def test_a_stop_after_a_restart_is_the_last_word(make_ready) -> None:
    supervisor = await make_ready()
    restart = begin(supervisor.restart())
    await a_round()
    await patiently(supervisor.stop())
    assert supervisor.state is State.STOPPED
    with pytest.raises(ServiceStopped):
        await restart


async def test_a_restart_and_who_removes_it_wait_for_the_same_exchanges(make_ready) -> None:
    supervisor = await make_ready(stop_timeout=20)
    with supervisor.use():
        restart = begin(supervisor.restart(drain=True))
        await a_round()
        removal = begin(supervisor.drain())
        await a_round()
        assert not removal.done()
    await asyncio.wait_for(removal, 5)
    assert (await asyncio.wait_for(restart, 15)).generation == 2


async def test_who_gives_up_waiting_is_not_told_any_more(make_ready) -> None:
    supervisor = await make_ready()
    with supervisor.use():
        followers = len(supervisor._subscribers)
        removal = begin(supervisor.drain())
        await a_round()
        removal.cancel()
        await asyncio.wait({removal})
        assert len(supervisor._subscribers) == followers


async def test_a_restart_of_what_is_starting_refuses_nobody(make_supervisor, app) -> None:
    supervisor = make_supervisor(app("web.py", "--bind-after", "0.5"))
    visitor = begin(supervisor.ensure_ready())
    await a_round()
    assert supervisor.state is State.STARTING
    restart = begin(supervisor.restart(drain=True))
    assert (await patiently(visitor)).generation == 2
    assert await patiently(restart) == await visitor
