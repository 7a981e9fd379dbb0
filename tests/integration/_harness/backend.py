"""A backend whose every byte is the test's own.

Either the test plays it step by step (`peer = await backend.accepted()`), or it answers by
itself (`backend.answer_with(...)`) and keeps what arrived.
"""

from __future__ import annotations

import asyncio
import socket
import ssl as tls
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from .message import LARGEST_HEAD, Head, Message, patiently, read_body, read_chunk, read_head
from .sockets import gone, reset

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Peer:
    """One connection that the backend has accepted."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def head(self) -> Head:
        """The next request's head."""
        return await read_head(self.reader)

    async def request(self) -> Message:
        """The next request with its whole body."""
        head = await self.head()
        return Message(head.raw, await read_body(self.reader, head, until_close=False))

    async def read(self, size: int) -> bytes:
        return await patiently(self.reader.readexactly(size))

    async def chunk(self) -> bytes:
        return await read_chunk(self.reader)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await patiently(self.writer.drain())

    async def closed(self) -> bytes:
        """What still comes until Jupyter closes this connection."""
        return await gone(self.reader)

    async def send_chunk(self, data: bytes) -> None:
        await self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def half_close(self) -> None:
        self.writer.write_eof()

    def reset(self) -> None:
        reset(self.writer)

    def close(self) -> None:
        self.writer.close()


Script = Callable[[Peer], Awaitable[None]]


class Backend:
    """A listening socket. `connections` counts what it accepted, `requests` what `answer_with`
    and `run` (by way of `note`) saw."""

    def __init__(self) -> None:
        self.connections = 0
        self.requests: list[Message] = []
        self.port = 0
        self._waiting: asyncio.Queue[Peer] = asyncio.Queue()
        self._peers: list[Peer] = []
        self._script: Script | None = None
        self._answer: bytes | Callable[[Message], bytes] = HELLO
        self._tasks: list[asyncio.Task[None]] = []

    # --- the test's side ---

    @property
    def path(self) -> str:
        """The route to it, without the base URL."""
        return f"/proxy/{self.port}"

    @property
    def request(self) -> Message:
        """The only request that came."""
        assert len(self.requests) == 1, [request.line for request in self.requests]
        return self.requests[0]

    async def accepted(self) -> Peer:
        """The next connection; for tests that play the backend themselves."""
        return await patiently(self._waiting.get())

    def run(self, script: Script) -> None:
        """Let `script` serve each connection from now on."""
        self._script = script

    def answer_with(self, answer: bytes | Callable[[Message], bytes] = HELLO) -> None:
        """Answer every request from now on with exactly these bytes; connections are kept."""
        self._answer = answer
        self.run(self._answer_all)

    async def _answer_all(self, peer: Peer) -> None:
        while True:
            request = await peer.request()
            self.requests.append(request)
            answer = self._answer
            await peer.send(answer(request) if callable(answer) else answer)

    # --- the socket's side ---

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        peer = Peer(reader, writer)
        self._peers.append(peer)
        if self._script is None:
            self._waiting.put_nowait(peer)
        else:
            self._tasks.append(asyncio.create_task(self._serve(peer, self._script)))

    async def _serve(self, peer: Peer, script: Script) -> None:
        try:
            await script(peer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # Jupyter is done with the connection
        finally:
            peer.close()

    def drop_connections(self) -> None:
        """Close every connection there is; new ones are welcome."""
        for peer in self._peers:
            peer.writer.transport.abort()

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        self.drop_connections()
        wrong = [error for error in results if isinstance(error, Exception)]
        assert not wrong, f"the backend's script failed: {wrong!r}"


@asynccontextmanager
async def listening(
    *,
    at: socket.socket | None = None,
    unix: str | None = None,
    host: str = "127.0.0.1",
    ssl: tls.SSLContext | None = None,
) -> AsyncIterator[Backend]:
    """A backend on a free port of `host`, on the listening socket `at` (one of
    `jupyter.sockets`), or on the unix socket `unix`."""
    backend = Backend()
    options: dict[str, Any] = {"limit": LARGEST_HEAD, "ssl": ssl}
    if unix is not None:
        server = await asyncio.start_unix_server(backend.accept, unix, **options)
    elif at is not None:
        server = await asyncio.start_server(backend.accept, sock=at.dup(), **options)
    else:
        server = await asyncio.start_server(backend.accept, host, 0, **options)
    if unix is None:
        backend.port = server.sockets[0].getsockname()[1]
    try:
        yield backend
    finally:
        server.close()
        await backend.end()
