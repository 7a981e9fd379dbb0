"""Keep-alive connections to one target, and the calls made on them.

A call that can be repeated (no body, a safe method) may use a connection that has been idle; if
that turns out to have died meanwhile, the call is made once more on a new one and nobody
notices. Any other call gets a new connection, so it never meets a stale one
(RFC 9110 section 9.2.2, RFC 9112 section 9.3.1).
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from ..errors import BackendBroke, BackendUnheard, BackendUnreachable, OverLimit, ProxyError
from ..rules.targets import Target
from .connection import BackendConnection, connect
from .exchange import Exchange
from .limit import time_limit

# Shorter than the keep-alive time-outs of the usual servers, so that most connections are
# closed by us; the few that are not are what the repetition above is for.
MAX_IDLE_SECONDS = 15.0
MAX_IDLE_CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """`connect_timeout` seconds for a connection (and for a free place in the pool);
    `max_connections` in use at once, 0 for no limit."""

    connect_timeout: float = 10.0
    max_connections: int = 0


class Pool:
    """The connections to one target; for a child, of one generation of it."""

    def __init__(self, target: Target, limits: PoolLimits | None = None) -> None:
        self.target = target
        self._limits = limits or PoolLimits()
        self._idle: list[BackendConnection] = []
        self._places: deque[asyncio.Future[None]] = deque()
        self._in_use = 0
        self._reaper: asyncio.TimerHandle | None = None
        self._is_closed = False

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else "open"
        return f"<Pool {self.target} {state} idle={len(self._idle)} in_use={self._in_use}>"

    @property
    def is_unused(self) -> bool:
        """Whether there is no connection at all, idle or in use."""
        return not self._idle and not self._in_use

    async def call(self, method: str, head: bytes, *, is_repeatable: bool) -> Call:
        """Send a request head; the body, if any, is then written on the call.

        Raises BackendUnreachable, ConnectTimedOut or OverLimit.
        """
        if self._limits.max_connections:
            await self._take_place(self._limits.max_connections)
        self._in_use += 1
        try:
            connection = self._take_idle() if is_repeatable else None
            is_reused = connection is not None
            if connection is None:
                connection = await self._connect()
        except BaseException:
            self._free_place()
            raise
        return Call(self, connection, method, head, is_reused=is_reused)

    def close(self) -> None:
        """Close what is idle now and what is in use once it is given back."""
        self._is_closed = True
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.abort()
        if self._reaper is not None:
            self._reaper.cancel()
            self._reaper = None

    # --- for Call ----------------------------------------------------------------------

    async def reconnect(self) -> BackendConnection:
        """A new connection for a call that found its old one dead."""
        return await self._connect()

    def give_back(self, connection: BackendConnection | None) -> None:
        """A call has ended; `connection` may be used again, None if there is none."""
        self._free_place()
        if connection is None:
            return
        if self._is_closed or len(self._idle) >= MAX_IDLE_CONNECTIONS:
            connection.abort()
            return
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)
        if self._reaper is None:
            self._schedule_reaper()

    # --- inside ------------------------------------------------------------------------

    async def _connect(self) -> BackendConnection:
        return await connect(
            self.target, timeout=self._limits.connect_timeout, on_lost=self._forget
        )

    def _take_idle(self) -> BackendConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    def _forget(self, connection: BackendConnection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)

    async def _take_place(self, limit: int) -> None:
        while self._in_use >= limit:
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._places.append(place)
            try:
                async with time_limit(self._limits.connect_timeout):
                    await place
            except asyncio.TimeoutError:
                raise OverLimit(
                    f"{limit} requests to {self.target} are running, the most that "
                    "max_connections allows",
                    retry_after=self._limits.connect_timeout,
                ) from None

    def _free_place(self) -> None:
        self._in_use -= 1
        while self._places:
            place = self._places.popleft()
            if not place.done():
                place.set_result(None)
                return

    def _schedule_reaper(self) -> None:
        loop = asyncio.get_running_loop()
        self._reaper = loop.call_later(MAX_IDLE_SECONDS, self._reap)

    def _reap(self) -> None:
        self._reaper = None
        deadline = asyncio.get_running_loop().time() - MAX_IDLE_SECONDS
        for connection in [c for c in self._idle if c.idle_since <= deadline]:
            self._idle.remove(connection)
            connection.abort()
        if self._idle:
            self._schedule_reaper()


class Call:
    """A request that was sent and the exchange it became. Ends with `finish` or `abort`."""

    __slots__ = (
        "_connection",
        "_failure",
        "_head",
        "_is_reused",
        "_method",
        "_pool",
        "exchange",
        "sent",
    )

    def __init__(
        self,
        pool: Pool,
        connection: BackendConnection,
        method: str,
        head: bytes,
        *,
        is_reused: bool,
    ) -> None:
        self._pool: Pool | None = pool
        self._connection = connection
        self._method = method
        self._head = head
        self._is_reused = is_reused
        self._failure: ProxyError | None = None
        # Bytes of the request's body that were written.
        self.sent = 0
        self.exchange: Exchange = connection.send(method, head)

    @property
    def moved(self) -> tuple[int, int]:
        """Bytes of heads and bodies, to the backend and from it, so far."""
        return len(self._head) + self.sent, self.exchange.received

    async def head_arrived(self) -> Exchange:
        """Wait for the head of the response, sending once more where that is harmless.

        Raises BackendBroke (BackendUnheard where sending again is harmless),
        BackendSpokeNonsense, what `fail` was given, and ConnectTimedOut.
        """
        try:
            await self.exchange.head_arrived()
        except BackendBroke:
            if not self._is_reused or self.exchange.has_begun or self._pool is None:
                raise
            self._is_reused = False
            self._connection = await self._connected_again(self._pool)
            if self._failure is not None:  # the client has gone meanwhile
                self._connection.abort()
                raise self._failure from None
            self.exchange = self._connection.send(self._method, self._head)
            await self.exchange.head_arrived()
        return self.exchange

    async def _connected_again(self, pool: Pool) -> BackendConnection:
        try:
            return await pool.reconnect()
        except BackendUnreachable as error:
            raise BackendUnheard("The application ended while the request came") from error

    def send(self, data: bytes) -> None:
        """Queue body bytes (framed by the caller) without waiting."""
        self.sent += len(data)
        self._connection.write(data)

    async def write(self, data: bytes) -> None:
        """Send body bytes (framed by the caller), waiting while the backend is slow."""
        self.sent += len(data)
        self._connection.write(data)
        await self._connection.drain()

    @property
    def is_held_up(self) -> bool:
        """Whether the backend has not taken what was written."""
        return self._connection.is_write_paused

    def finish(self) -> None:
        """The response was taken whole: the connection may serve another call."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        if self._connection.leave():
            pool.give_back(self._connection)
        else:
            self._connection.abort()
            pool.give_back(None)

    def fail(self, failure: ProxyError) -> None:
        """Break off: whoever waits for the response is given `failure`."""
        self._failure = failure
        self._connection.fail(failure)

    def abort(self) -> None:
        """Close the connection and free its place. Harmless after `finish`."""
        pool, self._pool = self._pool, None
        if pool is not None:
            self._connection.abort()
            pool.give_back(None)

    def give_away(self) -> asyncio.Transport:
        """The transport of a call that was answered with 101, paused."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.give_back(None)
        return self._connection.give_away()


class Pools:
    """The pool of each owner and target; a new generation of a child gets a new one.

    The owner is who sets the limits: a service, or "" for targets that belong to none.
    """

    # More targets than this in use at once is no ordinary day; unused ones are dropped then.
    MAX_TARGETS = 256

    def __init__(self) -> None:
        self._pools: dict[tuple[str, Target], tuple[int, Pool]] = {}

    def __repr__(self) -> str:
        return f"<Pools {[pool for _, pool in self._pools.values()]}>"

    def find(self, owner: str, target: Target, generation: int = 0) -> Pool | None:
        """The pool for `target`, None if there is none of this generation."""
        known = self._pools.get((owner, target))
        return known[1] if known is not None and known[0] == generation else None

    def make(
        self,
        owner: str,
        target: Target,
        *,
        generation: int = 0,
        limits: PoolLimits | None = None,
    ) -> Pool:
        """A new pool for `target`; that of another generation is closed."""
        known = self._pools.get((owner, target))
        if known is not None:
            known[1].close()
        elif len(self._pools) >= self.MAX_TARGETS:
            self._drop_unused()
        pool = Pool(target, limits)
        self._pools[owner, target] = (generation, pool)
        return pool

    def close(self) -> None:
        """Close every idle connection, and the others when their calls end."""
        for _, pool in self._pools.values():
            pool.close()
        self._pools.clear()

    def _drop_unused(self) -> None:
        for key in [key for key, (_, pool) in self._pools.items() if pool.is_unused]:
            del self._pools[key]
