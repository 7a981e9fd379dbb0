"""Serving a Tornado application until somebody asks this process to end, then leaving nothing."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

from tornado import web
from tornado.httpserver import HTTPServer

from ..handlers import Runtime
from ..rules.targets import bracketed
from .gate import LOGIN_ADDRESS
from .sockets import listening_sockets

# SIGHUP is not known to Windows.
SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP")
# Answers that are on their way when the end begins may go on as long as the application.
GRACE_OF_THE_HURRIED = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where and how to listen. `port` 0 means any free one."""

    address: str
    port: int
    tls: ssl.SSLContext | None
    trust_xheaders: bool


def run(serving: Coroutine[Any, Any, None], *, with_uvloop: bool) -> None:
    """Run the event loop for `serving`: uvloop's, when that is wanted and installed."""
    runner = _uvloop_run() if with_uvloop else None
    (runner or asyncio.run)(serving)


def _uvloop_run() -> Callable[[Coroutine[Any, Any, None]], object] | None:
    try:
        import uvloop  # noqa: PLC0415  # optional
    except ImportError:
        return None
    found: Callable[[Coroutine[Any, Any, None]], object] = uvloop.run
    return found


async def serve_until_signalled(
    application: web.Application,
    listening: Listening,
    runtime: Runtime,
    *,
    background: Coroutine[Any, Any, None] | None,
    grace: float,
) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP, then stop the child and close everything.

    The child has `grace` seconds to end; a second signal takes the rest of them away.
    `background` runs meanwhile. Raises OSError when nothing can listen there.
    """
    server = HTTPServer(application, ssl_options=listening.tls, xheaders=listening.trust_xheaders)
    task = asyncio.create_task(background, name="activity reports") if background else None
    with asked_to_end() as asked:
        try:
            sockets = listening_sockets(listening.address, listening.port)
            server.add_sockets(sockets)
            for socket in sockets:
                runtime.log.info("Listening at %s", _url(socket, listening))
                _say_how_to_log_in(application, runtime, _url(socket, listening))
            runtime.start_automatic()
            await asked.once.wait()
            runtime.log.info("Stopping")
        finally:
            server.stop()
            await _close(runtime, task, asked.again, grace=grace)
            await server.close_all_connections()


def _say_how_to_log_in(application: web.Application, runtime: Runtime, url: str) -> None:
    """With a token that nobody knows yet, this line is the only place to find it."""
    path = application.settings.get(LOGIN_ADDRESS)
    if path:
        runtime.log.info("Log in at %s%s", url, path)


async def _close(
    runtime: Runtime, task: asyncio.Task[None] | None, hurry: asyncio.Event, *, grace: float
) -> None:
    """End the background task and the child at the same time."""
    hurried = asyncio.create_task(_close_when(hurry, runtime), name="a second signal")
    try:
        if task is not None:
            task.cancel()
        await runtime.close(grace=grace)
        if task is not None:
            await asyncio.wait((task,))
    finally:
        hurried.cancel()


async def _close_when(hurry: asyncio.Event, runtime: Runtime) -> None:
    await hurry.wait()
    runtime.log.warning("Asked to end again: the application is killed")
    await runtime.close(grace=GRACE_OF_THE_HURRIED)


@dataclass(slots=True)
class Asked:
    """That this process is to end, and that it is to hurry."""

    once: asyncio.Event = field(default_factory=asyncio.Event)
    again: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self) -> None:
        """A signal came."""
        if self.once.is_set():
            self.again.set()
        self.once.set()


@contextlib.contextmanager
def asked_to_end() -> Iterator[Asked]:
    """Notes the signals, for the main thread; their handlers are put back after."""
    loop = asyncio.get_running_loop()
    asked = Asked()
    before = {}
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None:
            before[number] = signal.signal(number, lambda *_: loop.call_soon_threadsafe(asked.note))
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _url(socket: Any, listening: Listening) -> str:
    host, port, *_ = socket.getsockname()
    return f"{'https' if listening.tls else 'http'}://{bracketed(host)}:{port}"
