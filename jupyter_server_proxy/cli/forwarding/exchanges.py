"""One connection to the local port: a request with its login added, then bytes both ways.

Every connection is for one request, or for what it has been upgraded to. So there is nothing to
parse but the heads, and whatever else a client sends has no login.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Coroutine

from ...client import Address
from ...client.transport import tls_context
from .heads import Refused, Route, incoming, outgoing, status_of

Side = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_LARGEST_HEAD = 64 * 1024
_CHUNK = 64 * 1024
_CONNECT_TIMEOUT = 20.0


async def connect(address: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the Jupyter server. Raises OSError, also when it takes too long."""
    if address.unix_socket:
        opening = asyncio.open_unix_connection(address.unix_socket, limit=_LARGEST_HEAD)
    else:
        context: ssl.SSLContext | None = tls_context(address) if address.is_tls else None
        opening = asyncio.open_connection(
            address.host, address.port, ssl=context, limit=_LARGEST_HEAD
        )
    try:
        return await asyncio.wait_for(opening, _CONNECT_TIMEOUT)
    except asyncio.TimeoutError as error:
        raise TimeoutError("connecting took too long") from error


async def forward_exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, route: Route, address: Address
) -> None:
    """Serve one connection to the local port; the caller closes it."""
    try:
        request = outgoing(await reader.readuntil(b"\r\n\r\n"), route)
        far_reader, far_writer = await connect(address)
    except asyncio.IncompleteReadError:
        pass  # browsers open connections that they may never use
    except asyncio.LimitOverrunError:
        await _answer(writer, 431, "the head of this request is too large")
    except Refused as refusal:
        await _answer(writer, refusal.status, refusal.reason)
    except OSError as error:
        await _answer(writer, 502, f"the Jupyter server cannot be reached: {error}")
    else:
        with contextlib.closing(far_writer):
            far_writer.write(request.head)
            near, far = (reader, writer), (far_reader, far_writer)
            await (_tunnel if request.is_upgrade else _exchange)(near, far, route)


async def _exchange(near: Side, far: Side, route: Route) -> None:
    """A client that has gone ends it, as the answer's end does."""
    await _until_first(_pump(near[0], far[1]), _carry_answer(far[0], near[1], route))


async def _carry_answer(
    far_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, route: Route
) -> None:
    if await _carry_heads(far_reader, writer, route):
        await _pump(far_reader, writer)


async def _tunnel(near: Side, far: Side, route: Route) -> None:
    """Each direction ends by itself. What follows a refusal is not for the server: it has no
    login, and would not be the service's."""
    status = await _carry_heads(far[0], near[1], route)
    if status == 101:
        there = asyncio.ensure_future(_pump_and_half_close(near[0], far[1]))
        await _until_first(_pump(far[0], near[1]), alongside=there)
    elif status:
        await _until_first(_pump(far[0], near[1]), _swallow(near[0]))


async def _carry_heads(
    far_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, route: Route
) -> int:
    """The heads of an answer, interim ones too; the final status, 0 when there was none."""
    try:
        while True:
            head = await far_reader.readuntil(b"\r\n\r\n")
            writer.write(incoming(head, route))
            status = status_of(head)
            if status == 101 or status >= 200:
                return status
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, Refused, ValueError, OSError):
        await _answer(writer, 502, "the Jupyter server's answer broke off")
        return 0


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes until one side has ended; the reader waits for the writer."""
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()


async def _pump_and_half_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _pump(reader, writer)
    with contextlib.suppress(OSError):
        if writer.can_write_eof():
            writer.write_eof()


async def _swallow(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(_CHUNK):
            pass


async def _until_first(
    *sides: Coroutine[None, None, None], alongside: asyncio.Future[None] | None = None
) -> None:
    """Until the first of `sides` has ended; then everything is."""
    tasks = [asyncio.ensure_future(side) for side in sides]
    everything = [*tasks, alongside] if alongside is not None else tasks
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in everything:
            task.cancel()
        await asyncio.gather(*everything, return_exceptions=True)


async def _answer(writer: asyncio.StreamWriter, status: int, reason: str) -> None:
    body = f"jupyter server-proxy forward: {reason}\n".encode()
    head = (
        f"HTTP/1.1 {status} {reason.splitlines()[0]}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode("latin-1", "replace") + body)
    with contextlib.suppress(OSError):
        await writer.drain()
