"""Kept for packages that build on Tornado's websockets with the helpers of earlier releases.

Nothing in this package uses it: websockets are tunnelled, and those whose messages are
overridden go through `relay.messages`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from tornado import httpclient, httputil, websocket
from tornado.netutil import Resolver

__all__ = ["PingableWSClientConnection", "WebSocketHandlerMixin", "pingable_ws_connect"]

MAX_MESSAGE_SIZE = 64 * 1024 * 1024
# What Tornado's own `websocket_connect` fills in where a request says nothing.
DEFAULTS = {"connect_timeout": 20.0, "request_timeout": 20.0, "validate_cert": True}


class PingableWSClientConnection(websocket.WebSocketClientConnection):
    """Tornado's websocket client, which also tells of pings: `on_ping_callback(data)`."""

    def __init__(
        self, *, on_ping_callback: Callable[[bytes], Any] | None = None, **kwargs: Any
    ) -> None:
        self._on_ping_callback = on_ping_callback
        super().__init__(**kwargs)

    def on_ping(self, data: bytes) -> None:
        """The server has sent a ping, which has been answered."""
        if self._on_ping_callback is not None:
            self._on_ping_callback(data)


def pingable_ws_connect(
    request: httpclient.HTTPRequest,
    on_message_callback: Callable[[str | bytes | None], Any] | None = None,
    on_ping_callback: Callable[[bytes], Any] | None = None,
    subprotocols: list[str] | None = None,
    resolver: Resolver | None = None,
) -> asyncio.Future[websocket.WebSocketClientConnection]:
    """Connect to the websocket server that `request` asks for.

    `on_message_callback` is called with every message, and with None at the end.
    """
    request.headers = httputil.HTTPHeaders(request.headers)
    for option, value in DEFAULTS.items():
        if getattr(request, option) is None:
            setattr(request, option, value)
    connection = PingableWSClientConnection(
        request=request,
        on_message_callback=on_message_callback,
        on_ping_callback=on_ping_callback,
        compression_options={},
        max_message_size=MAX_MESSAGE_SIZE,
        subprotocols=subprotocols,
        resolver=resolver,
    )
    return connection.connect_future


class WebSocketHandlerMixin(websocket.WebSocketHandler):
    """Answers plain GETs with `http_get`, and websockets on the same URL with `open`.

    Mixed into a handler in front of its other base class.
    """

    def http_get(self, *args: Any, **kwargs: Any) -> Any:
        """A GET without an upgrade."""
        raise NotImplementedError("Subclasses of WebSocketHandlerMixin should implement http_get")

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Tell them apart."""
        if self.request.headers.get("Upgrade", "").lower() == "websocket":
            await super().get(*args, **kwargs)
            return
        answer = self.http_get(*args, **kwargs)
        if inspect.isawaitable(answer):
            await answer
