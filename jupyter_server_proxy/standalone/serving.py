"""Serving a Tornado application until somebody asks this process to end, then leaving nothing."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from ..handlers import Runtime
from ..rules.targets import bracketed

# Seconds that the application gets between being asked to end and being killed: JupyterHub's
# local spawner gives us five.
SHUTDOWN_GRACE = 3.0
# SIGHUP is not known to Windows.
SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where and how to listen. `port` 0 means any free one."""

    address: str
    port: int
    tls: ssl.SSLContext | None
    trust_xheaders: bool


async def serve_until_signalled(
    application: web.Application,
    listening: Listening,
    runtime: Runtime,
    *,
    background: Coroutine[Any, Any, None] | None,
) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP, then stop the child and close everything.

    `background` runs meanwhile. Raises OSError when nothing can listen there.
    """
    server = HTTPServer(application, ssl_options=listening.tls, xheaders=listening.trust_xheaders)
    task = asyncio.create_task(background, name="activity reports") if background else None
    try:
        with asked_to_end() as ending:
            sockets = bind_sockets(listening.port, listening.address)
            server.add_sockets(sockets)
            for socket in sockets:
                runtime.log.info("Listening at %s", _url(socket, listening))
            runtime.start_automatic()
            await ending.wait()
            runtime.log.info("Stopping")
    finally:
        server.stop()
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))
        await runtime.close(grace=SHUTDOWN_GRACE)
        await server.close_all_connections()


@contextlib.contextmanager
def asked_to_end() -> Iterator[asyncio.Event]:
    """An event that the signals set, for the main thread; their handlers are put back after."""
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    before = {}
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None:
            before[number] = signal.signal(number, lambda *_: loop.call_soon_threadsafe(ending.set))
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _url(socket: Any, listening: Listening) -> str:
    host, port, *_ = socket.getsockname()
    return f"{'https' if listening.tls else 'http'}://{bracketed(host)}:{port}"
