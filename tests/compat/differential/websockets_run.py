"""One websocket through a server: handshakes, messages and ends as both sides saw them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.http11 import Request, Response

from .exchange import SILENCE, filled, forget_own_words, without_times
from .record import Field, Masks, Record, Seen, without
from .sides import BASE_URL, Side


@dataclass(frozen=True)
class WebsocketCase:
    """`steps` are (who, what, content): who is "client" or "backend", what is "send", "ping"
    or "close". `refusal` is the status with which the backend refuses the handshake."""

    name: str
    path: str
    steps: Sequence[tuple] = (("client", "send", "hello"), ("backend", "send", "hello"))
    fields: tuple[Field, ...] = ()
    offered: tuple[str, ...] = ()
    chosen: str | None = None
    refusal: int = 0
    compression: str | None = None
    is_anonymous: bool = False
    origin: str | None = None


async def websocket(side: Side, case: WebsocketCase) -> Record:
    await side.take_activity()
    record = Record(ending="")
    accepted: asyncio.Queue[ServerConnection] = asyncio.Queue()
    async with _listening(side, case, record, accepted):
        try:
            async with connected(side, case) as client:
                note_handshake(record, client.response, side)
                if backend := await _first(accepted, client):
                    await _play(case.steps, client, backend, record)
                else:
                    record.facts.append(f"client got {await received(client)} and no backend")
        except ConnectionClosed as closed:
            record.facts.append(f"nobody asked for the end {_end(closed)}")
        except InvalidHandshake as error:
            note_refusal(record, error, side)
        except (TimeoutError, asyncio.TimeoutError):
            record.facts.append("silence")
    record.activity = await side.take_activity()
    return record


def _listening(side: Side, case: WebsocketCase, record: Record, accepted: asyncio.Queue):
    masks = side.masks

    def see(_connection: ServerConnection, request: Request) -> Response | None:
        record.seen.append(Seen(masks(f"GET {request.path}"), _fields(request, masks), "''"))
        if case.refusal:
            return _connection.respond(HTTPStatus(case.refusal), "refused\n")
        return None

    async def keep(connection: ServerConnection) -> None:
        accepted.put_nowait(connection)
        await connection.wait_closed()

    def choose(_connection: ServerConnection, _offered: Sequence[str]) -> str | None:
        return case.chosen

    return serve(
        keep,
        sock=side.jupyter.sockets["main"].dup(),
        process_request=see,
        select_subprotocol=choose,
        compression=case.compression,
        max_size=None,
        server_header=None,
    )


@asynccontextmanager
async def connected(side: Side, case: WebsocketCase) -> AsyncIterator[ClientConnection]:
    path = filled(case.path.encode(), side).decode()
    headers = [(n, filled(v.encode(), side).decode()) for n, v in case.fields]
    if not case.is_anonymous:
        headers.append(("Cookie", side.jupyter.cookie))
    origin = case.origin and filled(case.origin.encode(), side).decode()
    async with connect(
        f"ws://{side.jupyter.netloc}{BASE_URL}{path.removeprefix('/')}",
        additional_headers=headers,
        subprotocols=list(case.offered) or None,
        compression=case.compression,
        user_agent_header="a-client",
        origin=origin,
        max_size=None,
        proxy=None,
        open_timeout=SILENCE,
        close_timeout=SILENCE,
    ) as client:
        yield client


def note_handshake(record: Record, response: Response, side: Side) -> None:
    masks = side.masks
    record.status, record.reason = response.status_code, response.reason_phrase
    record.fields = _fields(response, masks)


def _fields(message: Request | Response, masks: Masks) -> list[Field]:
    """Its fields without those that are different each time."""
    pairs = [
        (masks(name), without_times(masks(value))) for name, value in message.headers.raw_items()
    ]
    return without(pairs, "Sec-WebSocket-Key", "Sec-WebSocket-Accept", "Date")


def note_refusal(record: Record, error: InvalidHandshake, side: Side) -> None:
    response = getattr(error, "response", None)
    if response is None:
        record.facts.append(f"client: no handshake, {type(error).__name__}")
        return
    note_handshake(record, response, side)
    record.body = side.masks.body(bytes(response.body or b""))
    forget_own_words(record)


async def _first(accepted: asyncio.Queue, client: ClientConnection) -> ServerConnection | None:
    """The backend's end of the connection; None when the client's ends before there is one."""
    arrival = asyncio.ensure_future(accepted.get())
    ended = asyncio.ensure_future(client.wait_closed())
    both = (arrival, ended)
    await asyncio.wait(both, timeout=SILENCE, return_when=asyncio.FIRST_COMPLETED)
    for task in both:
        task.cancel()
    return arrival.result() if arrival.done() and not arrival.cancelled() else None


async def _play(steps: Sequence[tuple], client: Connection, backend: Connection, record: Record):
    ends = {"client": (client, backend, "backend"), "backend": (backend, client, "client")}
    for who, what, *content in steps:
        actor, other, name = ends[who]
        if what == "send":
            await actor.send(content[0])
            record.facts.append(f"{name} got {await received(other)}")
        elif what == "ping":
            pong = await actor.ping(content[0])
            await asyncio.wait_for(pong, SILENCE)
            record.facts.append(f"{who} got a pong")
        elif what == "close":
            await actor.close(*content)
            record.facts.append(f"{name} got {await received(other)}")
        elif what == "drop":
            actor.transport.abort()
            record.facts.append(f"{name} got {await received(other)}")
        else:
            raise ValueError(what)


async def received(connection: Connection) -> str:
    try:
        message = await asyncio.wait_for(connection.recv(), SILENCE)
    except ConnectionClosed as closed:
        return _end(closed)
    if len(message) > 100:
        return f"{type(message).__name__} of {len(message)}"
    return repr(message)


def _end(closed: ConnectionClosed) -> str:
    end = closed.rcvd
    return f"close {end.code} {end.reason!r}" if end else "no close"
