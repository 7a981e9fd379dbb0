"""Names that other packages import from here."""

from __future__ import annotations

import asyncio
from typing import Any

from .handlers.raw import RawSocketHandler, SuperviseAndRawSocketHandler

__all__ = ["RawSocketHandler", "RawSocketProtocol", "SuperviseAndRawSocketHandler"]


class RawSocketProtocol(asyncio.Protocol):
    """Sends what comes on a connection to the client of `handler`, as binary messages.

    For code that opens connections of its own, as in `loop.create_connection(lambda:
    RawSocketProtocol(handler), ...)`. `handler` is anything with an open websocket:
    Tornado's `WebSocketHandler`, or one of ours whose messages are overridden. Nothing in
    this package uses it: the relay of raw streams waits for slow clients.
    """

    def __init__(self, handler: Any) -> None:
        self.handler = handler

    def data_received(self, data: bytes) -> None:
        """Send `data` as one message."""
        self.handler.write_message(data, binary=True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the websocket with the connection."""
        self.handler.close()
