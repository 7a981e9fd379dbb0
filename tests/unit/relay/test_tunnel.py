"""A tunnel between two real sockets: every byte, every kind of end, no more memory than needed."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from tornado import iostream

from jupyter_server_proxy.relay import tunnel as module
from jupyter_server_proxy.relay.tunnel import Tunnel, TunnelHooks

PATIENCE = 60.0
# More than the buffers of two kernels' sockets and two transports hold.
PLENTY = 64 * 1024 * 1024


async def patiently(awaitable):
    return await asyncio.wait_for(awaitable, PATIENCE)


@dataclass
class Side:
    """The far end of one side of the tunnel, as an application sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await patiently(self.writer.drain())

    async def read(self, size: int) -> bytes:
        return await patiently(self.reader.readexactly(size))

    async def rest(self) -> bytes:
        return await patiently(self.reader.read())

    def reset(self) -> None:
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await patiently(self.writer.wait_closed())


@dataclass
class Joined:
    tunnel: Tunnel
    client: Side
    backend: Side
    ended: asyncio.Event
    seen: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def tcp_pair() -> AsyncIterator[tuple[socket.socket, socket.socket]]:
    """Two connected sockets; TCP, because only it has resets."""
    listener = socket.create_server(("127.0.0.1", 0))
    one = socket.create_connection(listener.getsockname())
    other, _ = listener.accept()
    listener.close()
    one.setblocking(False)
    other.setblocking(False)
    try:
        yield one, other
    finally:
        one.close()
        other.close()


async def as_side(raw: socket.socket) -> Side:
    return Side(*await asyncio.open_connection(sock=raw, limit=1 << 20))


@asynccontextmanager
async def joined(
    *,
    idle_timeout: float = 0.0,
    to_client: bytes = b"101",
    observe: bool = False,
    before_join: Callable[[Side, iostream.IOStream], Awaitable[None]] | None = None,
) -> AsyncIterator[Joined]:
    """A tunnel that has just been joined, and both far ends of it."""
    ended = asyncio.Event()
    seen: list[bytes] = []
    endings: list[None] = []

    def on_closed() -> None:
        endings.append(None)
        ended.set()

    hooks = TunnelHooks(on_data=seen.append if observe else None, on_closed=on_closed)
    loop = asyncio.get_running_loop()
    async with tcp_pair() as (far_client, near_client), tcp_pair() as (near_backend, far_backend):
        client, backend = await as_side(far_client), await as_side(far_backend)
        stream = iostream.IOStream(near_client)
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=near_backend)
        transport.pause_reading()
        if before_join is not None:
            await before_join(client, stream)
        tunnel = Tunnel(hooks, idle_timeout=idle_timeout)
        await tunnel.join(stream, transport, to_client=to_client)
        try:
            yield Joined(tunnel, client, backend, ended, seen)
        finally:
            tunnel.abort()
            await client.close()
            await backend.close()
        await patiently(ended.wait())
        assert endings == [None]


# --- bytes ----------------------------------------------------------------------------------


async def test_bytes_go_both_ways_unchanged():
    everything = bytes(range(256)) * 5000
    async with joined(to_client=b"the 101") as both:
        assert await both.client.read(7) == b"the 101"
        await asyncio.gather(both.client.send(everything), both.backend.send(everything[::-1]))
        assert await both.backend.read(len(everything)) == everything
        assert await both.client.read(len(everything)) == everything[::-1]


async def test_what_follows_the_answer_reaches_the_client_first():
    async with joined(to_client=b"the 101" + b"early") as both:
        await both.backend.send(b"late")
        assert await both.client.read(16) == b"the 101earlylate"


async def test_what_the_client_sent_before_the_join_reaches_the_backend_first():
    async def early(client: Side, stream: iostream.IOStream) -> None:
        await client.send(b"request\r\n\r\nfirst ")
        assert await stream.read_until(b"\r\n\r\n") == b"request\r\n\r\n"

    async with joined(before_join=early) as both:
        await both.client.send(b"second")
        assert await both.backend.read(12) == b"first second"


async def test_joining_takes_only_what_was_read_already():
    """A client that sends without end must not have it all collected before the join."""

    async def flood(client: Side, stream: iostream.IOStream) -> None:
        client.writer.write(b"x" * PLENTY)
        assert len(await stream.read_bytes(10)) == 10

    taken: list[int] = []
    take = module._take_buffered

    def note(stream: iostream.IOStream) -> bytes:
        data = take(stream)
        taken.append(len(data))
        return data

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_take_buffered", note)
        async with joined(before_join=flood) as both:
            remaining = PLENTY - 10
            while remaining:
                remaining -= len(await both.backend.read(min(remaining, 1 << 20)))
    assert taken[0] <= 256 * 1024


async def test_every_chunk_is_observed_in_both_directions():
    async with joined(observe=True) as both:
        await both.client.send(b"there")
        assert await both.backend.read(5) == b"there"
        await both.backend.send(b"back")
        assert await both.client.read(7) == b"101back"
        assert both.seen == [b"there", b"back"]


# --- backpressure ---------------------------------------------------------------------------


@pytest.mark.parametrize("fast", ["client", "backend"])
async def test_a_slow_reader_stops_the_writer(fast):
    async with joined() as both:
        writer, reader = getattr(both, fast), both.backend if fast == "client" else both.client
        reader.reader._transport.pause_reading()
        writer.writer.write(b"x" * PLENTY)
        transports = [end.transport for end in both.tunnel.ends]
        await settled(writer.writer.transport.get_write_buffer_size)
        held = sum(transport.get_write_buffer_size() for transport in transports)
        assert held < 1024 * 1024
        assert writer.writer.transport.get_write_buffer_size() > 0
        reader.reader._transport.resume_reading()
        remaining = PLENTY + (3 if reader is both.client else 0)
        while remaining:
            remaining -= len(await reader.read(min(remaining, 1 << 20)))


