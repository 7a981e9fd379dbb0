"""A websocket joined to a plain byte stream, as `raw_socket_proxy` does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from _harness.backend import Peer
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from .exchange import SILENCE
from .record import Record
from .sides import Side
from .websockets_run import WebsocketCase, connected, note_handshake, note_refusal, received


@dataclass(frozen=True)
class RawCase(WebsocketCase):
    """The steps are (who, content); None closes. What a stream gets is told byte for byte."""

    steps: Sequence[tuple] = (("client", b"hello"), ("backend", b"hello"))


async def raw(side: Side, case: RawCase) -> Record:
    record = Record(ending="")
    peers: asyncio.Queue[tuple[Peer, asyncio.Event]] = asyncio.Queue()
    side.main.run(_keeper(peers))
    side.unix.run(_keeper(peers))
    try:
        async with connected(side, case) as client:
            note_handshake(record, client.response, side)
            peer, done = await asyncio.wait_for(peers.get(), SILENCE)
            for who, content in case.steps:
                await _play(who, content, client, peer, record)
            done.set()
    except InvalidHandshake as error:
        note_refusal(record, error, side)
    except (asyncio.TimeoutError, ConnectionClosed) as error:
        record.facts.append(f"ended by {type(error).__name__}")
    record.activity = await side.take_activity()
    return record


def _keeper(peers: asyncio.Queue):
    async def keep(peer: Peer) -> None:
        done = asyncio.Event()
        peers.put_nowait((peer, done))
        await done.wait()

    return keep


async def _play(who: str, content, client, peer: Peer, record: Record) -> None:
    if who == "client" and content is None:
        await client.close()
        record.facts.append(f"backend got {await peer.closed()!r} and the end")
    elif who == "client":
        await client.send(content)
        size = len(content.encode() if isinstance(content, str) else content)
        data = await peer.read(size)
        record.facts.append(f"backend got {data!r}" if size < 100 else f"backend got {size}")
    elif content is None:
        peer.close()
        record.facts.append(f"client got {await received(client)}")
    else:
        await peer.send(content)
        record.facts.append(f"client got {await received(client)}")
