"""A detached Tornado stream as an asyncio transport.

For client sides with TLS, whose records only Tornado's stream can read and write. Nothing
here knows what the bytes mean.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from tornado import iostream

CHUNK_SIZE = 64 * 1024
HIGH_WATER = 256 * 1024


class Receiver(Protocol):
    """What the transport tells of its stream."""

    def data_received(self, data: bytes) -> None:
        """Bytes came."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The stream is closed."""

    def pause_writing(self) -> None:
        """More is to be written than should be."""

    def resume_writing(self) -> None:
        """There is room again."""


class IOStreamTransport(asyncio.Transport):
    """Reads a stream into `protocol` and writes to it, with asyncio's flow control."""

    def __init__(self, stream: iostream.IOStream, protocol: Receiver) -> None:
        super().__init__(extra={"socket": stream.socket})
        self._stream = stream
        self._protocol = protocol
        self._unwritten = 0
        self._is_closing = False
        self._is_lost = False
        self._may_read = asyncio.Event()
        self._may_read.set()
        stream.set_close_callback(self._on_close)
        loop = asyncio.get_running_loop()
        self._reader = loop.create_task(self._read(), name="server-proxy tls tunnel reader")

    async def _read(self) -> None:
        try:
            while not self._is_lost:
                await self._may_read.wait()
                data = await self._stream.read_bytes(CHUNK_SIZE, partial=True)
                self._protocol.data_received(data)
        except iostream.StreamClosedError:
            self._on_close()

    def _on_close(self) -> None:
        if self._is_lost:
            return
        self._is_lost = self._is_closing = True
        self._may_read.set()
        error = self._stream.error
        self._protocol.connection_lost(error if isinstance(error, Exception) else None)

    def write(self, data: Any) -> None:
        """See `asyncio.WriteTransport`."""
        if self._is_closing:
            return
        size = len(data)
        self._unwritten += size
        try:
            written = self._stream.write(data)
        except iostream.StreamClosedError:
            return
        written.add_done_callback(lambda future: self._on_written(future, size))
        if self._unwritten > HIGH_WATER:
            self._protocol.pause_writing()

    def _on_written(self, written: asyncio.Future[None], size: int) -> None:
        if not written.cancelled():
            written.exception()
        was_high = self._unwritten > HIGH_WATER
        self._unwritten -= size
        if self._is_lost:
            return
        if was_high and self._unwritten <= HIGH_WATER:
            self._protocol.resume_writing()
        if self._is_closing and not self._unwritten:
            self._stream.close()

    def can_write_eof(self) -> bool:
        """TLS has no half-closed connections (RFC 8446 section 6.1 as deployed)."""
        return False

    def pause_reading(self) -> None:
        """See `asyncio.ReadTransport`."""
        if not self._is_lost:
            self._may_read.clear()

    def resume_reading(self) -> None:
        """See `asyncio.ReadTransport`."""
        self._may_read.set()

    def is_closing(self) -> bool:
        """See `asyncio.BaseTransport`."""
        return self._is_closing

    def close(self) -> None:
        """Close once everything written has gone out."""
        self._is_closing = True
        if not self._unwritten:
            self._stream.close()

    def abort(self) -> None:
        """Close now."""
        self._is_closing = True
        self._stream.close()
