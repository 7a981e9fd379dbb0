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

from ..api.manage import LARGEST_BODY
from ..errors import StartRefused
from ..handlers import Runtime
from ..rules.targets import bracketed
from .gate import LOGIN_ADDRESS
from .sockets import listening_sockets

# SIGHUP is not known to Windows.
SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP")
# Answers that are on their way when the end begins may go on as long as the application.
GRACE_OF_THE_HURRIED = 0.0
# A connection may take so long to the end of a request's head. Proxies in front of us keep theirs
# for a minute or two; were ours to end first, they would send into one that closes.
SILENT_SECONDS = 150.0
NO_UVLOOP = (
    "--uvloop: the package uvloop is not installed. Install it with "
    "`pip install jupyter-server-proxy[fast]`, or leave the option out"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where and how to listen. `port` 0 means any free one."""

    address: str
    port: int
    tls: ssl.SSLContext | None
    trust_xheaders: bool


def runner(*, with_uvloop: bool) -> Callable[[Coroutine[Any, Any, None]], object]:
    """What runs an event loop, asyncio's or uvloop's. Raises StartRefused without that."""
    if not with_uvloop:
        return asyncio.run
    try:
        import uvloop  # noqa: PLC0415  # optional
    except ImportError as error:
        raise StartRefused(NO_UVLOOP) from error
    found: Callable[[Coroutine[Any, Any, None]], object] = uvloop.run
    return found


def http_server(application: web.Application, listening: Listening) -> HTTPServer:
    """The server, which listens nowhere yet.

    Whoever is not let in yet can neither fill our memory nor hold a connection for nothing. The
    bodies of the application are streamed, and may be of any size.
    """
    return HTTPServer(
        application,
        ssl_options=listening.tls,
        xheaders=listening.trust_xheaders,
        max_body_size=LARGEST_BODY,
        idle_connection_timeout=SILENT_SECONDS,
    )


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
    server = http_server(application, listening)
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
    """Notes the signals, for the main thread; their handlers are put back after.

    What whoever has started us wants ignored (nohup, or the background job of a script) stays so;
    but SIGTERM is the way to end us.
    """
    loop = asyncio.get_running_loop()
    asked = Asked()
    before = {}
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and not _is_to_be_ignored(number):
            before[number] = signal.signal(number, lambda *_: loop.call_soon_threadsafe(asked.note))
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_to_be_ignored(number: int) -> bool:
    return number != signal.SIGTERM and signal.getsignal(number) is signal.SIG_IGN


def _url(socket: Any, listening: Listening) -> str:
    host, port, *_ = socket.getsockname()
    return f"{'https' if listening.tls else 'http'}://{bracketed(host)}:{port}"
