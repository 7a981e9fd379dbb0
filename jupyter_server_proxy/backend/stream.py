"""A plain byte stream to a backend that speaks no HTTP."""

from __future__ import annotations

import asyncio

from ..errors import BackendUnreachable, ConnectTimedOut
from ..rules.targets import Target, UnixTarget
from .connection import LOOPBACKS
from .limit import time_limit

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def open_stream(target: Target, *, timeout: float) -> Stream:
    """Connect within `timeout` seconds. Raises BackendUnreachable or ConnectTimedOut."""
    try:
        async with time_limit(timeout):
            return await _open(target)
    except asyncio.TimeoutError:
        raise ConnectTimedOut(
            f"Nothing at {target} accepted a connection within {timeout:g} seconds"
        ) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise BackendUnreachable(f"Nothing can be reached at {target}: {reason}") from error


async def _open(target: Target) -> Stream:
    if isinstance(target, UnixTarget):
        return await asyncio.open_unix_connection(target.path)
    if target.host != "localhost":
        return await asyncio.open_connection(target.host, target.port)
    try:
        return await asyncio.open_connection(LOOPBACKS[0], target.port)
    except ConnectionRefusedError:
        return await asyncio.open_connection(LOOPBACKS[1], target.port)
