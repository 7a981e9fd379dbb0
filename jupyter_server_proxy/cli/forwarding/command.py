"""The command `forward`: listens on this machine only, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from ...client import Address, Client, Server
from ..acting import act_and_show
from ..exit_codes import ExitCode
from ..session import Session, warn
from ..text import full_name, printable, split_name
from .exchanges import forward_exchange
from .heads import Route

HOST = "127.0.0.1"

Forward = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Route, Address], Awaitable[None]]


def forward(session: Session) -> ExitCode:
    """Start the service if need be, then forward until Ctrl-C."""
    client = session.client
    name, instance = split_name(session.options.name)
    server = client.server(name, instance)
    is_ours_to_start = server.get("managed") and server["state"] != "ready"
    if is_ours_to_start and not session.options.no_start:
        server = act_and_show(session, "start", name, instance)
    return asyncio.run(_listen(session, client, server))


async def _listen(session: Session, client: Client, server: Server) -> ExitCode:
    address = client.address
    is_raw = bool(server.get("raw_socket"))
    connections: set[asyncio.Task[None]] = set()
    routes: list[Route] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        # asyncio's streams take a cancelled task for a mistake of ours.
        with contextlib.suppress(asyncio.CancelledError):
            await _serve(_way(is_raw), reader, writer, routes[0], address)
        connections.discard(task)

    try:
        listener = await asyncio.start_server(serve, HOST, session.options.port)
    except OSError as error:
        warn(f"Port {session.options.port} of {HOST} cannot be had: {error.strerror or error}")
        return ExitCode.CONFLICT
    port = listener.sockets[0].getsockname()[1]
    routes.append(route_to(server, address, client, port))
    _tell(session, server, port, is_raw=is_raw)
    try:
        await listener.serve_forever()
    finally:
        listener.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
    return ExitCode.DONE


def route_to(server: Server, address: Address, client: Client, port: int) -> Route:
    """What the local `port` leads to."""
    parts = urlsplit(address.url)
    origin = f"{parts.scheme}://{address.netloc}"
    # The field against forged requests is for the API only.
    login = {n: v for n, v in client.login_fields.items() if n in ("Authorization", "Cookie")}
    cookie = "" if server.get("raw_socket") else client.login_cookie(*split_name(full_name(server)))
    return Route(server["url"], origin, address.netloc, port, login, cookie)


def _way(is_raw: bool) -> Forward:
    if not is_raw:
        return forward_exchange
    from .raw import forward_stream  # noqa: PLC0415  # Tornado is only needed for these

    return forward_stream


async def _serve(
    way: Forward,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    route: Route,
    address: Address,
) -> None:
    """One connection, whatever becomes of it."""
    try:
        await way(reader, writer, route, address)
    except OSError as error:
        warn(f"a connection has failed: {error}")
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _tell(session: Session, server: Server, port: int, *, is_raw: bool) -> None:
    local = f"{HOST}:{port}" if is_raw else f"http://{HOST}:{port}/"
    text = f"{local} leads to {printable(full_name(server))}; Ctrl-C ends this"
    session.answer(text, {"host": HOST, "port": port, "url": None if is_raw else local})
