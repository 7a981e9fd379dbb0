"""One exchange, relayed: the backend's response to the client's connection, as it comes.

Nothing is collected: each side waits for the other. When the backend breaks off, so does
the response; it is never ended as if it were whole (RFC 9112 section 8).
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import NamedTuple

from tornado import iostream
from tornado.http1connection import HTTP1Connection

from ..backend.exchange import Exchange
from ..errors import BackendSpokeNonsense, ClientGone, ProxyError, TargetInvalid

_LINGER_RESET = struct.pack("ii", 1, 0)
LAST_CHUNK = b"0\r\n\r\n"

Headers = list[tuple[str, str]]


def encode_request(method: str, target: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """A request head for the wire (RFC 9112 section 3).

    Raises TargetInvalid where a part holds what would end its line.
    """
    lines = [f"{method} {target} HTTP/1.1"]
    lines.extend([f"{name}: {value}" for name, value in headers])
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
        raise TargetInvalid("A request header contains a line break")
    try:
        return text.encode("latin-1") + b"\r\n\r\n"
    except UnicodeEncodeError:
        raise TargetInvalid("A request header contains characters beyond latin-1") from None


def encode_switching(exchange: Exchange, headers: Headers) -> bytes:
    """The head that tells the client what the backend switched to (RFC 9110 section 7.8)."""
    protocol = b", ".join(v for n, v in exchange.headers if n.lower() == b"upgrade")
    lines = [f"HTTP/1.1 101 {exchange.reason or 'Switching Protocols'}"]
    lines.extend([f"{name}: {value}" for name, value in headers])
    lines += [f"Upgrade: {protocol.decode('latin-1')}", "Connection: Upgrade"]
    return encode_lines(lines)


class Framing(Enum):
    """How the client is told where a body ends (RFC 9112 section 6)."""

    NO_BODY = auto()
    LENGTH = auto()
    CHUNKED = auto()
    UNTIL_CLOSE = auto()


class ClientSide(NamedTuple):
    """Where a response goes: Tornado's connection, and what the request says of it."""

    connection: HTTP1Connection
    is_http10: bool
    is_head: bool
    # The request's Connection field, lower-cased; Tornado goes by the same.
    connection_option: str

    async def send(
        self,
        exchange: Exchange,
        headers: Headers,
        *,
        on_head: Callable[[], None],
        on_progress: Callable[[], None],
    ) -> None:
        """Relay head and body of `exchange`; the caller then finishes the connection.

        `on_head` is called once the head is out, `on_progress` for every chunk. Raises
        ClientGone when the client is. When the backend breaks off, the client's connection
        is broken off too and the backend's error raised.
        """
        framing = self._framing(exchange)
        is_chunked = framing is Framing.CHUNKED
        head, data = self._encode_head(exchange, headers, framing), exchange.take()
        first = head + _chunk(data) if is_chunked else head + data
        is_whole = exchange.is_complete
        if is_whole and is_chunked:
            first += LAST_CHUNK
        # Tornado's `write` takes a head that is encoded already: nothing is parsed, folded or
        # re-capitalized on the way, and a small response is one write.
        written = self.connection.write(first)
        on_head()
        if is_whole and framing is not Framing.UNTIL_CLOSE:
            return
        try:
            await written
            if not is_whole:
                await self._send_rest(exchange, on_progress, is_chunked=is_chunked)
        except iostream.StreamClosedError:
            raise ClientGone("The client closed the connection") from None
        except ProxyError:
            self.break_off()
            raise
        if framing is Framing.UNTIL_CLOSE:
            self.connection.close()

    async def _send_rest(
        self, exchange: Exchange, on_progress: Callable[[], None], *, is_chunked: bool
    ) -> None:
        while data := await exchange.read():
            on_progress()
            await self.connection.write(_chunk(data) if is_chunked else data)
        if is_chunked:
            # Nobody waits for it: what follows it is the end of the request.
            self.connection.write(LAST_CHUNK)

    def _framing(self, exchange: Exchange) -> Framing:
        if self.is_head or exchange.status in (204, 304):
            return Framing.NO_BODY
        if exchange.content_length is not None:
            return Framing.LENGTH
        return Framing.UNTIL_CLOSE if self.is_http10 else Framing.CHUNKED

    def _encode_head(self, exchange: Exchange, headers: Headers, framing: Framing) -> bytes:
        lines = [f"HTTP/1.1 {exchange.status} {exchange.reason}"]
        lines.extend([f"{name}: {value}" for name, value in headers])
        if framing is Framing.CHUNKED:
            lines.append("Transfer-Encoding: chunked")
        if framing is Framing.UNTIL_CLOSE or self.connection_option == "close":
            lines.append("Connection: close")
        elif self.is_http10 and self.connection_option == "keep-alive":
            lines.append("Connection: Keep-Alive")
        return encode_lines(lines)

    def break_off(self) -> None:
        """Close so that the client sees a broken transfer, whatever the framing."""
        stream = self.connection.stream
        if stream is not None and self.is_http10:
            with contextlib.suppress(OSError, AttributeError):
                stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
        self.connection.close()


def encode_lines(lines: list[str]) -> bytes:
    """A response head. Raises BackendSpokeNonsense where a line holds another one."""
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
        raise BackendSpokeNonsense("A response header contains a line break")
    return text.encode("latin-1") + b"\r\n\r\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def frames_body(content_length: str | None) -> tuple[str, str]:
    """The header that frames a request body of that length; chunks where it is unknown."""
    if content_length is None:
        return ("Transfer-Encoding", "chunked")
    return ("Content-Length", content_length)
