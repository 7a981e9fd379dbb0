"""Connections to a real listening socket: kept, repeated, limited, closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from jupyter_server_proxy.backend.connection import connect
from jupyter_server_proxy.backend.pool import Call, Pool, PoolLimits, Pools
from jupyter_server_proxy.errors import (
    BackendBroke,
    BackendUnreachable,
    ClientGone,
    OverLimit,
)
from jupyter_server_proxy.rules.targets import TcpTarget, UnixTarget

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PATIENCE = 30.0


class Listener:
    """Accepts; each connection is (reader, writer) in `accepted`."""

    def __init__(self) -> None:
        self.accepted: asyncio.Queue = asyncio.Queue()
        self.writers: list[asyncio.StreamWriter] = []
        self.target = TcpTarget("127.0.0.1", 1)

    def accept(self, reader, writer) -> None:
        self.writers.append(writer)
        self.accepted.put_nowait((reader, writer))

    async def connection(self):
        return await asyncio.wait_for(self.accepted.get(), PATIENCE)


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    listener = Listener()
    server = await asyncio.start_server(listener.accept, "127.0.0.1", 0)
    listener.target = TcpTarget("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield listener
    finally:
        server.close()
        for writer in listener.writers:
            writer.transport.abort()


@pytest.fixture
async def listener():
    async with listening() as listener:
        yield listener


@pytest.fixture
async def pool(listener):
    pool = Pool(listener.target)
    yield pool
    pool.close()


async def answer(connection, raw: bytes = OK) -> bytes:
    reader, writer = connection
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
    writer.write(raw)
    return head


async def finish(call: Call) -> bytes:
    exchange = await asyncio.wait_for(call.head_arrived(), PATIENCE)
    body = await asyncio.wait_for(exchange.read(), PATIENCE)
    call.finish()
    return body


async def get(pool: Pool) -> Call:
    return await pool.call("GET", HEAD, is_repeatable=True)


async def test_an_idle_connection_is_used_again(pool, listener):
    call = await get(pool)
    connection = await listener.connection()
    for _ in range(3):
        assert await answer(connection) == HEAD
        assert await finish(call) == b"ok"
        call = await get(pool)
    call.abort()
    assert listener.accepted.empty()


async def test_what_cannot_be_repeated_gets_a_new_connection(pool, listener):
    call = await get(pool)
    await answer(await listener.connection())
    await finish(call)
    call = await pool.call("POST", HEAD, is_repeatable=False)
    await answer(await listener.connection())
    assert await finish(call) == b"ok"


async def test_an_idle_connection_that_died_is_not_offered(pool, listener):
    call = await get(pool)
    connection = await listener.connection()
    await answer(connection)
    await finish(call)
    connection[1].write_eof()
    await asyncio.wait_for(connection[0].read(), PATIENCE)  # it has closed too: it knows
    call = await get(pool)
    await answer(await listener.connection())
    assert await finish(call) == b"ok"


async def test_a_call_on_a_stale_connection_is_made_once_more(pool, listener):
    call = await get(pool)
    first = await listener.connection()
    await answer(first)
    await finish(call)
    call = await get(pool)
    waiting = asyncio.create_task(finish(call))
    await first[0].readuntil(b"\r\n\r\n")
    first[1].transport.abort()
    second = await listener.connection()
    await second[0].readuntil(b"\r\n\r\n")
    second[1].transport.abort()
    with pytest.raises(BackendBroke):
        await waiting
    call.abort()
    assert listener.accepted.empty()
    assert pool.is_unused


async def test_a_client_that_goes_while_a_call_is_repeated(pool, listener):
    call = await get(pool)
    first = await listener.connection()
    await answer(first)
    await finish(call)
    call = await get(pool)
    connect_again = pool.reconnect

    async def slow_reconnect():
        connection = await connect_again()
        call.fail(ClientGone("gone"))
        return connection

    pool.reconnect = slow_reconnect
    first[1].transport.abort()
    with pytest.raises(ClientGone):
        await asyncio.wait_for(call.head_arrived(), PATIENCE)
    call.abort()
    reader, _ = await listener.connection()
    assert await asyncio.wait_for(reader.read(), PATIENCE) == b""


async def test_a_call_that_is_given_up_closes_its_connection(pool, listener):
    call = await get(pool)
    reader, _ = await listener.connection()
    call.abort()
    assert await asyncio.wait_for(reader.read(), PATIENCE) in (b"", HEAD)
    assert pool.is_unused


async def test_closing_lets_calls_end_but_keeps_nothing(pool, listener):
    idle, running = await get(pool), await get(pool)
    connections = [await listener.connection(), await listener.connection()]
    await answer(connections[0])
    await finish(idle)
    pool.close()
    await answer(connections[1])
    assert await finish(running) == b"ok"
    for reader, _ in connections:
        await asyncio.wait_for(reader.read(), PATIENCE)
    assert pool.is_unused


async def test_places_are_handed_on_in_turn(listener):
    pool = Pool(listener.target, PoolLimits(connect_timeout=PATIENCE, max_connections=1))
    order: list[int] = []

    async def visit(number: int) -> None:
        call = await get(pool)
        order.append(number)
        await finish(call)

    visits = [asyncio.create_task(visit(number)) for number in range(4)]
    connection = await listener.connection()
    for _ in visits:
        await answer(connection)
    await asyncio.gather(*visits)
    assert order == [0, 1, 2, 3]
    pool.close()


async def test_who_waits_in_vain_is_told_and_takes_no_place(listener):
    pool = Pool(listener.target, PoolLimits(connect_timeout=0.01, max_connections=1))
    call = await get(pool)
    with pytest.raises(OverLimit) as caught:
        await get(pool)
    assert caught.value.retry_after == 0.01
    call.abort()
    (await get(pool)).abort()
    assert pool.is_unused


async def test_who_stops_waiting_takes_no_place(listener):
    pool = Pool(listener.target, PoolLimits(connect_timeout=PATIENCE, max_connections=1))
    call = await get(pool)
    waiting = [asyncio.create_task(get(pool)) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.gather(waiting[0], return_exceptions=True)
    call.abort()
    (await asyncio.wait_for(waiting[1], PATIENCE)).abort()
    assert pool.is_unused


async def test_a_failure_to_connect_takes_no_place():
    async with listening() as gone:
        pass
    pool = Pool(gone.target, PoolLimits(max_connections=1))
    for _ in range(3):
        with pytest.raises(BackendUnreachable, match="Nothing can be reached at 127"):
            await get(pool)
    assert pool.is_unused


@pytest.mark.parametrize("target", [UnixTarget("/no/such.sock"), TcpTarget("no.invalid", 80)])
async def test_what_cannot_be_reached_says_where(target):
    with pytest.raises(BackendUnreachable, match=str(target)):
        await connect(target, timeout=PATIENCE)


# --- pools ------------------------------------------------------------------------------------


TARGET = TcpTarget("127.0.0.1", 1)


def test_a_pool_is_found_by_owner_target_and_generation():
    pools = Pools()
    made = pools.make("app", TARGET, generation=1)
    assert pools.find("app", TARGET, 1) is made
    assert pools.find("app", TARGET, 2) is None
    assert pools.find("", TARGET, 1) is None
    assert pools.find("app", TcpTarget("127.0.0.1", 2), 1) is None


def test_a_new_generation_replaces_the_old_one_of_its_owner_only():
    pools = Pools()
    others = pools.make("", TARGET)
    old = pools.make("app", TARGET, generation=1)
    new = pools.make("app", TARGET, generation=2)
    assert pools.find("app", TARGET, 1) is None
    assert pools.find("app", TARGET, 2) is new
    assert pools.find("", TARGET) is others
    assert "closed" in repr(old)
    assert "open" in repr(others)


def test_unused_pools_do_not_pile_up():
    pools = Pools()
    for port in range(1, 3 * Pools.MAX_TARGETS):
        pools.make("", TcpTarget("127.0.0.1", port))
    assert repr(pools).count("<Pool ") <= Pools.MAX_TARGETS
