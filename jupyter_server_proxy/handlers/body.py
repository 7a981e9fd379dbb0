"""Request bodies on their way from the client to a backend.

`StreamedBody` passes chunks on as they come and makes the client wait while the backend is
slow; `BufferedBody` is what handlers have whose class keeps `request.body`.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol

from tornado import httputil

from ..backend.pool import Call
from ..relay.http import LAST_CHUNK, frames_body


class RequestBody(Protocol):
    """The body of one request."""

    @property
    def framing(self) -> tuple[str, str]:
        """The header that tells the backend where the body ends."""

    @property
    def is_sent(self) -> bool:
        """Whether all of it was written to the backend."""

    def attach(self, call: Call) -> None:
        """Send it on `call` from now on."""

    def discard(self) -> None:
        """Nobody wants the rest."""


class BufferedBody:
    """A body that is here already."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.is_sent = False

    @property
    def framing(self) -> tuple[str, str]:
        """Its length is known."""
        return frames_body(str(len(self._body)))

    def attach(self, call: Call) -> None:
        """Queue it whole; it is in memory anyway, so waiting would gain nothing."""
        call.send(self._body)
        self.is_sent = True

    def discard(self) -> None:
        """Nothing to stop."""


class StreamedBody:
    """A body that is still arriving. `feed` and `finish` are the client's side."""

    def __init__(self, headers: httputil.HTTPHeaders) -> None:
        self._length = headers.get("Content-Length")
        self._call: Call | None = None
        self._is_discarded = False
        self._is_finished = False
        self._decided: asyncio.Future[None] | None = None
        self._ended = asyncio.Event()
        # How many bytes came from the client.
        self.received = 0

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is to come, be it because the client is gone."""
        return self._ended.is_set()

    @property
    def framing(self) -> tuple[str, str]:
        """As the client framed it."""
        return frames_body(self._length)

    @property
    def is_sent(self) -> bool:
        """Whether the end of it has been written."""
        return self._is_finished and self._call is not None

    async def feed(self, chunk: bytes) -> None:
        """Pass a chunk on; returns when the backend can take more, or wants none."""
        self.received += len(chunk)
        if self._call is None and not self._is_discarded:
            self._decided = asyncio.get_running_loop().create_future()
            await self._decided
        if self._call is not None and not self._is_discarded:
            await self._call.write(self._framed(chunk))

    def finish(self) -> None:
        """The client has sent all of it."""
        self._is_finished = True
        self.end()
        if self._call is not None and self._length is None and not self._is_discarded:
            self._call.send(LAST_CHUNK)

    def attach(self, call: Call) -> None:
        """Chunks go to `call` from now on."""
        self._call = call
        if self._is_finished:
            self.finish()
        self._wake()

    def discard(self) -> None:
        """Chunks are dropped from now on; whoever waits in `feed` is let go."""
        self._is_discarded = True
        self._wake()

    def end(self) -> None:
        """Nothing more is to come."""
        self._ended.set()

    async def wait_ended(self, timeout: float) -> None:
        """Wait until nothing more is to come, at most `timeout` seconds."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._ended.wait(), timeout)

    def _framed(self, chunk: bytes) -> bytes:
        if self._length is not None:
            return chunk
        return b"%x\r\n%b\r\n" % (len(chunk), chunk)

    def _wake(self) -> None:
        if self._decided is not None and not self._decided.done():
            self._decided.set_result(None)


def has_body(headers: httputil.HTTPHeaders) -> bool:
    """Whether a request with these headers has a body, be it empty (RFC 9112 section 6.3)."""
    return "Content-Length" in headers or "Transfer-Encoding" in headers
