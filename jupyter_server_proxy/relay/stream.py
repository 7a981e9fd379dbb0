"""`raw_socket_proxy`: websocket messages on the client's side, a byte stream on the backend's.

Message boundaries mean nothing to the backend and text counts as its UTF-8 bytes. Each side
waits for the other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

from tornado import httputil, web, websocket

from ..backend.stream import Stream

CHUNK_SIZE = 64 * 1024
# A client's message is collected before it is passed on; browsers send large ones for
# clipboards and files. Tornado's own default is a sixth of it.
MAX_MESSAGE_SIZE = 64 * 1024 * 1024
PREFERRED_SUBPROTOCOL = "binary"


class Living(Protocol):
    """Who knows all that is open."""

    def add(self, stream: RawWebSocket) -> None:
        """It is open."""

    def discard(self, stream: RawWebSocket) -> None:
        """It is not any more."""


def choose_subprotocol(offered: list[str]) -> str | None:
    """`binary`, which noVNC and websockify speak, else the first one offered."""
    if PREFERRED_SUBPROTOCOL in offered:
        return PREFERRED_SUBPROTOCOL
    return offered[0] if offered else None


class RawWebSocket(websocket.WebSocketHandler):
    """The websocket side of a request that passed the gate. It lives by itself: makes the
    handshake, joins the sides, and tells when it has ended."""

    def initialize(
        self,
        stream: Stream,
        on_data: Callable[[bytes], None] | None,
        on_ended: Callable[[], None],
        living: Living,
    ) -> None:
        """`stream` is connected to the backend and is closed with the websocket."""
        self._living = living
        self._reader, self._writer = stream
        self._on_data = on_data
        self._on_ended: Callable[[], None] | None = on_ended
        self._pump: asyncio.Task[None] | None = None
        living.add(self)
        self._to_backend = 0
        self._from_backend = 0

    @property
    def moved(self) -> tuple[int, int]:
        """Bytes to the backend and from it, so far."""
        return self._to_backend, self._from_backend

    @property
    def max_message_size(self) -> int:
        """Bytes a message of the client may have."""
        return MAX_MESSAGE_SIZE

    def check_origin(self, origin: str) -> bool:
        """The gate has checked it, by Jupyter's rules."""
        return True

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """See `choose_subprotocol`."""
        return choose_subprotocol(subprotocols)

    def open(self, *_args: str, **_kwargs: str) -> None:
        """The handshake is done: bytes may flow from the backend."""
        self._pump = asyncio.create_task(self._pump_to_client(), name="server-proxy raw stream")

    async def on_message(self, message: str | bytes) -> None:
        """Bytes for the backend; the next message is read when these could be written."""
        data = message.encode() if isinstance(message, str) else message
        self._to_backend += len(data)
        if self._on_data is not None:
            self._on_data(data)
        with contextlib.suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    async def _pump_to_client(self) -> None:
        try:
            while data := await self._reader.read(CHUNK_SIZE):
                self._from_backend += len(data)
                if self._on_data is not None:
                    self._on_data(data)
                await self.write_message(data, binary=True)
        except (ConnectionError, websocket.WebSocketClosedError):
            pass
        finally:
            self.close()

    def on_finish(self) -> None:
        """The handshake was answered; if it was refused, that was all."""
        if self.get_status() != 101:
            self._end()

    def on_close(self) -> None:
        """The websocket has ended: so does the stream."""
        self._end()

    def abort(self) -> None:
        """Close both sides from outside."""
        self.close(1001, "going away")
        self._end()

    def _end(self) -> None:
        self._writer.close()
        if self._pump is not None and self._pump is not asyncio.current_task():
            self._pump.cancel()
        self._living.discard(self)
        on_ended, self._on_ended = self._on_ended, None
        if on_ended is not None:
            on_ended()


def relay_raw(
    application: web.Application,
    request: httputil.HTTPServerRequest,
    stream: Stream,
    *,
    on_data: Callable[[bytes], None] | None,
    on_ended: Callable[[], None],
    living: Living,
) -> None:
    """Answer the handshake of `request` and join its client to `stream`.

    Returns at once; `on_ended` is called once, when both sides are closed. Until then the
    connection, which has an `abort`, is in `living`.
    """
    keywords = {"stream": stream, "on_data": on_data, "on_ended": on_ended, "living": living}
    delegate = application.get_handler_delegate(request, RawWebSocket, keywords)
    delegate.finish()
