"""`ProxyHandler` in a Tornado application without Jupyter, as dask.distributed has it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator

import pytest_asyncio
from _harness.backend import Backend
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.websocket import websocket_connect

from jupyter_server_proxy import api, config, handlers, unixsock, utils
from jupyter_server_proxy.handlers import ProxyHandler, Runtime

WORKERS = ("10.0.0.1", "127.0.0.1")


class WorkerProxy(ProxyHandler):
    """Own `initialize`, `get_current_user`, `prepare`, and a port before the host."""

    def initialize(self, dask_server=None, extra=None):
        self.scheduler = dask_server
        self.extra = extra or {}

    def get_current_user(self):
        return "dask"

    async def prepare(self):
        pass

    async def http_get(self, port, host, proxied_path):
        return await self.proxy(port, host, proxied_path)

    async def open(self, port, host, proxied_path):
        if host not in self.host_allowlist:
            self.host_allowlist.append(host)
        return await self.proxy_open(host, port, proxied_path)

    def post(self, port, host, proxied_path):
        return self.proxy(port, host, proxied_path)

    def proxy(self, port, host, proxied_path):
        if host not in self.scheduler:
            self.set_status(400)
            self.finish("no such worker")
            return None
        if host not in self.host_allowlist:
            self.host_allowlist.append(host)
        self.request.headers["X-Seen-By"] = self.extra["name"]
        self.request.uri = self.request.uri.replace("before", "after")
        return super().proxy(host, port, proxied_path)


class Server:
    def __init__(self, port: int) -> None:
        self.port = port

    async def fetch(self, path: str, **options: object) -> HTTPResponse:
        client = AsyncHTTPClient(force_instance=True)
        try:
            url = f"http://127.0.0.1:{self.port}{path}"
            return await client.fetch(url, raise_error=False, request_timeout=60, **options)
        finally:
            client.close()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    keywords = {"dask_server": WORKERS, "extra": {"name": "scheduler"}}
    application = web.Application([(r"/proxy/(\d+)/(.*?)/(.*)", WorkerProxy, keywords)])
    http_server = HTTPServer(application)
    sockets = bind_sockets(0, "127.0.0.1")
    http_server.add_sockets(sockets)
    yield Server(sockets[0].getsockname()[1])
    http_server.stop()
    runtime = application.settings.get("jupyter_server_proxy_runtime")
    if isinstance(runtime, Runtime):
        await runtime.close(grace=0)
    await http_server.close_all_connections()


async def test_it_relays_with_its_own_order_of_arguments(server: Server, backend: Backend) -> None:
    backend.answer_with()
    answer = await server.fetch(f"/proxy/{backend.port}/127.0.0.1/status?a=1")
    assert (answer.code, answer.body) == (200, b"hello")
    assert backend.request.target == b"/status?a=1"
    assert backend.request.get("X-Seen-By") == b"scheduler"


async def test_it_passes_cookies_on_for_there_is_no_jupyter(
    server: Server, backend: Backend
) -> None:
    backend.answer_with()
    await server.fetch(f"/proxy/{backend.port}/127.0.0.1/x", headers={"Cookie": "_xsrf=1; a=b"})
    assert backend.request.get("Cookie") == b"_xsrf=1; a=b"


async def test_it_relays_bodies(server: Server, backend: Backend) -> None:
    backend.answer_with()
    await server.fetch(f"/proxy/{backend.port}/127.0.0.1/x", method="POST", body=b"data")
    assert backend.request.body == b"data"


async def test_its_own_refusals_are_answers(server: Server, backend: Backend) -> None:
    answer = await server.fetch(f"/proxy/{backend.port}/192.0.2.1/status")
    assert (answer.code, answer.body) == (400, b"no such worker")
    assert backend.connections == 0


async def test_it_tunnels_websockets_with_subprotocols(server: Server, backend: Backend) -> None:
    async def script(peer):
        request = await peer.head()
        backend.requests.append(request)
        accept = websocket_accept(request.get("Sec-WebSocket-Key"))
        await peer.send(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Protocol: bokeh\r\nSec-WebSocket-Accept: %b\r\n\r\n\x81\x03ACK" % accept
        )
        await peer.closed()

    backend.run(script)
    client = await websocket_connect(
        f"ws://127.0.0.1:{server.port}/proxy/{backend.port}/127.0.0.1/ws",
        subprotocols=["bokeh", "token"],
    )
    assert await client.read_message() == "ACK"
    assert client.selected_subprotocol == "bokeh"
    assert backend.request.get("Sec-WebSocket-Protocol") == b"bokeh,token"
    client.close()
    assert await client.read_message() is None


def websocket_accept(key: bytes) -> bytes:
    """RFC 6455 section 4.2.2."""
    digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    return base64.b64encode(digest)


def test_names_that_other_packages_import() -> None:
    expected = {
        handlers: "ProxyHandler LocalProxyHandler RemoteProxyHandler NamedLocalProxyHandler "
        "SuperviseAndProxyHandler AddSlashHandler RewritableResponse setup_handlers",
        config: "ServerProcess LauncherEntry ServerProxy make_handlers make_server_process "
        "get_entrypoint_server_processes",
        api: "IconHandler ServersInfoHandler",
        utils: "call_with_asked_args",
        unixsock: "UnixResolver",
    }
    for module, names in expected.items():
        assert [name for name in names.split() if not hasattr(module, name)] == []
