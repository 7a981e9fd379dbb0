"""An answer that came before the connection broke."""

from __future__ import annotations

import asyncio

from jupyter_server_proxy.backend.connection import connect
from jupyter_server_proxy.rules.targets import TcpTarget

REFUSAL = b"HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno"


async def test_an_answer_is_read_although_writing_failed_first() -> None:
    answered = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(REFUSAL)
        await writer.drain()
        # With bytes unread, closing resets the connection.
        writer.transport.abort()
        answered.set()

    async with await asyncio.start_server(refuse, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        connection = await connect(TcpTarget("127.0.0.1", port), timeout=30)
        connection.pause_reading()
        head = b"POST / HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n"
        exchange = connection.send("POST", head + b"x" * 65536)
        await answered.wait()
        while connection.is_open:
            connection.write(b"x" * 65536)
            await asyncio.sleep(0)
        await exchange.head_arrived()
        assert (exchange.status, await exchange.read()) == (413, b"no")
