"""The client's side of a conversation in messages, and what it asks of a handler.

Tornado's websocket does the work; what comes is told to the relay. Nothing here knows the
backend.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from tornado import websocket

from ..rules.frames import Closing
from .error_log import log_error
from .message_ends import Sendable

if TYPE_CHECKING:
    from .messages import MessageRelay

# Tornado makes these itself for the client, or did not agree on them.
_OWN_FIELDS = frozenset(("sec-websocket-accept", "sec-websocket-extensions"))


class Seams(Protocol):
    """The handler: its methods see every message and may be anybody's; see Tornado's
    `WebSocketHandler` for what they are told and for the options."""

    close_code: int | None
    close_reason: str | None

    @property
    def log(self) -> Any:
        """A logger."""

    @property
    def max_message_size(self) -> int:
        """Bytes that a message of the client may have."""

    @property
    def ping_interval(self) -> float | None:
        """Seconds between pings of ours."""

    @property
    def ping_timeout(self) -> float | None:
        """Seconds that the client may take to answer one."""

    def get_compression_options(self) -> dict[str, Any] | None:
        """None for no compression towards the client."""

    def on_message(self, message: str | bytes) -> Any:
        """The client has sent a message."""

    def on_ping(self, data: bytes) -> Any:
        """The client has sent a ping, which has been answered."""

    def on_pong(self, data: bytes) -> Any:
        """The client has answered a ping."""

    def on_close(self) -> Any:
        """The client's websocket is closed. Called once."""

    def write_message(self, message: Sendable, binary: bool = False) -> Any:
        """The backend has sent a message."""

    def ping(self, data: str | bytes = b"") -> Any:
        """The backend has sent a ping, which has been answered."""

    def close(self, code: int | None = None, reason: str | None = None) -> Any:
        """The backend has closed."""


class ClientSocket(websocket.WebSocketHandler):
    """The client's side: makes the handshake, and tells a relay what comes."""

    def initialize(self, relay: MessageRelay, fields: Iterable[tuple[str, str]]) -> None:
        """`fields` are the header fields of the backend's 101 for the client."""
        self._relay = relay
        self._seams = relay.seams
        self._fields = fields
        self.last_write: asyncio.Future[None] | None = None

    def prepare(self) -> None:
        """The gate has let this request pass; what is answered is the backend's."""
        for name in ("Server", "Date"):
            self.clear_header(name)
        for name, value in self._fields:
            if name.lower() not in _OWN_FIELDS:
                self.add_header(name, value)

    def check_origin(self, origin: str) -> bool:
        """The gate has checked it, by Jupyter's rules."""
        return True

    @property
    def max_message_size(self) -> int:
        """See `Seams`."""
        return self._seams.max_message_size

    @property
    def ping_interval(self) -> float | None:
        """See `Seams`."""
        return self._seams.ping_interval

    @property
    def ping_timeout(self) -> float | None:
        """See `Seams`."""
        return self._seams.ping_timeout

    def get_compression_options(self) -> dict[str, Any] | None:
        """See `Seams`."""
        return self._seams.get_compression_options()

    async def open(self, *_args: str, **_kwargs: str) -> None:
        """The handshake is done. Nothing is read until this returns."""
        await self._relay.client_opened(self)

    async def on_message(self, message: str | bytes) -> None:
        """See `Seams`."""
        await self._relay.from_client(message)

    async def on_ping(self, data: bytes) -> None:  # type: ignore[override]
        """See `Seams`."""
        await self._relay.ask("on_ping", data)

    async def on_pong(self, data: bytes) -> None:  # type: ignore[override]
        """See `Seams`."""
        await self._relay.ask("on_pong", data)

    def on_close(self) -> None:
        """See `Seams`."""
        self._relay.client_closed(Closing(self.close_code, self.close_reason))

    def on_finish(self) -> None:
        """The handshake was answered; if it was refused, that was all."""
        if self.get_status() != 101:
            self._relay.client_refused()

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """See `tornado.web.RequestHandler`; nothing goes on after it."""
        log_error(self._seams.log, self.request, (typ, value, tb))
        self._relay.client_refused()

    def write_message(self, message: Sendable, binary: bool = False) -> asyncio.Future[None]:
        """Send; the future is done when more may be sent. Raises WebSocketClosedError."""
        self.last_write = sent = super().write_message(message, binary)
        # Whoever does not wait for it need not hear that the client has gone.
        sent.add_done_callback(_retrieve)
        return sent


def _retrieve(sent: asyncio.Future[None]) -> None:
    if not sent.cancelled():
        sent.exception()
