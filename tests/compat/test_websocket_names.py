"""`jupyter_server_proxy.websocket` and `.rawsocket`: the helpers that packages import."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from _harness.backend import Backend
from _harness.message import patiently
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.websocket import WebSocketHandler, websocket_connect

from jupyter_server_proxy.rawsocket import RawSocketProtocol
from jupyter_server_proxy.websocket import (
    PingableWSClientConnection,
    WebSocketHandlerMixin,
    pingable_ws_connect,
)


class Both(WebSocketHandlerMixin, web.RequestHandler):
    """A page and a websocket at one URL."""

    async def http_get(self, name):
        self.set_header("X-Name", name)
        self.write("a page")

    def open(self, name):
        self.ping(b"are you there?")

    def select_subprotocol(self, subprotocols):
        return subprotocols[0] if subprotocols else None

    def on_message(self, message):
        self.write_message(message, binary=isinstance(message, bytes))


class Stream(WebSocketHandler):
    """Sends what comes on a connection of its own."""

    async def open(self, port):
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_connection(
            lambda: RawSocketProtocol(self), "127.0.0.1", int(port)
        )

    def on_message(self, message):
        self.transport.write(message)

    def on_close(self):
        self.transport.close()


@pytest_asyncio.fixture
async def port() -> AsyncIterator[int]:
    application = web.Application([(r"/both/(.*)", Both), (r"/stream/(\d+)", Stream)])
    server = HTTPServer(application)
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    yield sockets[0].getsockname()[1]
    server.stop()
    await server.close_all_connections()


async def test_the_mixin_has_a_page_and_a_websocket(port: int) -> None:
    client = AsyncHTTPClient(force_instance=True)
    answer = await client.fetch(f"http://127.0.0.1:{port}/both/it")
    client.close()
    assert (answer.body, answer.headers["X-Name"]) == (b"a page", "it")


async def test_the_client_tells_of_pings_and_of_the_end(port: int) -> None:
    pings: asyncio.Queue[bytes] = asyncio.Queue()
    messages: asyncio.Queue[str | bytes | None] = asyncio.Queue()
    connection = await pingable_ws_connect(
        request=HTTPRequest(f"ws://127.0.0.1:{port}/both/it"),
        on_message_callback=messages.put_nowait,
        on_ping_callback=pings.put_nowait,
        subprotocols=["a", "b"],
    )
    assert isinstance(connection, PingableWSClientConnection)
    assert connection.selected_subprotocol == "a"
    assert await patiently(pings.get()) == b"are you there?"
    await connection.write_message(b"bytes", binary=True)
    assert await patiently(messages.get()) == b"bytes"
    connection.close()
    assert await patiently(messages.get()) is None


async def test_the_protocol_sends_a_stream_as_messages(port: int, backend: Backend) -> None:
    client = await websocket_connect(f"ws://127.0.0.1:{port}/stream/{backend.port}")
    peer = await backend.accepted()
    await client.write_message(b"to the stream", binary=True)
    assert await peer.read(13) == b"to the stream"
    await peer.send(b"to the client")
    assert await patiently(client.read_message()) == b"to the client"
    peer.close()
    assert await patiently(client.read_message()) is None
    client.close()
