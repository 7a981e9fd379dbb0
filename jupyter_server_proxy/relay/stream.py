"""`raw_socket_proxy`: websocket messages on the client's side, a byte stream on the backend's.

Message boundaries mean nothing to the backend and text counts as its UTF-8 bytes. Each side
waits for the other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from tornado import httputil, web, websocket

from ..backend.stream import Stream

CHUNK_SIZE = 64 * 1024
# A client's message is collected before it is passed on; browsers send large ones for
# clipboards and files. Tornado's own default is a sixth of it.
MAX_MESSAGE_SIZE = 64 * 1024 * 1024
PREFERRED_SUBPROTOCOL = "binary"


class RawWebSocket(websocket.WebSocketHandler):
    """The websocket side. Made for a request that passed the gate, then `get` is awaited:
    it makes the handshake and returns when the connection has ended."""

    def initialize(self, stream: Stream, on_data: Callable[[bytes], None] | None) -> None:
        """`stream` is connected to the backend and is closed with the websocket."""
        self._reader, self._writer = stream
        self._on_data = on_data
        self._pump: asyncio.Task[None] | None = None

    @property
    def max_message_size(self) -> int:
        """Bytes a message of the client may have."""
        return MAX_MESSAGE_SIZE

    def check_origin(self, origin: str) -> bool:
        """The gate has checked it, by Jupyter's rules."""
        return True

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """`binary`, which noVNC and websockify speak, else the first one offered."""
        if PREFERRED_SUBPROTOCOL in subprotocols:
            return PREFERRED_SUBPROTOCOL
        return subprotocols[0] if subprotocols else None

    def open(self, *_args: str, **_kwargs: str) -> None:
        """The handshake is done: bytes may flow from the backend."""
        self._pump = asyncio.create_task(self._pump_to_client(), name="server-proxy raw stream")

    async def on_message(self, message: str | bytes) -> None:
        """Bytes for the backend; the next message is read when these could be written."""
        data = message.encode() if isinstance(message, str) else message
        if self._on_data is not None:
            self._on_data(data)
        with contextlib.suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    async def _pump_to_client(self) -> None:
        try:
            while data := await self._reader.read(CHUNK_SIZE):
                if self._on_data is not None:
                    self._on_data(data)
                await self.write_message(data, binary=True)
        except (ConnectionError, websocket.WebSocketClosedError):
            pass
        finally:
            self.close()

    def on_close(self) -> None:
        """The websocket has ended: so does the stream."""
        self.close_stream()

    def close_stream(self) -> None:
        """Close the backend's side. May be called twice."""
        self._writer.close()
        if self._pump is not None and self._pump is not asyncio.current_task():
            self._pump.cancel()


async def relay_raw(
    application: web.Application,
    request: httputil.HTTPServerRequest,
    stream: Stream,
    *,
    on_data: Callable[[bytes], None] | None,
    track: Callable[[Any], Any],
) -> None:
    """Join the client of `request` and `stream`; returns when both are closed.

    `track` is given an object with `abort()` while the connection lasts, and returns what is
    called when it has ended.
    """
    socket = RawWebSocket(application, request, stream=stream, on_data=on_data)
    ended = track(_Aborter(socket))
    try:
        await socket.get()
    finally:
        socket.close_stream()
        ended()


class _Aborter:
    """Ends a raw stream from outside, as a tunnel is ended."""

    __slots__ = ("_socket",)

    def __init__(self, socket: RawWebSocket) -> None:
        self._socket = socket

    def abort(self) -> None:
        self._socket.close(1001, "Jupyter is shutting down")
        self._socket.close_stream()
