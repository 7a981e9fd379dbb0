"""One connection to a backend; at most one exchange on it at a time.

Writing waits while the backend is slow, reading pauses while the client is. After a 101 the
transport is given away whole. Nothing here knows who the client is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from typing import Any, cast

from ..errors import BackendUnreachable, ConnectTimedOut, ProxyError
from ..rules.targets import Target, TcpTarget, TlsOptions
from .exchange import Exchange
from .limit import time_limit
from .scratch import SCRATCH
from .tls import client_context

# What "localhost" means here, in the order tried; no resolver, no thread, no surprise.
LOOPBACKS = ("127.0.0.1", "::1")


class BackendConnection(asyncio.BufferedProtocol):
    """A connection and the exchange on it, if any."""

    __slots__ = (
        "_can_write",
        "_exchange",
        "_on_lost",
        "_transport",
        "idle_since",
        "is_open",
        "is_write_paused",
    )

    def __init__(self, on_lost: Callable[[BackendConnection], None] | None = None) -> None:
        self._on_lost = on_lost
        self._exchange: Exchange | None = None
        self._can_write: asyncio.Future[None] | None = None
        self.is_write_paused = False
        self._transport: asyncio.Transport | None = None
        self.is_open = False
        self.idle_since = 0.0

    def __repr__(self) -> str:
        state = "open" if self.is_open else "closed"
        return f"<BackendConnection {state} {self._exchange or 'idle'}>"

    # --- asyncio.BufferedProtocol ----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        # That is what TCP and unix connections have, but uvloop's are of no class of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def get_buffer(self, sizehint: int) -> memoryview:
        """See `asyncio.BufferedProtocol` and `scratch`."""
        return SCRATCH

    def buffer_updated(self, nbytes: int) -> None:
        """See `asyncio.BufferedProtocol`."""
        exchange = self._exchange
        if exchange is None:
            # Nobody asked: whatever it is, it is not an answer to the next request.
            self.abort()
            return
        if exchange.feed(SCRATCH[:nbytes].tobytes()) and exchange.status == 101:
            self.pause_reading()

    def eof_received(self) -> bool:
        """See `asyncio.Protocol`. A half-closed backend will answer nothing more: close."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BufferedProtocol`."""
        self.is_open = False
        self.resume_writing()
        if self._exchange is not None:
            if exc is not None:
                self._take_rest(self._exchange)
            self._exchange.end_of_input(exc)
        if self._on_lost is not None:
            self._on_lost(self)

    def _take_rest(self, exchange: Exchange) -> None:
        """Read what came before the connection broke.

        A backend that answers early and closes resets what is still being sent to it. asyncio
        closes at the failed write, but the answer has arrived, and it says what was wrong.
        """
        transport = self._transport
        if transport is None or transport.get_extra_info("sslcontext") is not None:
            return
        raw = transport.get_extra_info("socket")
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(raw.fileno())) as rest:
            rest.setblocking(False)
            while size := rest.recv_into(SCRATCH):
                exchange.feed(SCRATCH[:size].tobytes())

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self.is_write_paused = True

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self.is_write_paused = False
        waiter, self._can_write = self._can_write, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # --- flow control for the exchange -----------------------------------------------------

    def pause_reading(self) -> None:
        """Take no more bytes from the backend for now."""
        if self.is_open and self._transport is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on taking bytes."""
        if self.is_open and self._transport is not None:
            self._transport.resume_reading()

    # --- for the relay ---------------------------------------------------------------------

    def send(self, method: str, head: bytes) -> Exchange:
        """Start an exchange by writing its request head; never waits."""
        exchange = Exchange(self, method)
        self._exchange = exchange
        self.write(head)
        return exchange

    def write(self, data: bytes) -> None:
        """Queue request bytes. A connection that is gone swallows them: its reader knows."""
        transport = self._transport
        if self.is_open and transport is not None and not transport.is_closing():
            transport.write(data)

    async def drain(self) -> None:
        """Wait until the backend has taken enough for more to be written."""
        if self.is_write_paused and self.is_open:
            self._can_write = asyncio.get_running_loop().create_future()
            await self._can_write

    def fail(self, failure: ProxyError) -> None:
        """End the exchange with an error and close; its reader is woken."""
        if self._exchange is not None:
            self._exchange.fail(failure)
        self.abort()

    def leave(self) -> bool:
        """The exchange is over; whether the connection may be used again."""
        exchange, self._exchange = self._exchange, None
        return exchange is not None and exchange.end() and self.is_open

    def give_away(self) -> asyncio.Transport:
        """The transport of an upgraded connection, paused; this object is out of the game."""
        transport = self._transport
        assert transport is not None
        self._transport, self._exchange, self._on_lost = None, None, None
        self.is_open = False
        return transport

    def abort(self) -> None:
        """Close at once, dropping what is still to be written."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()


async def connect(
    target: Target,
    *,
    timeout: float,
    on_lost: Callable[[BackendConnection], None] | None = None,
) -> BackendConnection:
    """A new connection to `target` within `timeout` seconds.

    Raises BackendUnreachable or ConnectTimedOut, naming the target.
    """
    try:
        async with time_limit(timeout):
            return await _dial(target, on_lost)
    except asyncio.TimeoutError:
        raise ConnectTimedOut(
            f"Nothing at {target} accepted a connection within {timeout:g} seconds"
        ) from None
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        raise BackendUnreachable(f"Nothing can be reached at {target}: {reason}") from error


async def _dial(
    target: Target, on_lost: Callable[[BackendConnection], None] | None
) -> BackendConnection:
    if isinstance(target, TcpTarget):
        return await _dial_tcp(target, on_lost)
    _, connection = await asyncio.get_running_loop().create_unix_connection(
        lambda: BackendConnection(on_lost), target.path, **_tls_arguments(target.tls, "localhost")
    )
    return connection


async def _dial_tcp(
    target: TcpTarget, on_lost: Callable[[BackendConnection], None] | None
) -> BackendConnection:
    hosts = LOOPBACKS if target.host == "localhost" else (target.host,)
    tls = _tls_arguments(target.tls, target.host)
    loop = asyncio.get_running_loop()
    refusal: OSError | None = None
    for host in hosts:
        try:
            _, connection = await loop.create_connection(
                lambda: BackendConnection(on_lost), host, target.port, **tls
            )
        except OSError as error:
            # The first address speaks for all: a machine without IPv6 says odd things on ::1.
            refusal = refusal or error
        else:
            return connection
    assert refusal is not None
    raise refusal


def _tls_arguments(tls: TlsOptions | None, host: str) -> dict[str, Any]:
    if tls is None:
        return {}
    return {"ssl": client_context(tls), "server_hostname": tls.server_name or host}
