"""One HTTP/1.1 request and its response on one backend connection.

The llhttp parser calls the `on_*` methods; a relay reads the head and then the body. Body
bytes are kept only until the reader takes them, and the connection stops reading from the
backend while more than `HIGH_WATER` of them wait. Nothing here knows who the client is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Protocol

import httptools

from ..errors import BackendBroke, BackendSpokeNonsense, BackendUnheard, ProxyError

HIGH_WATER = 256 * 1024
LOW_WATER = 64 * 1024
# As nginx, Apache and browsers do, refuse heads nobody sends in earnest.
MAX_HEAD_BYTES = 256 * 1024
TOO_LARGE = f"head larger than {MAX_HEAD_BYTES} bytes"

RawHeaders = list[tuple[bytes, bytes]]
# The fields that say something about the message itself, or the connection.
_NOTED = frozenset((b"connection", b"content-length", b"content-type", b"transfer-encoding"))


class FlowControl(Protocol):
    """What an exchange asks of its connection."""

    def pause_reading(self) -> None:
        """Take no more bytes from the backend for now."""

    def resume_reading(self) -> None:
        """Go on taking bytes."""


class Exchange:
    """A response on its way in. One reader; `head_arrived` first, then `read` until b""."""

    __slots__ = (
        "_chunks",
        "_connection",
        "_connection_options",
        "_failure",
        "_first_line",
        "_has_excess",
        "_has_head",
        "_is_complete",
        "_is_head_request",
        "_is_paused",
        "_is_until_close",
        "_parser",
        "_remaining",
        "_since_body",
        "_size",
        "_waiter",
        "content_length",
        "content_type",
        "headers",
        "is_chunked",
        "leftover",
        "reason",
        "received",
        "status",
    )

    def __init__(self, connection: FlowControl, method: str) -> None:
        self._connection = connection
        self._is_head_request = method == "HEAD"
        self._parser: Any = httptools.HttpResponseParser(self)
        # Its last byte as long as it goes on, then None.
        self._first_line: bytes | None = b""
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self._failure: ProxyError | None = None
        self._has_excess = False
        self._has_head = False
        self._is_complete = False
        self._is_paused = False
        self._is_until_close = False
        self._connection_options = b""
        # Bytes parsed since the last piece of body: the parser keeps a line until it ends, so
        # a backend must not be let go on with one for ever.
        self._since_body = 0
        # Bytes of an identity body still to come, counted here rather than parsed;
        # None while the parser is needed (head, chunked or unknown length).
        self._remaining: int | None = None
        self.status = 0
        self.reason = ""
        self.headers: RawHeaders = []
        self.content_length: int | None = None
        # As it was sent, b"" where it was not.
        self.content_type = b""
        self.is_chunked = False
        self.leftover = b""
        # How many bytes came, of head and body.
        self.received = 0

    def __repr__(self) -> str:
        state = "complete" if self._is_complete else "reading" if self._has_head else "waiting"
        return f"<Exchange {state} status={self.status} buffered={self._size}>"

    # --- for the relay ---------------------------------------------------------------

    @property
    def has_begun(self) -> bool:
        """Whether any byte of an answer came; then the request must not be sent again."""
        return self.received > 0

    @property
    def is_complete(self) -> bool:
        """Whether the whole response is here (some of it may still wait to be read)."""
        return self._is_complete

    @property
    def has_buffered(self) -> bool:
        """Whether body bytes wait to be read."""
        return bool(self._chunks)

    async def head_arrived(self) -> None:
        """Wait for status and headers of the final response.

        Raises BackendBroke, BackendSpokeNonsense, or what `fail` was given.
        """
        while not self._has_head:
            await self._progress()

    async def read(self) -> bytes:
        """The next bytes of the body, as many as there are; b"" once at its end.

        Raises what broke the exchange, after the bytes that came before it were read.
        """
        while not self._chunks:
            if self._is_complete:
                return b""
            await self._progress()
        return self.take()

    def take(self) -> bytes:
        """The body bytes that are here already, without waiting; may be b""."""
        chunks = self._chunks
        if not chunks:
            return b""
        data = chunks.popleft() if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self._size = 0
        if self._is_paused:
            self._is_paused = False
            self._connection.resume_reading()
        return data

    async def _progress(self) -> None:
        if self._failure is not None:
            raise self._failure
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    # --- for the connection ------------------------------------------------------------

    def feed(self, data: bytes) -> bool:
        """Take bytes from the backend; whether the response ended within them.

        Never raises: nonsense fails the exchange, which its reader will see.
        """
        self.received += len(data)
        if self._is_complete:
            self._has_excess = True
        elif self._remaining is not None:
            self._count(data, self._remaining)
        elif self._is_until_close and self._has_head:
            self._append(data)
        else:
            self._parse(data)
        self._wake()
        return self._is_complete

    def _parse(self, data: bytes) -> None:
        if self._first_line is not None:
            self._look_how_lines_end(data, self._first_line)
        self._since_body += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.leftover = data[upgrade.args[0] :]
            self._is_complete = True
        except httptools.HttpParserError as error:
            self._has_excess = True
            reason = error.__context__ or error
            self.fail(BackendSpokeNonsense(f"The application sent no valid HTTP: {reason}"))
        else:
            if self._since_body > MAX_HEAD_BYTES and not self._is_complete:
                self.fail(BackendSpokeNonsense(f"The application sent no valid HTTP: {TOO_LARGE}"))

    def _look_how_lines_end(self, data: bytes, before: bytes) -> None:
        """Understand lines that end with LF alone, as those of scripts often do (RFC 9112
        section 2.2), if the first one does: an LF later on may be in a value that somebody has
        put there to smuggle a field. `before` is the byte before `data`."""
        end = data.find(b"\n")
        if end < 0:
            self._first_line = data[-1:]
            return
        self._first_line = None
        if (data[end - 1 : end] if end else before) != b"\r":
            self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)

    def _count(self, data: bytes, remaining: int) -> None:
        """An identity body needs no parser: its bytes are the message (RFC 9112 section 6)."""
        if len(data) > remaining:
            self._has_excess = True
            data = data[:remaining]
        self._remaining = remaining - len(data)
        self._is_complete = self._remaining == 0
        self._append(data)

    def _append(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        if self._size > HIGH_WATER and not self._is_paused:
            self._is_paused = True
            self._connection.pause_reading()

    def end_of_input(self, error: Exception | None) -> None:
        """The backend closed: the end of a body that lasts until close, else a break."""
        if self._is_complete:
            return
        if error is None and self._has_head and self._is_until_close:
            self._is_complete = True
            self._wake()
            return
        when = "in the middle of its answer" if self._has_head else "without an answer"
        # Who dies with requests in the queue of its socket has these reset; who has read one and
        # dies of it has its connection closed.
        is_unheard = isinstance(error, ConnectionResetError) and not self.has_begun
        problem = BackendUnheard if is_unheard else BackendBroke
        self.fail(problem(f"The application closed the connection {when}"))

    def fail(self, failure: ProxyError) -> None:
        """End the exchange with an error that its reader will be given. First one counts."""
        if self._failure is None and not self._is_complete:
            self._failure = failure
            self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # --- for the parser ----------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A response begins. After the final one there must be none: nobody has asked for it."""
        if self._has_head:
            self._has_excess = True

    def on_status(self, reason: bytes) -> None:
        """Part of the reason phrase."""
        if not self._has_head:
            self.reason += reason.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header field (or trailer field, which is dropped)."""
        if not self._has_head:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole; decide how the body is framed."""
        if self._has_head:
            return
        self.status = self._parser.get_status_code()
        if self.status < 100:
            raise ValueError(f"{self.status} is no status code")
        if 100 <= self.status < 200 and self.status != 101:
            return
        self._read_fields()
        self._has_head = True
        if self._is_head_request or self.status in (204, 304):
            self._is_complete = True
        elif self.content_length is None and not self.is_chunked and self.status != 101:
            self._is_until_close = True

    def _read_fields(self) -> None:
        """Note what they say about the message, in one go for all who want to know."""
        if self.received > MAX_HEAD_BYTES:
            self._check_head_size()
        for name, value in self.headers:
            key = name.lower()
            if key not in _NOTED:
                continue
            if key == b"content-length":
                self.content_length = int(value)
            elif key == b"content-type":
                self.content_type = self.content_type or value
            elif key == b"connection":
                self._connection_options += value.lower() + b","
            elif value.strip().lower() == b"chunked":
                self.is_chunked = True
            else:
                raise ValueError(f"transfer coding {value!r} is not supported")

    def _check_head_size(self) -> None:
        """Refuse one that is too large. One that does not end is found by `_parse`."""
        size = len(self.reason) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > MAX_HEAD_BYTES:
            raise ValueError(TOO_LARGE)

    def on_body(self, body: bytes) -> None:
        """Body bytes without their framing."""
        self._since_body = 0
        if self._is_complete:
            self._has_excess = True  # a body where none may be
            return
        self._append(body)
        if self.content_length is not None and self.content_length > len(body):
            self._remaining = self.content_length - len(body)

    def on_message_complete(self) -> None:
        """The final response is whole; an interim one (1xx) makes room for the next."""
        if self._has_head:
            self._is_complete = True
            return
        self.status, self.reason, self.headers = 0, "", []

    def end(self) -> bool:
        """Whether the connection may carry another exchange (RFC 9112 section 9.3).

        The exchange is over: it lets go of its parser, which refers back to it and would
        make every request work for the garbage collector.
        """
        is_reusable = self._is_reusable()
        self._parser = None
        return is_reusable

    def _is_reusable(self) -> bool:
        if not self._is_complete or self._has_excess or self._is_until_close:
            return False
        return self.status != 101 and not self._asks_to_close()

    def _asks_to_close(self) -> bool:
        if self._parser.get_http_version() == "1.0":
            return b"keep-alive" not in self._connection_options
        return b"close" in self._connection_options
