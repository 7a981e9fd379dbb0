"""Which traffic tells Jupyter that somebody is there, so that it is not shut down as idle."""

from __future__ import annotations

import asyncio
import json

import pytest
from _harness.backend import listening
from _harness.client import connected, fetch
from _harness.upgrades import tunnel

JUPYTER_PORTS = ("app",)
JUPYTER_CONFIG = """
import re

def on_post(handler):
    return handler.request.method == "POST" and handler.path.endswith("/counts")

asked = []

async def later(handler):
    asked.append(handler.path)
    return handler.path.endswith("/page") and len(asked) > 1

def service(**options):
    return {"port": PORTS["app"], **options}

c.ServerProxy.servers = {
    "always": service(),
    "never": service(update_last_activity=False),
    "decided": service(update_last_activity=on_post),
    "later": service(update_last_activity=later),
    "raising": service(update_last_activity=lambda handler: 1 / 0),
    "excluding": service(
        exclude_last_activity_patterns=["/poll", re.compile("/excluding/full")],
    ),
}
"""


async def last_activity(jupyter) -> str:
    response = await fetch(jupyter, "/api/status")
    return str(json.loads(response.body)["last_activity"])


async def is_noted(jupyter, path: str, **options) -> bool:
    before = await last_activity(jupyter)
    await fetch(jupyter, path, **options)
    return await last_activity(jupyter) != before


@pytest.fixture
async def app(jupyter):
    async with listening(at=jupyter.sockets["app"]) as backend:
        backend.answer_with()
        yield backend


@pytest.mark.parametrize(
    ("path", "method", "expected"),
    [
        ("/always/", "GET", True),
        ("/always/x", "POST", True),
        ("/never/", "GET", False),
        ("/decided/counts", "POST", True),
        ("/decided/counts", "GET", False),
        ("/decided/other", "POST", False),
        ("/excluding/", "GET", True),
        ("/excluding/poll", "GET", False),
        ("/excluding/poll/more?x", "GET", False),
        ("/excluding/full/x", "GET", False),
        ("/excluding/x/poll", "GET", True),
    ],
)
async def test_requests(jupyter, app, path, method, expected):
    assert await is_noted(jupyter, path, method=method, body=b"") is expected


async def test_a_port_without_a_service_counts(jupyter, app):
    assert await is_noted(jupyter, f"{app.path}/")


async def test_a_function_that_raises_counts_and_is_logged(jupyter, app):
    assert await is_noted(jupyter, "/raising/")
    assert "service 'raising': update_last_activity: <lambda>() raised" in jupyter.log()
    jupyter.expected_tracebacks = jupyter.log().count("Traceback (most recent call last)")


async def test_requests_that_fail_do_not_count(jupyter):
    async with listening() as backend:
        path = backend.path
    assert not await is_noted(jupyter, f"{path}/")
    assert not await is_noted(jupyter, "/proxy/0/")
    assert not await is_noted(jupyter, "/proxy/example.org:80/")


async def test_a_request_that_nobody_answers_does_not_count(jupyter, backend):
    before = await last_activity(jupyter)
    async with connected(jupyter) as client:
        await client.ask("GET", f"{backend.path}/")
        await (await backend.accepted()).request()
        assert await last_activity(jupyter) == before


async def test_requests_of_nobody_do_not_count(jupyter, app):
    assert not await is_noted(jupyter, "/always/", fields=[("Cookie", "")])


async def test_a_long_answer_counts_as_long_as_it_moves(jupyter, backend):
    async with connected(jupyter) as client:
        await client.ask("GET", f"{backend.path}/")
        peer = await backend.accepted()
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await client.head()
        begun = await last_activity(jupyter)
        assert await last_activity(jupyter) == begun
        # At most one note a second is taken, so a few seconds of data must show.
        while await last_activity(jupyter) == begun:
            await peer.send_chunk(b"data")
            await client.chunk()
            await asyncio.sleep(0.2)


async def test_an_async_function_is_asked_about_a_tunnel_as_long_as_it_moves(jupyter):
    """It says no when the tunnel is opened and yes later."""
    async with (
        listening(at=jupyter.sockets["app"]) as backend,
        tunnel(jupyter, backend, "/later/page") as joined,
    ):
        begun = await last_activity(jupyter)
        while await last_activity(jupyter) == begun:
            await joined.peer.send(b"\x82\x04data")
            await joined.client.read(6)
            await asyncio.sleep(0.2)
