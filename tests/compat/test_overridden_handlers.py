"""Handlers of other packages' Jupyter extensions, subclassed in the ways that are in use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from _harness.backend import HELLO, Backend, listening
from _harness.client import connected, fetch
from _harness.jupyter import Jupyter, start_jupyter

APPS = Path(__file__).parent / "apps"
CONFIG = f"""
import os
from jupyter_server_proxy.config import ServerProcess
from jupyter_server_proxy.handlers import NamedLocalProxyHandler

sys.path.insert(0, {str(APPS)!r})
os.environ["BACKEND_PORT"] = str(PORTS["app"])

class OwnHandler(NamedLocalProxyHandler):
    port = PORTS["app"]
    proxy_base = "own-class"

class OwnProcess(ServerProcess):
    def make_proxy_handler(self):
        return OwnHandler, {{}}

class LeftOut(ServerProcess):
    def make_proxy_handler(self):
        return None, {{}}

c.ServerProxy.servers = {{
    "own-class": OwnProcess(name="own-class"),
    "left-out": LeftOut(name="left-out"),
}}
"""
WEBSOCKET = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
)


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    server = start_jupyter(
        tmp_path_factory.mktemp("jupyter"), CONFIG, ports=("app",), extensions={"overriding": True}
    )
    yield server
    server.stop()


@pytest_asyncio.fixture
async def app(jupyter: Jupyter) -> AsyncIterator[Backend]:
    """The backend that all these handlers proxy to; it says hello to everything."""
    async with listening(at=jupyter.sockets["app"]) as backend:
        backend.answer_with(HELLO)
        yield backend
        backend.drop_connections()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
async def test_verbs_and_proxy_may_take_no_arguments(
    jupyter: Jupyter, app: Backend, method: str
) -> None:
    answer = await fetch(
        jupyter, "/newproxy/", method=method, body=b"x" if method != "GET" else None
    )
    assert (answer.status, answer.body) == (200, b"hello")
    assert app.request.line == f"{method} /fixed HTTP/1.1".encode()


async def test_open_may_call_proxy_open_without_a_path(jupyter: Jupyter, app: Backend) -> None:
    app.answer_with(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x02hi"
    )
    async with connected(jupyter) as client:
        await client.ask("GET", "/newproxy/", WEBSOCKET)
        assert (await client.head()).status == 101
        assert await client.read(4) == b"\x81\x02hi"


async def test_routes_may_have_named_groups(jupyter: Jupyter, app: Backend) -> None:
    assert (await fetch(jupyter, "/clusters/one/status?a=1")).status == 200
    assert app.request.target == b"/status?a=1"


async def test_a_handler_may_refuse_by_itself(jupyter: Jupyter, app: Backend) -> None:
    assert (await fetch(jupyter, "/clusters/gone/status")).status == 404
    assert app.requests == []


async def test_a_handler_has_the_request_body(jupyter: Jupyter, app: Backend) -> None:
    await fetch(jupyter, "/clusters/one/upload", method="POST", body=b"12345")
    assert app.request.target == b"/upload/5"
    assert app.request.body == b"12345"


async def test_init_may_add_keywords_and_set_the_prefix(jupyter: Jupyter, app: Backend) -> None:
    answer = await fetch(jupyter, "/own-port/here")
    assert answer.body == b"HELLO"
    assert answer.get("X-Rewritten") == b"yes"
    assert app.request.get("X-Forwarded-Prefix") == b"/own-port"


async def test_a_local_handler_works_on_a_route_of_its_own(jupyter: Jupyter, app: Backend) -> None:
    assert (await fetch(jupyter, f"/plain/{app.port}/a/b")).body == b"hello"
    assert app.request.target == b"/a/b"


async def test_proxy_may_answer_by_itself(jupyter: Jupyter, app: Backend) -> None:
    answer = await fetch(jupyter, f"/finishing/{app.port}/own")
    assert (answer.status, answer.body) == (202, b"answered here")
    assert (await fetch(jupyter, f"/finishing/{app.port}/other")).body == b"hello"
    assert app.request.target == b"/other"


async def test_attributes_may_be_set_after_init(jupyter: Jupyter, app: Backend) -> None:
    answer = await fetch(jupyter, "/late/")
    assert answer.body == b"HELLO"
    assert app.request.target == b"/mapped"
    assert app.request.get("X-Late") == b"yes"
    assert app.request.get("X-Forwarded-Context") == b"/late"


async def test_a_service_may_make_its_handler_itself(jupyter: Jupyter, app: Backend) -> None:
    assert (await fetch(jupyter, "/own-class/x")).body == b"hello"
    assert app.request.get("X-Forwarded-Context") == b"/own-class"


async def test_a_service_may_have_no_handler_at_all(jupyter: Jupyter, app: Backend) -> None:
    assert (await fetch(jupyter, "/left-out/x")).status == 404


@pytest.mark.parametrize(
    "path",
    ["/newproxy/", "/clusters/one/x", "/own-port/x", "/plain/1/x", "/late/x", "/own-class/x"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PROPFIND"])
async def test_the_gate_guards_overridden_handlers_too(
    jupyter: Jupyter, app: Backend, path: str, method: str
) -> None:
    answer = await fetch(jupyter, path, method=method, fields=[("Cookie", "")])
    assert answer.status in (302, 403)
    assert app.connections == 0
