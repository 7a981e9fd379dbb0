"""Asking a backend, once and briefly, whether it answers."""

from __future__ import annotations

import asyncio
import contextlib

from ..errors import ProxyError, ResponseTimedOut
from ..rules.targets import Target, TcpTarget, bracketed
from .connection import connect
from .exchange import Exchange
from .limit import time_limit

# An application that is hung up on while it writes its first page may complain of that in its log,
# with a traceback. Most pages are whole by then; what is longer must not hold up the start.
_TIME_FOR_BODY = 0.05


async def fetch_status(
    target: Target, path: str, *, timeout: float, connect_timeout: float | None = None
) -> int:
    """The status of a GET of `path` (a request target, sent as it is); the body is thrown away.

    `timeout` seconds in all; a body that does not end is left after a twentieth of a second.
    Raises BackendUnreachable, ConnectTimedOut, BackendBroke, BackendSpokeNonsense or
    ResponseTimedOut.
    """
    try:
        async with time_limit(timeout):
            return await _ask(target, path, connect_timeout or timeout)
    except asyncio.TimeoutError:
        raise ResponseTimedOut(f"{target} did not answer within {timeout:g} seconds") from None


async def _ask(target: Target, path: str, connect_timeout: float) -> int:
    connection = await connect(target, timeout=connect_timeout)
    try:
        host = "localhost"
        if isinstance(target, TcpTarget):
            host = f"{bracketed(target.host)}:{target.port}"
        head = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n"
            "User-Agent: jupyter-server-proxy\r\nConnection: close\r\n\r\n"
        )
        exchange = connection.send("GET", head.encode("latin-1"))
        await exchange.head_arrived()
        await _hear_out(exchange)
        return exchange.status
    finally:
        connection.abort()


async def _hear_out(exchange: Exchange) -> None:
    """Read the body, or what comes of it in time."""
    with contextlib.suppress(asyncio.TimeoutError, ProxyError):
        async with time_limit(_TIME_FOR_BODY):
            while await exchange.read():
                pass


async def accepts_connections(target: Target, *, timeout: float) -> None:
    """Connect and close. Raises BackendUnreachable or ConnectTimedOut."""
    connection = await connect(target, timeout=timeout)
    connection.abort()
