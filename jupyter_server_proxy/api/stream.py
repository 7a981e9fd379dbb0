"""Answers that go on: server-sent events to one client, never more than it reads."""

from __future__ import annotations

import asyncio
from collections import deque

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


class StreamView(ApiView):
    """A stream of events. `keep_alive` is the seconds of silence after which a comment is sent,
    so that nobody between takes the connection for a dead one."""

    keep_alive = 30.0

    def initialize(self, api: Api) -> None:
        """See `ApiView`."""
        super().initialize(api)
        self._wake = asyncio.Event()
        self._is_over = False
        # Whether something is on its way that the client has not taken yet.
        self.is_sending = False

    async def take(self) -> bytes:
        """What there is to send now, b"" if nothing."""
        raise NotImplementedError

    def wake(self) -> None:
        """There is something to take."""
        self._wake.set()

    def abort(self) -> None:
        """End the stream after what waits; for the runtime as well, when Jupyter goes down."""
        self._is_over = True
        self._wake.set()

    def drop(self) -> None:
        """Break off; never ended as if it were complete, so that the client connects again."""
        connection = self.request.connection
        if isinstance(connection, HTTP1Connection):
            connection.stream.close()

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
            # What woke it when it was ended is still sent.
            while self._wake.is_set() or not self._is_over:
                await self._send(await self._next())
        except StreamClosedError:
            return
        except asyncio.TimeoutError:
            self.drop()
        finally:
            self.api.runtime.streams.discard(self)

    async def _next(self) -> bytes:
        try:
            await asyncio.wait_for(self._wake.wait(), self.keep_alive)
        except asyncio.TimeoutError:
            return ALIVE
        self._wake.clear()
        return await self.take()

    async def _send(self, data: bytes) -> None:
        if not data:
            return
        self.write(data)
        self.is_sending = True
        await asyncio.wait_for(self.flush(), PATIENCE)
        self.is_sending = False


class Waiting:
    """Messages that wait for one client, bounded in bytes."""

    def __init__(self, stream: StreamView) -> None:
        self._stream = stream
        self._messages: deque[Message] = deque()
        self._size = 0

    def put(self, message: Message) -> None:
        """One more, for whoever takes them."""
        self._messages.append(message)
        self._size += len(message.data)
        # Many at once are no fault of the client, if it has taken everything before.
        if self._size > MOST_WAITING and self._stream.is_sending:
            self._stream.drop()
        self._stream.wake()

    def take(self) -> list[Message]:
        """All of them."""
        messages = list(self._messages)
        self._messages.clear()
        self._size = 0
        return messages
