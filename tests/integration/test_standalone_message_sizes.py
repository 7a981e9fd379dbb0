"""`--websocket-max-message-size`: what is larger ends its websocket, whoever sent it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from _harness.backend import Backend
from _harness.client import connected
from _harness.message import patiently
from _harness.standalone import Standalone, standalone
from _harness.upgrades import WEBSOCKET
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

NO_LOGIN = ("--no-authentication", "--port=0")
LIMIT = 1000


@asynccontextmanager
async def limited(folder: Path, *options: str) -> AsyncIterator[Standalone]:
    """In front of an application that sends as many letters as it is told, or what it got."""

    async def answer(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send("x" * int(message) if message.isdecimal() else message)

    async with serve(answer, "127.0.0.1", 0, max_size=None) as server:
        port = server.sockets[0].getsockname()[1]
        async with standalone(folder, *NO_LOGIN, f"--server-port={port}", *options) as proxy:
            yield proxy


def url(proxy: Standalone) -> str:
    return f"ws://{proxy.netloc}/"


async def test_messages_up_to_the_limit_pass(tmp_path: Path) -> None:
    async with (
        limited(tmp_path, f"--websocket-max-message-size={LIMIT}") as proxy,
        connect(url(proxy)) as client,
    ):
        await client.send(str(LIMIT))
        assert await patiently(client.recv()) == "x" * LIMIT
        await client.send("y" * LIMIT)
        assert await patiently(client.recv()) == "y" * LIMIT


@pytest.mark.parametrize("message", [str(LIMIT + 1), "y" * (LIMIT + 1)], ids=["from", "to"])
async def test_a_larger_message_ends_its_websocket_and_says_why(
    message: str, tmp_path: Path
) -> None:
    async with limited(tmp_path, f"--websocket-max-message-size={LIMIT}") as proxy:
        async with connect(url(proxy)) as client:
            await client.send(message)
            with pytest.raises(ConnectionClosed) as closed:
                await patiently(client.recv())
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009
        async with connect(url(proxy)) as other:
            await other.send("y")
            assert await patiently(other.recv()) == "y"


async def test_a_message_that_is_small_only_while_compressed_is_too_large(tmp_path: Path) -> None:
    options = (f"--websocket-max-message-size={LIMIT}",)
    async with limited(tmp_path, *options) as proxy, connect(url(proxy)) as client:
        await client.send("y" * 100 * LIMIT)
        with pytest.raises(ConnectionClosed) as closed:
            await patiently(client.recv())
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_without_a_limit_messages_pass_whatever_their_size(tmp_path: Path) -> None:
    size = 3_000_000
    async with limited(tmp_path) as proxy, connect(url(proxy), max_size=None) as client:
        await client.send("y" * size)
        assert len(await patiently(client.recv())) == size


async def test_messages_for_a_raw_stream_are_limited(backend: Backend, tmp_path: Path) -> None:
    options = ("--raw-socket-proxy", f"--server-port={backend.port}")
    limit = "--websocket-max-message-size=5"
    async with (
        standalone(tmp_path, *NO_LOGIN, *options, limit) as proxy,
        connected(proxy) as client,
    ):
        await client.ask("GET", "/", WEBSOCKET)
        assert (await client.head()).status == 101
        peer = await backend.accepted()
        await client.send(b"\x82\x85\0\0\0\0small")
        assert await peer.read(5) == b"small"
        await client.send(b"\x82\x86\0\0\0\0larger")
        frame = await client.read(4)
        assert frame[:1] == b"\x88"
        assert int.from_bytes(frame[2:4], "big") == 1009
