"""The backend's side of a conversation in messages: a websocket, or a raw stream.

Only for handlers whose code wants to see or send messages: everything else is tunnelled.
Nothing here knows who the client is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Any, NamedTuple, Protocol

from tornado.escape import json_encode, utf8
from tornado.websocket import WebSocketClosedError

from ..backend.stream import Stream
from ..rules.frames import (
    INTERNAL_ERROR,
    TOO_BIG,
    Closing,
    FramesBroken,
    Message,
    MessageReader,
    Opcode,
    decode_closing,
    decode_text,
    encode_closing,
    encode_frame,
)

CHUNK_SIZE = 64 * 1024
HIGH_WATER = 256 * 1024
# How long a backend may take to answer a close frame; as long as Tornado gives a client.
CLOSING_SECONDS = 5.0
LOST = Closing(INTERNAL_ERROR, "The application closed the connection")

Sendable = str | bytes | dict[str, Any]


class Ping(NamedTuple):
    """The backend wants to know whether somebody is there; it has been answered."""

    data: bytes


class BackendEnd(Protocol):
    """What a relay of messages asks of the backend's side."""

    def write_message(self, message: Sendable, binary: bool = False) -> asyncio.Future[None]:
        """Send; the future is done when more may be sent. Raises WebSocketClosedError."""

    def ping(self, data: str | bytes = b"") -> None:
        """Send a ping, where there is such a thing. Raises WebSocketClosedError."""

    async def receive(self) -> str | bytes | Ping | Closing:
        """What comes next; a Closing is the last."""

    async def drain(self) -> None:
        """Wait until the backend has taken enough for more to be sent."""

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Say goodbye; what still comes is to be received until it ends."""

    def abort(self) -> None:
        """Close at once."""


class _Pipe:
    """A transport with flow control both ways."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._transport: Any = writer.transport
        self._transport.set_write_buffer_limits(high=HIGH_WATER)
        self._draining: asyncio.Future[None] | None = None

    async def _read(self) -> bytes:
        """The next bytes, b"" at the end, be it a reset."""
        with contextlib.suppress(OSError):
            return await self._reader.read(CHUNK_SIZE)
        return b""

    def _write(self, data: bytes) -> asyncio.Future[None]:
        if self._transport.is_closing():
            raise WebSocketClosedError("The connection to the application is closed")
        self._writer.write(data)
        return self._flowing()

    def _flowing(self) -> asyncio.Future[None]:
        """Done when more may be written; never fails, since the reader learns of an end."""
        if self._transport.get_write_buffer_size() <= HIGH_WATER:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            done.set_result(None)
            return done
        if self._draining is None or self._draining.done():
            self._draining = asyncio.ensure_future(self._drain())
        return asyncio.shield(self._draining)

    async def _drain(self) -> None:
        with contextlib.suppress(OSError):
            await self._writer.drain()

    async def drain(self) -> None:
        """See `BackendEnd`."""
        await self._flowing()

    def abort(self) -> None:
        """See `BackendEnd`."""
        self._transport.abort()


class BackendSocket(_Pipe):
    """The client of a backend's websocket, after the handshake.

    To those who override methods it is `self.ws`, with the names that Tornado's client has.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        early: bytes,
        selected_subprotocol: str | None,
        max_message_size: int,
    ) -> None:
        """Take over `transport`, which is paused; `early` came right after the handshake."""
        super().__init__(*_stream_of(transport, early))
        self._frames = MessageReader(max_message_size)
        self._timer: asyncio.TimerHandle | None = None
        self._is_closing = False
        self.selected_subprotocol = selected_subprotocol
        self.close_code: int | None = None
        self.close_reason: str | None = None

    def __repr__(self) -> str:
        return f"<BackendSocket {'closing' if self._is_closing else 'open'}>"

    @property
    def protocol(self) -> BackendSocket:
        """Where Tornado's client has `write_ping`."""
        return self

    def write_message(self, message: Sendable, binary: bool = False) -> asyncio.Future[None]:
        """Send text, bytes, or a dict as JSON."""
        data = utf8(json_encode(message) if isinstance(message, dict) else message)
        return self._send(Message(Opcode.BINARY if binary else Opcode.TEXT, data))

    def ping(self, data: str | bytes = b"") -> None:
        """Send a ping."""
        self._send(Message(Opcode.PING, utf8(data)))

    write_ping = ping

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """See `BackendEnd`. A backend that does not answer is closed after a while."""
        if self._is_closing or self._transport.is_closing():
            return
        self._send(Message(Opcode.CLOSE, encode_closing(Closing(code, reason))))
        self._is_closing = True
        self._abort_soon()

    async def receive(self) -> str | bytes | Ping | Closing:
        """See `BackendEnd`."""
        try:
            told = await self._next()
        except FramesBroken as broken:
            self.close(*broken.closing)
            # Too much is the only thing that whoever gets it may do something about.
            code = TOO_BIG if broken.closing.code == TOO_BIG else INTERNAL_ERROR
            told = Closing(code, f"The application sent {broken}")
        if isinstance(told, Closing):
            self._end()
        return told

    async def _next(self) -> str | bytes | Ping | Closing:
        while True:
            message = self._frames.next_message()
            if message is None:
                chunk = await self._read()
                if not chunk:
                    return Closing() if self._is_closing else LOST
                self._frames.feed(chunk)
            elif (told := self._told(message)) is not None:
                return told

    def _told(self, message: Message) -> str | bytes | Ping | Closing | None:
        """What `message` is to whoever receives; None for what is only of use here."""
        match message.opcode:
            case Opcode.TEXT:
                return decode_text(message.data)
            case Opcode.PING:
                with contextlib.suppress(WebSocketClosedError):
                    self._send(Message(Opcode.PONG, message.data))
                return Ping(message.data)
            case Opcode.PONG:
                return None
            case Opcode.CLOSE:
                return self._closed(decode_closing(message.data))
        return message.data

    def _closed(self, closing: Closing) -> Closing:
        self.close_code, self.close_reason = closing
        self.close(closing.code)
        return closing

    def _send(self, message: Message) -> asyncio.Future[None]:
        if self._is_closing:
            raise WebSocketClosedError("The websocket of the application is closed")
        return self._write(encode_frame(message, os.urandom(4)))

    def _end(self) -> None:
        self._is_closing = True
        if self._timer is not None:
            self._timer.cancel()
        self._transport.close()
        if self._transport.get_write_buffer_size():
            self._abort_soon()

    def _abort_soon(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(CLOSING_SECONDS, self._transport.abort)


class StreamEnd(_Pipe):
    """A backend of `raw_socket_proxy`: messages are bytes of one stream, both ways."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(*stream)

    def write_message(self, message: Sendable, binary: bool = False) -> asyncio.Future[None]:
        """Send the bytes of a message; those of text are its UTF-8."""
        return self._write(utf8(json_encode(message) if isinstance(message, dict) else message))

    def ping(self, data: str | bytes = b"") -> None:
        """A stream has no pings."""

    async def receive(self) -> str | bytes | Ping | Closing:
        """See `BackendEnd`."""
        return await self._read() or Closing()

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """See `BackendEnd`; a stream is told nothing."""
        self._transport.close()


def _stream_of(
    transport: asyncio.Transport, early: bytes
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=HIGH_WATER, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    if early:
        reader.feed_data(early)
    if transport.is_closing():
        # Nobody will tell the new protocol.
        reader.feed_eof()
    else:
        transport.resume_reading()
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
