"""An upgraded connection through Jupyter, both ends in the hands of the test."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from .backend import Backend, Peer
from .client import Client, connected
from .jupyter import Jupyter
from .message import Head

KEY = base64.b64encode(b"0123456789abcdef").decode()
WEBSOCKET = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", KEY),
]


def accept_for(key: str) -> str:
    """RFC 6455 section 4.2.2."""
    told = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    return base64.b64encode(hashlib.sha1(told.encode()).digest()).decode()


def switching(protocol: str = "websocket", more: str = "") -> bytes:
    accept = f"Sec-WebSocket-Accept: {accept_for(KEY)}\r\n" if protocol == "websocket" else ""
    return (
        "HTTP/1.1 101 Switching Protocols\r\n"
        f"Upgrade: {protocol}\r\nConnection: Upgrade\r\n{accept}{more}\r\n"
    ).encode()


@dataclass
class Tunnelled:
    client: Client
    peer: Peer
    request: Head
    answer: Head


@asynccontextmanager
async def tunnel(
    jupyter: Jupyter,
    backend: Backend,
    path: str,
    *,
    fields: Iterable[tuple[str, str]] = WEBSOCKET,
    protocol: str = "websocket",
    **connecting: object,
) -> AsyncIterator[Tunnelled]:
    """Client and backend have shaken hands."""
    async with connected(jupyter, **connecting) as client:
        await client.ask("GET", path, fields)
        peer = await backend.accepted()
        request = await peer.head()
        await peer.send(switching(protocol))
        yield Tunnelled(client, peer, request, await client.head())
        peer.close()
