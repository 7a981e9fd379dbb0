"""An upgraded connection: bytes both ways, unparsed, with backpressure and half-close.

Sub-protocols, compression, message sizes, pings and close codes are right by construction,
because nothing of them is looked at. Two ends joined here belong to nobody else: the HTTP
server and the request handler that made them can be forgotten, so that an idle tunnel costs
two transports and little more.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tornado import iostream

from ..backend.scratch import SCRATCH
from .streams import IOStreamTransport

# A peer that has closed one direction usually closes the other soon; one that went away
# cannot be told from it. So after one direction has ended, silence in the other is not
# waited on for longer than this.
HALF_CLOSED_SECONDS = 30.0

# More than Tornado's streams read at once.
LARGE_READ = 1024 * 1024

_LINGER_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class TunnelHooks:
    """What the owner of a tunnel wants to hear.

    `on_data(chunk)` for every chunk in either direction (observe, never alter; None where
    nobody listens, which costs nothing), `on_closed()` once.
    """

    on_data: Callable[[bytes], None] | None
    on_closed: Callable[[], None]


class Tunnel:
    """Two joined ends. `idle_timeout` seconds without a byte close it, 0 means never."""

    __slots__ = ("_closed_ends", "_hooks", "_idle_timeout", "_last_data", "ends", "timer")

    def __init__(self, hooks: TunnelHooks, *, idle_timeout: float = 0.0) -> None:
        self._hooks = hooks
        self._idle_timeout = idle_timeout
        self._last_data = 0.0
        self._closed_ends = 0
        self.timer: asyncio.TimerHandle | None = None
        client, backend = _End(self, hooks.on_data), _End(self, hooks.on_data)
        client.peer, backend.peer = backend, client
        self.ends = (client, backend)
        if idle_timeout:
            self._watch(idle_timeout)

    def __repr__(self) -> str:
        state = "closed" if self._closed_ends else "half-closed" if self.is_half_closed else "open"
        return f"<Tunnel {state}>"

    @property
    def moved(self) -> tuple[int, int]:
        """Bytes to the backend and from it, so far."""
        client, backend = self.ends
        return client.received, backend.received

    @property
    def is_half_closed(self) -> bool:
        """Whether one direction has ended and the other has not."""
        return self.ends[0].has_ended != self.ends[1].has_ended

    async def join(
        self, client: iostream.IOStream, backend: asyncio.Transport, *, to_client: bytes
    ) -> None:
        """Take over both sides; `to_client` (the 101 and what followed it) goes out first.

        `backend` is paused. Afterwards the streams given belong to the tunnel. If the
        client is gone by now, both sides are closed.
        """
        first, second = self.ends
        backend.set_protocol(second)
        second.connection_made(backend)
        try:
            await _adopt(client, first)
        except OSError:
            self.abort()
            return
        if first.transport is not None:
            first.transport.write(to_client)
        second.resume()

    def abort(self) -> None:
        """Close both ends at once."""
        for end in self.ends:
            end.abort()

    # --- for the ends ------------------------------------------------------------------

    def note_data(self) -> None:
        """Bytes moved."""
        if self.timer is not None:
            self._last_data = asyncio.get_running_loop().time()

    def note_end(self, end: _End) -> None:
        """One direction has ended: carry it over, and do not wait for the other forever."""
        peer = end.peer
        if peer.has_ended or not peer.write_eof():
            self._close_after_writes()
            return
        self._watch(min(self._idle_timeout or HALF_CLOSED_SECONDS, HALF_CLOSED_SECONDS))

    def note_lost(self, end: _End, error: Exception | None) -> None:
        """One connection is gone: so is the other, a reset as a reset."""
        self._closed_ends += 1
        if self._closed_ends == 1 and end.peer.transport is not None:
            if isinstance(error, ConnectionResetError):
                end.peer.reset()
            else:
                end.peer.close()
            return
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self._hooks.on_closed()

    def _close_after_writes(self) -> None:
        for end in self.ends:
            end.close()

    def _watch(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self.timer is not None:
            self.timer.cancel()
        self._last_data = loop.time()
        self.timer = loop.call_later(seconds, self._look, seconds)

    def _look(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        left = self._last_data + seconds - loop.time()
        if left <= 0:
            self.abort()
        else:
            self.timer = loop.call_later(left, self._look, seconds)


class _End(asyncio.BufferedProtocol):
    """One side of a tunnel: what it receives is written to its peer."""

    __slots__ = (
        "_on_data",
        "_tunnel",
        "early",
        "has_ended",
        "is_full",
        "peer",
        "received",
        "transport",
    )

    peer: _End

    def __init__(self, tunnel: Tunnel, on_data: Callable[[bytes], None] | None) -> None:
        self._tunnel = tunnel
        self._on_data = on_data
        # Bytes that were read before this end had a transport; they come first.
        self.early = b""
        # How many bytes came.
        self.received = 0
        self.has_ended = False
        self.is_full = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        early, self.early = self.early, b""
        if early:
            self.data_received(early)

    def get_buffer(self, sizehint: int) -> memoryview:
        """See `backend.scratch`."""
        return SCRATCH

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(SCRATCH[:nbytes].tobytes())

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        if self._tunnel.timer is not None:
            self._tunnel.note_data()
        if self._on_data is not None:
            self._on_data(data)
        transport = self.peer.transport
        if transport is not None:
            transport.write(data)

    def eof_received(self) -> bool:
        self.has_ended = True
        self._tunnel.note_end(self)
        # A transport that cannot be half-closed (TLS) closes itself.
        return self.transport is not None and self.transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self.has_ended = True
        self.transport = None
        self._tunnel.note_lost(self, exc)

    def pause_writing(self) -> None:
        self.is_full = True
        if self.peer.transport is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        self.is_full = False
        self.peer.resume()

    def resume(self) -> None:
        """Read on, unless the peer has more to write already than it should."""
        if self.peer.is_full or self.transport is None or self.transport.is_closing():
            return
        self.transport.resume_reading()

    def write_eof(self) -> bool:
        """Pass an end of input on; False where the transport cannot close one direction."""
        if self.transport is None or not self.transport.can_write_eof():
            return False
        self.transport.write_eof()
        return True

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def reset(self) -> None:
        """Close so that the peer is told of a reset (RFC 9293 section 3.10.7.4), not of an end."""
        if self.transport is None:
            return
        raw = self.transport.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
        self.transport.abort()


async def _adopt(stream: iostream.IOStream, end: _End) -> None:
    """Make `end` the reader and writer of a detached stream. Raises OSError if it is closed.

    A plain socket is duplicated and given to asyncio, whose transports are about twice as
    fast; a TLS stream keeps its own machinery.
    """
    if isinstance(stream, iostream.SSLIOStream):
        end.connection_made(IOStreamTransport(stream, end))
        return
    end.early = _take_buffered(stream)
    duplicate = socket.socket(fileno=os.dup(stream.socket.fileno()))
    duplicate.setblocking(False)
    stream.close()
    loop = asyncio.get_running_loop()
    await loop.connect_accepted_socket(lambda: end, duplicate)


def _take_buffered(stream: iostream.IOStream) -> bytes:
    """What the stream has read from its socket already, and perhaps one read more. Raises
    StreamClosedError (an OSError) when the client is gone."""
    chunks: list[bytes] = []
    while True:
        # Tornado reads from the socket only when its buffer is empty, and then less than this;
        # so a short read has emptied it. Asking again would read what a client sends meanwhile.
        pending = asyncio.ensure_future(stream.read_bytes(LARGE_READ, partial=True))
        if not pending.done():
            # Nothing left; closing the stream ends this read.
            return b"".join(chunks)
        chunks.append(pending.result())
        if stream.closed():
            raise iostream.StreamClosedError
        if len(chunks[-1]) < LARGE_READ:
            return b"".join(chunks)
