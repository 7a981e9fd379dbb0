"""Answers that go on: server-sent events to one client, never more than it reads."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from tornado.http1connection import HTTP1Connection
from tornado.iostream import StreamClosedError

from .context import Api
from .hub import Message
from .view import ApiView

# Bytes that wait for one client; one that lets more wait has stopped reading.
MOST_WAITING = 256 * 1024
# Seconds in which a client must have taken what it was sent.
PATIENCE = 30.0
ALIVE = b": keep-alive\n\n"


class ClientTooSlow(Exception):
    """A client does not read what it has asked for."""


class StreamView(ApiView):
    """A stream of events. `keep_alive` is the seconds of silence after which a comment is sent,
    so that nobody between takes the connection for a dead one."""

    keep_alive = 30.0

    def initialize(self, api: Api) -> None:
        """See `ApiView`."""
        super().initialize(api)
        self._wake = asyncio.Event()
        self._is_over = False

    async def take(self) -> bytes:
        """What there is to send now, b"" if nothing. Raises ClientTooSlow."""
        raise NotImplementedError

    def wake(self) -> None:
        """There is something to take."""
        self._wake.set()

    def abort(self) -> None:
        """End the stream, whatever waits; for the runtime as well, when Jupyter goes down."""
        self._is_over = True
        self._wake.set()

    def on_connection_close(self) -> None:
        """The client has gone."""
        super().on_connection_close()
        self.abort()

    async def stream(self, first: bytes) -> None:
        """Send `first`, then what can be taken, until the client goes or stops reading."""
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("X-Accel-Buffering", "no")
        self.api.runtime.streams.add(self)
        try:
            await self._send(first)
            while not self._is_over:
                await self._send(await self._next())
        except StreamClosedError:
            return
        except (ClientTooSlow, asyncio.TimeoutError):
            self._break_off()
        finally:
            self.api.runtime.streams.discard(self)

    async def _next(self) -> bytes:
        try:
            await asyncio.wait_for(self._wake.wait(), self.keep_alive)
        except asyncio.TimeoutError:
            return ALIVE
        self._wake.clear()
        return b"" if self._is_over else await self.take()

    async def _send(self, data: bytes) -> None:
        if data:
            self.write(data)
            await asyncio.wait_for(self.flush(), PATIENCE)

    def _break_off(self) -> None:
        """Never ended as if it were complete: the client will connect again."""
        connection = self.request.connection
        if isinstance(connection, HTTP1Connection):
            connection.stream.close()


class Waiting:
    """Messages that wait for one client, bounded in bytes."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._messages: deque[Message] = deque()
        self._size = 0
        self._is_too_much = False

    def put(self, message: Message) -> None:
        """One more, for whoever takes them."""
        self._size += len(message.data)
        self._is_too_much = self._is_too_much or self._size > MOST_WAITING
        if not self._is_too_much:
            self._messages.append(message)
        self._wake()

    def take(self) -> list[Message]:
        """All of them. Raises ClientTooSlow when some had to be left out."""
        if self._is_too_much:
            raise ClientTooSlow
        messages = list(self._messages)
        self._messages.clear()
        self._size = 0
        return messages
