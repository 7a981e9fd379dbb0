"""An application is asked whether it answers, without being disturbed by that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from jupyter_server_proxy.backend import probe
from jupyter_server_proxy.backend.probe import fetch_status
from jupyter_server_proxy.rules.targets import TcpTarget

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
BODY = b"x" * 4_000_000


@asynccontextmanager
async def serving(answer: Serve) -> AsyncIterator[tuple[TcpTarget, asyncio.Future[bytes]]]:
    """A backend for one request, and what it has read, or met with, after its answer."""
    end: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(reader, writer)
            end.set_result(await reader.read())
        except OSError as error:
            end.set_exception(error)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield TcpTarget("127.0.0.1", server.sockets[0].getsockname()[1]), end
    finally:
        server.close()
        await server.wait_closed()


async def test_an_application_can_write_its_page_to_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probe, "_TIME_FOR_BODY", 60)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY))
        await writer.drain()
        writer.write(BODY)
        await writer.drain()

    async with serving(answer) as (target, end):
        assert await fetch_status(target, "/", timeout=60) == 200
        assert await end == b""


async def test_a_page_without_an_end_is_an_answer() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        await writer.drain()

    async with serving(answer) as (target, end):
        assert await fetch_status(target, "/", timeout=60) == 200
        assert await end == b""


async def test_a_page_that_breaks_off_is_an_answer() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 404 No\r\nContent-Length: 10\r\n\r\nhalf")
        writer.write_eof()

    async with serving(answer) as (target, end):
        assert await fetch_status(target, "/", timeout=60) == 404
        await asyncio.wait({end})