async def test_a_long_first_answer_counts_towards_the_limit():
    """The bytes that came with the 101 may already be more than the client takes."""

    async def narrow(client: Side, stream: iostream.IOStream) -> None:
        client.reader._transport.pause_reading()
        for raw in (client.writer.get_extra_info("socket"), stream.socket):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

    first = b"x" * (1024 * 1024)
    async with joined(to_client=first, before_join=narrow) as both:
        both.backend.writer.write(b"y" * PLENTY)
        await settled(both.backend.writer.transport.get_write_buffer_size)
        assert both.tunnel.ends[0].transport.get_write_buffer_size() < 2 * len(first)


async def settled(measure: Callable[[], int]) -> None:
    """Wait until a number stops changing: 20 looks in a row that find the same."""
    last, same = -1, 0
    while same < 20:
        await asyncio.sleep(0.01)
        now = measure()
        same = same + 1 if now == last else 0
        last = now


# --- ends -----------------------------------------------------------------------------------


async def test_an_end_of_input_is_carried_over_and_the_other_direction_goes_on():
    async with joined() as both:
        await both.client.send(b"question")
        both.client.writer.write_eof()
        assert await both.backend.rest() == b"question"
        assert both.tunnel.is_half_closed
        await both.backend.send(b"a long answer")
        both.backend.writer.write_eof()
        assert await both.client.rest() == b"101a long answer"
        await patiently(both.ended.wait())


async def test_the_backend_may_close_its_direction_first():
    async with joined() as both:
        both.backend.writer.write_eof()
        assert await both.client.rest() == b"101"
        await both.client.send(b"still listening?")
        both.client.writer.write_eof()
        assert await both.backend.rest() == b"still listening?"
        await patiently(both.ended.wait())


@pytest.mark.parametrize("who", ["client", "backend"])
async def test_a_reset_is_carried_over_as_a_reset(who):
    async with joined() as both:
        one = getattr(both, who)
        other = both.backend if who == "client" else both.client
        await one.send(b"x")
        expected = 1 if who == "client" else 4
        await other.read(expected)
        one.reset()
        with pytest.raises(ConnectionResetError):
            await other.rest()
        await patiently(both.ended.wait())


async def test_everything_sent_before_an_end_arrives():
    data = b"z" * (8 * 1024 * 1024)
    async with joined(to_client=b"") as both:
        both.backend.writer.write(data)
        both.backend.writer.write_eof()
        assert len(await both.client.rest()) == len(data)


async def test_a_side_that_is_never_ended_is_given_up_after_the_other_has(monkeypatch):
    monkeypatch.setattr(module, "HALF_CLOSED_SECONDS", 0.05)
    async with joined() as both:
        both.client.writer.write_eof()
        await patiently(both.ended.wait())
        assert await both.backend.rest() == b""


async def test_an_idle_time_out_closes_a_silent_tunnel():
    async with joined(idle_timeout=0.1) as both:
        await patiently(both.ended.wait())
        assert await both.backend.rest() == b""


async def test_an_idle_time_out_counts_from_the_last_byte(monkeypatch):
    loop = asyncio.get_running_loop()
    start = loop.time()
    async with joined(idle_timeout=0.5) as both:
        for _ in range(4):
            await asyncio.sleep(0.2)
            if loop.time() - start > 5:
                pytest.skip("the machine is too busy to tell")
            await both.client.send(b"x")
            await both.backend.read(1)
        await patiently(both.ended.wait())
    assert loop.time() - start >= 1.2


async def test_abort_closes_both_sides_at_once():
    async with joined() as both:
        both.tunnel.abort()
        assert await both.client.rest() in (b"", b"101")
        assert await both.backend.rest() == b""
        await patiently(both.ended.wait())


async def test_a_client_that_went_away_before_the_join_takes_the_backend_with_it():
    async def leave(client: Side, stream: iostream.IOStream) -> None:
        await client.close()
        with pytest.raises(iostream.StreamClosedError):
            await stream.read_bytes(1)

    async with joined(before_join=leave) as both:
        assert await both.backend.rest() == b""
        await patiently(both.ended.wait())


async def test_a_stream_that_is_closed_but_not_yet_read_empty_is_gone_too():
    async def leave(client: Side, stream: iostream.IOStream) -> None:
        await client.send(b"request data")
        assert await stream.read_bytes(8) == b"request "
        stream.close()

    async with joined(before_join=leave) as both:
        assert await both.backend.rest() == b""
        await patiently(both.ended.wait())


async def test_an_end_of_input_before_the_join_is_carried_over():
    async def end(client: Side, stream: iostream.IOStream) -> None:
        await client.send(b"request data")
        assert await stream.read_bytes(8) == b"request "
        client.writer.write_eof()

    async with joined(before_join=end) as both:
        assert await both.backend.rest() == b"data"
        await both.backend.send(b"answer")
        assert await both.client.read(9) == b"101answer"


async def test_the_state_shows_in_one_line():
    async with joined() as both:
        assert repr(both.tunnel) == "<Tunnel open>"
        both.client.writer.write_eof()
        await both.backend.rest()
        assert repr(both.tunnel) == "<Tunnel half-closed>"
    assert repr(both.tunnel) == "<Tunnel closed>"
