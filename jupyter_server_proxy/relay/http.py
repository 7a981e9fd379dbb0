"""One exchange, relayed: the backend's response to the client's connection, as it comes.

Nothing is collected: each side waits for the other. When the backend breaks off, so does
the response; it is never ended as if it were whole (RFC 9112 section 8).
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tornado import httputil, iostream
from tornado.http1connection import HTTP1Connection

from ..backend.exchange import Exchange
from ..errors import ClientGone, ProxyError, TargetInvalid

_LINGER_RESET = struct.pack("ii", 1, 0)

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
    lines += [f"Upgrade: {protocol.decode('latin-1')}", "Connection: Upgrade", "", ""]
    return "\r\n".join(lines).encode("latin-1")


@dataclass(frozen=True, slots=True)
class ClientSide:
    """Where a response goes. `is_http10`: chunks cannot be sent, so closing ends the body."""

    connection: HTTP1Connection
    is_http10: bool

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
        start = httputil.ResponseStartLine("HTTP/1.1", exchange.status, exchange.reason)
        fields = httputil.HTTPHeaders()
        for name, value in headers:
            fields.add(name, value)
        try:
            written = self.connection.write_headers(start, fields, exchange.take() or None)
            on_head()
            if not exchange.is_complete or exchange.has_buffered:
                await written
                await self._pump(exchange, on_progress)
            if self.is_http10 and exchange.content_length is None:
                # Only the end of the connection tells such a client where the body ends.
                await written
                self.connection.close()
        except iostream.StreamClosedError:
            raise ClientGone("The client closed the connection") from None
        except ProxyError:
            self.break_off()
            raise

    async def _pump(self, exchange: Exchange, on_progress: Callable[[], None]) -> None:
        while data := await exchange.read():
            on_progress()
            await self.connection.write(data)

    def break_off(self) -> None:
        """Close so that the client sees a broken transfer, whatever the framing."""
        stream = self.connection.stream
        if stream is not None and self.is_http10:
            with contextlib.suppress(OSError, AttributeError):
                stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
        self.connection.close()


def frames_body(content_length: str | None) -> tuple[str, str]:
    """The header that frames a request body of that length; chunks where it is unknown."""
    if content_length is None:
        return ("Transfer-Encoding", "chunked")
    return ("Content-Length", content_length)
