"""A websocket whose messages pass through a handler's methods, one at a time and both ways.

For classes that override those methods. Each side waits for the other: the next message is
taken when the methods are done with the last one and it could be sent. Everything else is
tunnelled, see `tunnel`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial, wraps
from typing import Any

from tornado import httputil, web, websocket

from ..callbacks import call
from ..rules.frames import GOING_AWAY, INTERNAL_ERROR, Closing
from ..rules.service import Origin
from .client_socket import ClientSocket, Seams
from .message_ends import BackendEnd, Ping

# What is collected before it is passed on, in bytes, where nobody says otherwise.
MAX_MESSAGE_SIZE = 64 * 1024 * 1024
# What a failure in a method is put down to, besides its name.
OVERRIDE = Origin("", "an overridden method")


def _unless_closed(method: Callable[..., Any]) -> Callable[..., Any]:
    """`method`, for which it is no error when a side has closed meanwhile."""

    @wraps(method)
    def call_unless_closed(*arguments: Any, **keywords: Any) -> Any:
        with suppress(websocket.WebSocketClosedError):
            result = method(*arguments, **keywords)
            return _wait_unless_closed(result) if inspect.isawaitable(result) else None

    return call_unless_closed


async def _wait_unless_closed(result: Awaitable[Any]) -> None:
    with suppress(websocket.WebSocketClosedError):
        await result


class MessageRelay:
    """Joins a client and a backend end through `seams`.

    `on_message` is called for every message, `on_ended` once, when both sides are closed.
    `idle_timeout` seconds without a message close it, 0 means never.
    """

    def __init__(
        self,
        seams: Seams,
        backend: BackendEnd,
        *,
        on_message: Callable[[], None],
        on_ended: Callable[[], None],
        idle_timeout: float = 0.0,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.seams = seams
        self.client: ClientSocket | None = None
        self._backend = backend
        self._on_message = on_message
        self._to_backend = 0
        self._from_backend = 0
        self._on_ended: Callable[[], None] | None = on_ended
        self._idle_timeout = idle_timeout
        self._last_message = loop.time()
        self._idle_timer: asyncio.TimerHandle | None = None
        # Whether there is a websocket.
        self._stands: asyncio.Future[bool] = loop.create_future()
        self._may_flow: asyncio.Future[None] = loop.create_future()
        # The client's side is over when `on_close` is.
        self._is_client_closed = False
        self._is_client_over = False
        self._is_backend_over = False
        self._pumping: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def moved(self) -> tuple[int, int]:
        """Characters or bytes of messages for the backend and from it, so far."""
        return self._to_backend, self._from_backend

    def __repr__(self) -> str:
        state = "ended" if self._on_ended is None else "open" if self.client else "opening"
        return f"<MessageRelay {state} of {type(self.seams).__name__}>"

    # --- its life, for the handler ---------------------------------------------------------

    async def accept(
        self,
        application: web.Application,
        request: httputil.HTTPServerRequest,
        fields: Iterable[tuple[str, str]],
    ) -> bool:
        """Answer the client's handshake; whether there is a websocket now.

        Nothing flows before `flow` is called.
        """
        keywords = {"relay": self, "fields": fields}
        application.get_handler_delegate(request, ClientSocket, keywords).finish()
        return await self._stands

    def flow(self) -> None:
        """Let messages pass."""
        if self._on_ended is None or self._may_flow.done():
            return
        self._may_flow.set_result(None)
        self._pumping = asyncio.create_task(self._pump(), name=f"server-proxy {self!r}")
        if self._idle_timeout:
            self._look()

    def fail(self, reason: str) -> None:
        """Close the client's side, and in its wake the backend's, since `reason`."""
        self._close_client(INTERNAL_ERROR, reason)

    def abort(self) -> None:
        """Close both sides from outside."""
        self._close_client(GOING_AWAY, "going away")
        self._backend.abort()
        self._end()

    # --- what the client does ----------------------------------------------------------------

    async def client_opened(self, client: ClientSocket) -> None:
        """The handshake is done."""
        self.client = client
        self._stands.set_result(True)
        await self._may_flow

    async def from_client(self, message: str | bytes) -> None:
        """A message; the next one is read when this returns."""
        self._to_backend += len(message)
        await self._note_message()
        await self.ask("on_message", message)
        await self._backend.drain()

    def client_closed(self, closing: Closing) -> None:
        """The websocket has ended: so does the backend's, for the same reason."""
        if not self._stands.done():
            self.client_refused()
            return
        self._is_client_closed = True
        self.seams.close_code, self.seams.close_reason = closing
        self._closing = asyncio.create_task(
            self._close_backend(closing), name=f"server-proxy closing {self!r}"
        )

    def client_refused(self) -> None:
        """The handshake has failed."""
        if not self._stands.done():
            self._backend.abort()
            self._end()

    # --- inside ------------------------------------------------------------------------------

    async def _pump(self) -> None:
        closing = await self._deliver()
        self._is_backend_over = True
        if not self._is_client_closed:
            await self.ask("close", *closing)
        self._end_if_closed()

    async def _deliver(self) -> Closing:
        """Pass on what the backend sends until it closes."""
        while True:
            told = await self._backend.receive()
            if isinstance(told, Closing):
                return told
            if self._is_client_closed:
                continue
            if isinstance(told, Ping):
                await self.ask("ping", told.data)
            else:
                await self._to_client(told)

    async def _to_client(self, message: str | bytes) -> None:
        self._from_backend += len(message)
        await self._note_message()
        client = self.client
        assert client is not None
        client.last_write = None
        await self.ask("write_message", message, binary=isinstance(message, bytes))
        # The method may have sent it without waiting, or something else, or nothing.
        if client.last_write is not None:
            await asyncio.wait((client.last_write,))

    async def _close_backend(self, closing: Closing) -> None:
        await self.ask("on_close")
        self._backend.close(*closing)
        self._is_client_over = True
        self._end_if_closed()

    async def ask(self, name: str, *arguments: Any, **keywords: Any) -> None:
        """Call a method of the handler, which may be a coroutine. One that fails is put down to
        its class and closes the websocket; one that finds a side closed is too late, no more."""
        await self._call(name, getattr(self.seams, name), *arguments, **keywords)

    async def _call(
        self, name: str, method: Callable[..., Any], *arguments: Any, **keywords: Any
    ) -> None:
        try:
            await call(partial(_unless_closed(method), *arguments, **keywords), (), OVERRIDE)
        except Exception as error:
            cls = type(self.seams).__name__
            self.seams.log.warning("server-proxy: a websocket is closed: %s", error)
            self.fail(f"{cls}.{name}() raised")

    def _close_client(self, code: int, reason: str) -> None:
        if self.client is not None:
            self.client.close(code, reason)

    async def _note_message(self) -> None:
        self._last_message = asyncio.get_running_loop().time()
        await self._call("_record_activity", self._on_message)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        left = self._last_message + self._idle_timeout - loop.time()
        if left <= 0:
            self.abort()
        else:
            self._idle_timer = loop.call_later(left, self._look)

    def _end_if_closed(self) -> None:
        if self._is_client_over and self._is_backend_over:
            self._end()

    def _end(self) -> None:
        on_ended, self._on_ended = self._on_ended, None
        if on_ended is None:
            return
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        if not self._stands.done():
            self._stands.set_result(False)
        self._may_flow.cancel()
        if self._pumping is not None and not self._is_backend_over:
            self._pumping.cancel()
        on_ended()
