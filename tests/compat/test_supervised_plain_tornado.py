"""A subclass of SuperviseAndProxyHandler in a Tornado application without Jupyter."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest_asyncio
from tornado import web
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from jupyter_server_proxy.handlers import Runtime, SuperviseAndProxyHandler

TOLD = [sys.executable, str(Path(__file__).parent / "apps" / "told.py")]


class Supervised(SuperviseAndProxyHandler):
    name = "plain"

    async def prepare(self):
        pass

    def get_cmd(self):
        return [*TOLD, "--port", str(self.port), self.base_url]


@pytest_asyncio.fixture
async def application() -> AsyncIterator[web.Application]:
    application = web.Application([(r"/x/(.*)", Supervised, {"state": {}})])
    http_server = HTTPServer(application)
    (listener, *_) = sockets = bind_sockets(0, "127.0.0.1")
    http_server.add_sockets(sockets)
    application.settings["test_port"] = listener.getsockname()[1]
    yield application
    http_server.stop()
    runtime = application.settings.get("jupyter_server_proxy_runtime")
    if isinstance(runtime, Runtime):
        await runtime.close(grace=1)
    await http_server.close_all_connections()


async def test_the_child_is_started_and_stopped_with_the_application(
    application: web.Application,
) -> None:
    client = AsyncHTTPClient(force_instance=True)
    try:
        url = f"http://127.0.0.1:{application.settings['test_port']}/x/a?b=1"
        answer = await client.fetch(url, request_timeout=60)
    finally:
        client.close()
    child = json.loads(answer.body)
    assert (child["path"], child["argv"]) == ("/a?b=1", ["/"])
    await application.settings["jupyter_server_proxy_runtime"].close(grace=1)
    assert not psutil.pid_exists(child["pid"])
