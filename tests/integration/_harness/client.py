"""A client that sends exactly the bytes it is told to, and keeps exactly what comes back."""

from __future__ import annotations

import asyncio
import ssl as tls
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from .jupyter import Jupyter
from .message import LARGEST_HEAD, Head, Message, patiently, read_body, read_chunk, read_head
from .sockets import gone, reset


class Client:
    """One connection to Jupyter."""

    def __init__(
        self, jupyter: Jupyter, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.jupyter = jupyter
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await patiently(self.writer.drain())

    async def send_chunk(self, data: bytes) -> None:
        await self.send(b"%x\r\n%b\r\n" % (len(data), data))

    async def ask(
        self,
        method: str,
        path: str | bytes,
        fields: Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
    ) -> None:
        """Send a request as `request_bytes` says; `body`, when given, with its Content-Length."""
        await self.send(request_bytes(self.jupyter, method, path, fields, body))

    async def head(self) -> Head:
        return await read_head(self.reader)

    async def final_head(self) -> Head:
        """The next head that is no interim one."""
        while (head := await self.head()).status < 200:
            pass
        return head

    async def read(self, size: int) -> bytes:
        return await patiently(self.reader.readexactly(size))

    async def chunk(self) -> bytes:
        return await read_chunk(self.reader)

    async def response(self, *, is_head: bool = False) -> Message:
        """The whole response. Raises IncompleteReadError or ConnectionError when it is cut."""
        head = await self.final_head()
        if is_head or head.status in (204, 304):
            return Message(head.raw)
        return Message(head.raw, await read_body(self.reader, head, until_close=True))

    async def closed(self) -> bytes:
        """What still comes until Jupyter closes the connection."""
        return await gone(self.reader)

    def half_close(self) -> None:
        self.writer.write_eof()

    def reset(self) -> None:
        reset(self.writer)

    def close(self) -> None:
        self.writer.transport.abort()


@asynccontextmanager
async def connected(
    jupyter: Jupyter, *, ssl: tls.SSLContext | None = None
) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection(
        jupyter.host, jupyter.port, limit=LARGEST_HEAD, ssl=ssl
    )
    client = Client(jupyter, reader, writer)
    try:
        yield client
    finally:
        client.close()


async def fetch(
    jupyter: Jupyter,
    path: str | bytes,
    *,
    method: str = "GET",
    fields: Iterable[tuple[str, str]] = (),
    body: bytes | None = None,
) -> Message:
    """One request on a connection of its own, and its whole response."""
    async with connected(jupyter) as client:
        await client.ask(method, path, fields, body)
        return await client.response(is_head=method == "HEAD")


def request_bytes(
    jupyter: Jupyter,
    method: str,
    path: str | bytes,
    fields: Iterable[tuple[str, str]] = (),
    body: bytes | None = None,
) -> bytes:
    """A request of somebody who is logged in: with Host and Jupyter's cookie.

    Fields of these names replace them, "" leaves them out. `path` follows the base URL.
    """
    given = list(fields)
    names = {name.lower() for name, _ in given}
    own = [("Host", jupyter.netloc), ("Cookie", jupyter.cookie)]
    if body is not None:
        own.append(("Content-Length", str(len(body))))
    lines = [(n, v) for n, v in own if n.lower() not in names] + [(n, v) for n, v in given if v]
    raw_path = path if isinstance(path, bytes) else path.encode("latin-1")
    target = jupyter.base_url.encode() + raw_path.removeprefix(b"/")
    head = b"%b %b HTTP/1.1\r\n" % (method.encode(), target)
    head += b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in lines)
    return head + b"\r\n" + (body or b"")
