"""Asking a backend, once and briefly, whether it answers."""

from __future__ import annotations

import asyncio

from ..errors import ResponseTimedOut
from ..rules.targets import Target, TcpTarget, bracketed
from .connection import connect
from .limit import time_limit


async def fetch_status(
    target: Target, path: str, *, timeout: float, connect_timeout: float | None = None
) -> int:
    """The status of a GET of `path` (a request target, sent as it is), body unread.

    `timeout` seconds in all. Raises BackendUnreachable, ConnectTimedOut, BackendBroke,
    BackendSpokeNonsense or ResponseTimedOut.
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
        return exchange.status
    finally:
        connection.abort()


async def accepts_connections(target: Target, *, timeout: float) -> None:
    """Connect and close. Raises BackendUnreachable or ConnectTimedOut."""
    connection = await connect(target, timeout=timeout)
    connection.abort()
