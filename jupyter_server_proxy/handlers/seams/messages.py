"""Websockets whose messages a subclass wants to see, change, drop or send itself.

A class that overrides none of the methods here, and limits no message's size, is never asked:
its websockets are tunnels.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from contextlib import ExitStack
from functools import partial
from typing import Any

from tornado.websocket import WebSocketClosedError

from ...backend.exchange import Exchange, RawHeaders
from ...backend.pool import Call
from ...errors import BackendSpokeNonsense, ClientGone
from ...relay.client_socket import ClientSocket
from ...relay.message_ends import BackendEnd, BackendSocket, Sendable
from ...relay.messages import MAX_MESSAGE_SIZE, MessageRelay
from ..destination import Destination, Outbound
from .overrides import MESSAGE_SEAMS
from .requesting import RequestSeams

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# What each of the two handshakes has for itself (RFC 6455 section 4.1). No extensions are offered
# to the backend, so none can be agreed on.
_OF_THE_HANDSHAKE = frozenset(
    ("sec-websocket-extensions", "sec-websocket-key", "sec-websocket-version")
)
SUBPROTOCOL = "sec-websocket-protocol"
NO_MESSAGES = "This request has no websocket whose messages pass through its handler"


class MessageSeams(RequestSeams):
    """The methods of Tornado's `WebSocketHandler` that packages override and call.

    `ws` is the backend's websocket once there is one: it has `write_message`, `ping`, `close`,
    `selected_subprotocol`, and `protocol.write_ping`.
    """

    ws: BackendEnd
    # Why the client's websocket was closed, for `on_close`.
    close_code: int | None = None
    close_reason: str | None = None
    _messages: MessageRelay | None = None
    _agreed_subprotocol: str | None = None
    _handshake_key: str = ""

    # --- what a subclass is told -------------------------------------------------------------

    def on_message(self, message: str | bytes) -> Any:
        """The client has sent `message`: pass it on. The next one is taken when this is done."""
        if hasattr(self, "ws"):
            return self.ws.write_message(message, binary=isinstance(message, bytes))
        return None

    def on_ping(self, data: bytes) -> Any:
        """The client has sent a ping, which was answered: ping the backend as well."""
        if hasattr(self, "ws"):
            self.ws.ping(data)

    def on_pong(self, data: bytes) -> Any:
        """The client has answered a ping."""

    def on_close(self) -> Any:
        """The client's websocket is closed: close the backend's."""
        if hasattr(self, "ws"):
            self.ws.close(self.close_code, self.close_reason)

    # --- what a subclass calls ---------------------------------------------------------------

    def write_message(self, message: Sendable, binary: bool = False) -> asyncio.Future[None]:
        """Send the client text, bytes, or a dict as JSON; every message of the backend passes
        here. Raises WebSocketClosedError where there is no such websocket."""
        return self._client_socket().write_message(message, binary)

    def ping(self, data: str | bytes = b"") -> None:
        """Ping the client. Raises WebSocketClosedError."""
        self._client_socket().ping(data)

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close the client's websocket; harmless when it is closed already."""
        self._client_socket().close(code, reason)

    def set_nodelay(self, value: bool) -> None:
        """See Tornado's `WebSocketHandler`."""
        self._client_socket().set_nodelay(value)

    @property
    def ws_connection(self) -> Any:
        """Tornado's own object for the client's websocket; None where there is none."""
        relay = self._messages
        return relay.client.ws_connection if relay is not None and relay.client else None

    @property
    def selected_subprotocol(self) -> str | None:
        """The sub-protocol that the client was told."""
        return self._agreed_subprotocol

    # --- options -----------------------------------------------------------------------------

    @property
    def max_message_size(self) -> int:
        """Bytes that a message may have, in either direction."""
        size: int = self.settings.get("websocket_max_message_size", MAX_MESSAGE_SIZE)
        return size

    @property
    def ping_interval(self) -> float | None:
        """Seconds between pings that keep the client's websocket alive."""
        interval: float | None = self.settings.get("websocket_ping_interval")
        return interval

    @property
    def ping_timeout(self) -> float | None:
        """Seconds that the client may take to answer such a ping."""
        timeout: float | None = self.settings.get("websocket_ping_timeout")
        return timeout

    def get_compression_options(self) -> dict[str, Any] | None:
        """None, or options with which messages for the client are compressed."""
        return None

    # --- where the engine asks them ----------------------------------------------------------

    @property
    def _is_told_messages(self) -> bool:
        """Whether this upgrade is a websocket whose messages are looked at one by one."""
        if not self.is_limiting_messages and self.overrides.isdisjoint(MESSAGE_SEAMS):
            return False
        return self.offered_protocols.lower() == "websocket"

    def _upgrade_as_asked(
        self, outbound: Outbound, destination: Destination, upgrade: str
    ) -> Outbound:
        outbound = super()._upgrade_as_asked(outbound, destination, upgrade)
        if not self._is_told_messages:
            return outbound
        self._handshake_key = base64.b64encode(os.urandom(16)).decode()
        kept = [field for field in outbound.fields if field[0].lower() not in _OF_THE_HANDSHAKE]
        own = [("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", self._handshake_key)]
        return outbound._replace(fields=kept + own)

    async def _become_tunnel(self, call: Call, destination: Destination, in_use: ExitStack) -> None:
        if not self._is_told_messages:
            await super()._become_tunnel(call, destination, in_use)
            return
        self._call = None
        try:
            chosen = check_accepted(call.exchange, self._handshake_key)
            exchange = call.exchange
            fields = self._response_fields(exchange.headers, exchange.status, destination)
            if self._is_client_gone:
                raise ClientGone("The client closed the connection")
        except BaseException:
            call.abort()
            raise
        backend = BackendSocket(
            call.give_away(),
            early=exchange.leftover,
            selected_subprotocol=chosen,
            max_message_size=self.max_message_size,
        )
        await self.relay_messages(backend, destination, fields, in_use)

    async def relay_messages(
        self,
        backend: BackendEnd,
        destination: Destination,
        fields: list[tuple[str, str]],
        in_use: ExitStack,
    ) -> None:
        """Answer the client's handshake with `fields`, and let messages pass once whoever
        called (`open`) has returned. What is entered in `in_use` is held until the end."""
        self.ws = backend
        self._note_tunnel(destination.path)
        self._messages = relay = self._make_relay(backend, destination, in_use.pop_all())
        self._agreed_subprotocol = _subprotocol_of(fields)
        self.note_taken_over()
        if not await relay.accept(self.application, self.request, fields + self.own_cookies()):
            return
        task = asyncio.current_task()
        assert task is not None
        task.add_done_callback(lambda _: relay.flow())

    def _make_relay(
        self, backend: BackendEnd, destination: Destination, in_use: ExitStack
    ) -> MessageRelay:
        living = self._living()

        def ended() -> None:
            living.discard(relay)
            in_use.close()

        relay = MessageRelay(
            self,
            backend,
            on_message=partial(self._note_progress, destination.path),
            on_ended=ended,
            idle_timeout=self.tunnel_idle_timeout,
        )
        living.add(relay)
        return relay

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Answer an error; once there is a websocket, the answer is its end."""
        if self._messages is not None:
            self._messages.fail(f"{type(self).__name__}.open() failed")
        super().send_error(status_code, **kwargs)

    def _client_socket(self) -> ClientSocket:
        relay = self._messages
        if relay is None or relay.client is None:
            raise WebSocketClosedError(NO_MESSAGES)
        return relay.client


def check_accepted(exchange: Exchange, key: str) -> str | None:
    """The sub-protocol that a backend has accepted our handshake with, None for none.

    Raises BackendSpokeNonsense where it has accepted something else (RFC 6455 section 4.1).
    """
    digest = hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()
    if _value(exchange.headers, "upgrade").lower() != "websocket":
        raise BackendSpokeNonsense("The application switched to something else than websocket")
    if _value(exchange.headers, "sec-websocket-accept") != base64.b64encode(digest).decode():
        raise BackendSpokeNonsense("The application accepted another websocket than was offered")
    if _value(exchange.headers, "sec-websocket-extensions"):
        raise BackendSpokeNonsense("The application uses an extension that was not offered")
    return _value(exchange.headers, SUBPROTOCOL) or None


def _value(headers: RawHeaders, name: str) -> str:
    values = [value for key, value in headers if key.lower() == name.encode()]
    return b", ".join(values).decode("latin-1").strip()


def _subprotocol_of(fields: list[tuple[str, str]]) -> str | None:
    return next((value for name, value in fields if name.lower() == SUBPROTOCOL), None)
