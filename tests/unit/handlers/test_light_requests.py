"""What a small request leaves behind and carries along: as little as can be, since it is paid for
by every one of them."""

from __future__ import annotations

import asyncio
import contextlib
import gc

import pytest
from jupyter_server.auth.authorizer import AllowAllAuthorizer
from jupyter_server.auth.identity import PasswordIdentityProvider
from tornado import httpserver, netutil, web

from jupyter_server_proxy.config import ServerProcess, ServerProxy, make_handlers
from jupyter_server_proxy.handlers import setup_handlers

# With more than this many, CPython gives an instance a dictionary of its own (SHARED_KEYS_MAX_SIZE
# in Objects/dictobject.c), and whatever looks at its attributes takes longer.
MOST_ATTRIBUTES = 30
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"


class Client:
    """Asks one thing after the other on one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def get(self, path: str) -> None:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: token t\r\n\r\n"
        self._writer.write(head.encode())
        assert (await self._reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert await self._reader.readexactly(5) == b"hello"


@pytest.fixture
async def backend_port():
    connections: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(ANSWER)

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        for writer in connections:
            writer.close()
            await writer.wait_closed()


@pytest.fixture
async def client(backend_port):
    application = web.Application(
        base_url="/",
        identity_provider=PasswordIdentityProvider(token="t"),
        authorizer=AllowAllAuthorizer(),
        cookie_secret=b"x" * 32,
        allow_remote_access=True,
        log_function=lambda handler: None,
    )
    setup_handlers(application, ServerProxy())
    service = ServerProcess(name="app", port=backend_port)
    application.add_handlers(".*", make_handlers("/", [service]))
    (listening,) = netutil.bind_sockets(0, "127.0.0.1")
    server = httpserver.HTTPServer(application)
    server.add_socket(listening)
    reader, writer = await asyncio.open_connection(*listening.getsockname())
    yield Client(reader, writer)
    writer.close()
    await writer.wait_closed()
    server.stop()
    await server.close_all_connections()
    await application.settings["jupyter_server_proxy_runtime"].close(grace=0)


@pytest.fixture(params=["service", "port"])
def path(request, backend_port):
    return "/app/x" if request.param == "service" else f"/proxy/{backend_port}/x"


async def test_a_request_leaves_nothing_for_the_garbage_collector(client, path):
    for _ in range(3):
        await client.get(path)
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for _ in range(3):
            await client.get(path)
        gc.collect()
        left = {type(thing).__qualname__ for thing in gc.garbage if is_ours(thing)}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert not left


def is_ours(thing: object) -> bool:
    return any(cls.__module__.startswith("jupyter_server_proxy") for cls in type(thing).__mro__)


async def test_a_handler_has_few_attributes(client, path, monkeypatch):
    seen: list[set[str]] = []
    finish = web.RequestHandler.on_finish

    def on_finish(handler: web.RequestHandler) -> None:
        seen.append(set(vars(handler)))
        finish(handler)

    monkeypatch.setattr(web.RequestHandler, "on_finish", on_finish)
    await client.get(path)
    (attributes,) = seen
    assert len(attributes) <= MOST_ATTRIBUTES, attributes
