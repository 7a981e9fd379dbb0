"""One connection to the local port of a `raw_socket_proxy` service: bytes, through a websocket."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.netutil import Resolver
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

from ...client import Address
from ...client.transport import tls_context
from ...unixsock import UnixResolver
from .heads import Route

_CHUNK = 64 * 1024
_CONNECT_TIMEOUT = 60.0
# What is in between, a hub or a load balancer, often ends connections that are silent for a minute.
_PING_INTERVAL = 30.0
# A websocket cannot tell that only one direction has ended. Who has said all may still be
# waiting for the answer; who has gone is not.
_LAST_WORDS = 10.0


async def forward_stream(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, route: Route, address: Address
) -> None:
    """Serve one connection to the local port; the caller closes it.

    Raises OSError when the service cannot be reached.
    """
    tunnel = await _connect(route, address)
    there = asyncio.ensure_future(_carry_there(reader, tunnel))
    try:
        await _carry_back(tunnel, writer, there)
    finally:
        there.cancel()
        await asyncio.gather(there, return_exceptions=True)
        tunnel.close()


async def _connect(route: Route, address: Address) -> WebSocketClientConnection:
    scheme = "wss" if address.is_tls else "ws"
    netloc = f"[{address.host}]" if ":" in address.host else address.host
    request = HTTPRequest(
        f"{scheme}://{netloc}:{address.port}{route.prefix}",
        headers={**route.login, "Host": route.netloc},
        connect_timeout=_CONNECT_TIMEOUT,
        ssl_options=tls_context(address) if address.is_tls else None,
    )
    resolver: Resolver | None = UnixResolver(address.unix_socket) if address.unix_socket else None
    try:
        return await websocket_connect(request, ping_interval=_PING_INTERVAL, resolver=resolver)
    except HTTPClientError as error:
        raise ConnectionError(f"the service answered {error.code} {error.message}") from error


async def _carry_there(reader: asyncio.StreamReader, tunnel: WebSocketClientConnection) -> None:
    with contextlib.suppress(OSError, WebSocketClosedError):
        while data := await reader.read(_CHUNK):
            await tunnel.write_message(data, binary=True)


async def _carry_back(
    tunnel: WebSocketClientConnection, writer: asyncio.StreamWriter, there: asyncio.Future[None]
) -> None:
    with contextlib.suppress(OSError):
        while (message := await _next_message(tunnel, there)) is not None:
            writer.write(message.encode() if isinstance(message, str) else message)
            await writer.drain()


async def _next_message(
    tunnel: WebSocketClientConnection, there: asyncio.Future[None]
) -> str | bytes | None:
    """What comes next; None when the service has ended, or is silent to who has said all."""
    coming = asyncio.ensure_future(tunnel.read_message())
    either: list[asyncio.Future[Any]] = [coming, there]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if not coming.done():
        await asyncio.wait([coming], timeout=_LAST_WORDS)
    if not coming.done():
        coming.cancel()
        return None
    return coming.result()
