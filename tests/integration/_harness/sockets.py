"""Ends of connections: the abrupt one, and seeing the other side's."""

from __future__ import annotations

import asyncio
import socket
import struct

from .message import patiently


def reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the other side gets a TCP reset."""
    connection: socket.socket = writer.get_extra_info("socket")
    if connection.family != socket.AF_UNIX:
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def gone(reader: asyncio.StreamReader) -> bytes:
    """What comes until the other side closes or resets the connection."""
    received = bytearray()
    try:
        while data := await patiently(reader.read(1 << 20)):
            received += data
    except ConnectionError:
        pass
    return bytes(received)
