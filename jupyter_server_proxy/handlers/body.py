"""Request bodies on their way from the client to a backend.

`StreamedBody` passes chunks on as they come and makes the client wait while the backend is
slow; `BufferedBody` is what handlers have whose class keeps `request.body`.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Protocol

from tornado import httputil

from ..backend.pool import Call
from ..errors import ClientSentNonsense
from ..relay.http import LAST_CHUNK, frames_body

# Nineteen digits are more than any disk holds.
_LENGTH = re.compile(r"[0-9]{1,19}")


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
    """A body that is still arriving. `feed` and `finish` are the client's side.

    Raises ClientSentNonsense when it is not clear where it will end.
    """

    def __init__(self, headers: httputil.HTTPHeaders) -> None:
        self._length = body_length(headers)
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


def body_length(headers: httputil.HTTPHeaders) -> str | None:
    """How long the body of a request is; None when it comes in chunks (RFC 9112 section 6.3).

    Tornado checks the same, but only when it begins to read the body, which is when the head
    has been sent on. Raises ClientSentNonsense for whatever another server may understand
    in another way than Tornado.
    """
    codings, length = headers.get("Transfer-Encoding"), headers.get("Content-Length")
    if codings is not None:
        if length is not None or codings.lower() != "chunked":
            raise ClientSentNonsense("Only the transfer coding chunked is understood, alone")
        return None
    # A repeated field is joined with commas; the same value twice is tolerated and sent once.
    lengths = {part.strip(" \t") for part in (length or "").split(",")}
    only = lengths.pop()
    if lengths or not _LENGTH.fullmatch(only):
        raise ClientSentNonsense("The Content-Length is not one number")
    return only
