"""A restart lets finish what runs, and nobody who comes meanwhile is turned away."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from jupyter_server_proxy.errors import ServiceStopped, ShuttingDown, StartTimedOut
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


async def test_a_restart_that_does_not_drain_ends_one_that_does_and_refuses_nobody(
    make_ready,
) -> None:
    supervisor = await make_ready(stop_timeout=60)
    with supervisor.use():
        patient = begin(supervisor.restart(drain=True))
        await a_round()
        visitor = begin(supervisor.ensure_ready())
        await a_round()
        impatient = begin(supervisor.restart())
        await a_round()
        assert supervisor.state is State.STOPPING
        results = await patiently(asyncio.gather(patient, visitor, impatient))
    assert [ready.generation for ready in results] == [2, 2, 2]
    assert supervisor.restarts == 1


@pytest.mark.parametrize("drains", [(True, True), (True, False), (False, True), (False, False)])
async def test_restarts_at_once_are_one_start_and_count_once(make_ready, drains) -> None:
    supervisor = await make_ready()
    with supervisor.use():
        restarts = []
        for drain in drains:
            restarts.append(begin(supervisor.restart(drain=drain)))
            await a_round()
    await patiently(asyncio.gather(*restarts))
    assert (supervisor.generation, supervisor.restarts) == (2, 1)


async def test_a_restart_that_a_stop_has_ended_does_not_count(make_ready) -> None:
    supervisor = await make_ready()
    restart = begin(supervisor.restart())
    await a_round()
    await patiently(supervisor.stop())
    with pytest.raises(ServiceStopped):
        await restart
    await patiently(supervisor.ensure_ready())
    assert (supervisor.generation, supervisor.restarts) == (2, 0)


async def test_a_restart_goes_on_when_who_wanted_it_has_gone(make_ready) -> None:
    supervisor = await make_ready()
    restart = begin(supervisor.restart())
    await a_round()
    restart.cancel()
    await asyncio.wait({restart})
    started = asyncio.Event()
    supervisor.subscribe(lambda change: change.after is State.READY and started.set())
    await patiently(started.wait())
    assert supervisor.generation == 2


async def test_who_waits_is_refused_when_it_is_removed_while_it_drains(make_ready) -> None:
    supervisor = await make_ready(stop_timeout=20)
    with supervisor.use():
        restart = begin(supervisor.restart(drain=True))
        await a_round()
        visitor = begin(supervisor.ensure_ready())
        removal = begin(supervisor.drain())
        await a_round()
    await patiently(removal)
    await patiently(supervisor.stop())
    await patiently(supervisor.close())
    for waiting in (restart, visitor):
        with pytest.raises(ServiceStopped):
            await waiting
    assert (supervisor.state, supervisor.generation) == (State.CLOSED, 1)


async def test_a_service_that_never_goes_quiet_is_removed_all_the_same(make_ready) -> None:
    supervisor = await make_ready(stop_timeout=0.2)
    with supervisor.use():
        await patiently(supervisor.drain())
        assert supervisor.in_flight == 1
        await patiently(supervisor.close())


async def test_whoever_comes_in_waves_cannot_hold_up_a_restart(make_ready) -> None:
    """Exchanges that overlap: it is never quiet, and those who come wait."""
    supervisor = await make_ready(stop_timeout=0.3)
    with supervisor.use():
        restart = begin(supervisor.restart(drain=True))
        await a_round()
        visitors = [begin(supervisor.ensure_ready()) for _ in range(20)]
        ready = await patiently(restart)
    assert {visitor.generation for visitor in await asyncio.gather(*visitors)} == {2}
    assert ready.generation == 2


async def test_a_person_need_not_ask_twice_while_a_start_is_given_up(make_supervisor) -> None:
    deaf = ["sh", "-c", "trap '' TERM; sleep 60"]
    supervisor = make_supervisor(deaf, timeout=0.5, stop_timeout=0.5)
    with pytest.raises(StartTimedOut):
        await patiently(supervisor.ensure_ready())
    assert supervisor.state is State.ABORTING
    with pytest.raises(StartTimedOut):
        await patiently(supervisor.ensure_ready())
    again = begin(supervisor.ensure_ready(is_person=True))
    await a_round()
    assert not again.done()
    with pytest.raises(StartTimedOut):
        await patiently(again)
    assert supervisor.generation == 2
