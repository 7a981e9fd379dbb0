"""HTTP/1.1 heads as they stood on the wire, and bodies as they were framed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

PATIENCE = 30.0
LARGEST_HEAD = 2 * 1024 * 1024

Fields = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Head:
    """A request or response head: its exact bytes, its first line and its fields in order."""

    raw: bytes

    @property
    def line(self) -> bytes:
        return self.raw.partition(b"\r\n")[0]

    @property
    def fields(self) -> Fields:
        lines = self.raw.removesuffix(b"\r\n\r\n").split(b"\r\n")[1:]
        split = (line.partition(b":") for line in lines)
        return [(name, value.strip(b" \t")) for name, _, value in split]

    @property
    def names(self) -> list[str]:
        return [name.decode("latin-1") for name, _ in self.fields]

    def all(self, name: str) -> list[bytes]:
        wanted = name.lower().encode("latin-1")
        return [value for key, value in self.fields if key.lower() == wanted]

    def get(self, name: str) -> bytes | None:
        """The value of the only field of that name, None when there is none."""
        values = self.all(name)
        assert len(values) < 2, f"{name} is repeated: {values}"
        return values[0] if values else None

    # --- of a request ---

    @property
    def method(self) -> bytes:
        return self.line.split(b" ")[0]

    @property
    def target(self) -> bytes:
        return self.line.split(b" ")[1]

    # --- of a response ---

    @property
    def status(self) -> int:
        return int(self.line.split(b" ")[1])

    @property
    def reason(self) -> bytes:
        return self.line.split(b" ", 2)[2]


@dataclass(frozen=True)
class Message(Head):
    """A head and its whole body."""

    body: bytes = b""


async def patiently(awaitable):
    """`awaitable`, with a time limit that only a hang reaches."""
    return await asyncio.wait_for(awaitable, PATIENCE)


async def read_head(reader: asyncio.StreamReader) -> Head:
    """The next head. Raises IncompleteReadError when the other side closes before its end."""
    return Head(await patiently(reader.readuntil(b"\r\n\r\n")))


async def read_chunk(reader: asyncio.StreamReader) -> bytes:
    """The next chunk of a chunked body; b"" is the last one, whose trailers are skipped."""
    size = int((await patiently(reader.readuntil(b"\r\n"))).split(b";")[0], 16)
    if size == 0:
        while await patiently(reader.readuntil(b"\r\n")) != b"\r\n":
            pass
        return b""
    data = await patiently(reader.readexactly(size))
    assert await patiently(reader.readexactly(2)) == b"\r\n"
    return data


async def read_body(reader: asyncio.StreamReader, head: Head, *, until_close: bool) -> bytes:
    """The body that belongs to `head`. Raises IncompleteReadError when it is cut short."""
    codings = head.get("Transfer-Encoding")
    if codings is not None:
        assert codings.lower() == b"chunked", codings
        parts = []
        while part := await read_chunk(reader):
            parts.append(part)
        return b"".join(parts)
    length = head.get("Content-Length")
    if length is not None:
        return await patiently(reader.readexactly(int(length)))
    return await patiently(reader.read()) if until_close else b""
