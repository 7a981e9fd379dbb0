"""What keeps an application from being stopped as idle, and what does not, end to end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from _harness.client import connected, fetch
from _harness.jupyter import Jupyter
from _harness.message import PATIENCE, patiently
from websockets.asyncio.client import ClientConnection, connect

# Seconds; data are noted once a second. Time-outs are the subject here, not a wait.
IDLE = 2.0
ECHO = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = server.accept()
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)
"""
APP = f"""
import http.server, os, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/slow":
            time.sleep({2 * IDLE})
        if self.path == "/hang-up":
            return
        self.send_response(200)
        if self.path == "/events":
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.flush()
            time.sleep(600)
        body = str(os.getpid()).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
JUPYTER_CONFIG = f"""
def service(program, **options):
    command = [sys.executable, "-c", program, "{{port}}"]
    return {{"command": command, "idle_timeout": {IDLE}, **options}}

c.ServerProxy.servers = {{
    "raw": service({ECHO!r}, raw_socket_proxy=True),
    "slow": service({APP!r}),
    "events": service({APP!r}),
    "polled": service({APP!r}, exclude_last_activity_patterns=["/poll"]),
    "failing": service({APP!r}),
}}
"""


async def facts(jupyter: Jupyter, name: str) -> dict[str, Any]:
    response = await fetch(jupyter, f"/server-proxy/api/servers/{name}")
    return dict(json.loads(response.body))


async def facts_when(
    jupyter: Jupyter, name: str, is_so: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while not is_so(known := await facts(jupyter, name)):
        assert time.monotonic() < deadline, known
        await asyncio.sleep(0.1)
    return known


def is_stopped(known: dict[str, Any]) -> bool:
    return bool(known["state"] == "stopped")


@asynccontextmanager
async def websocket(jupyter: Jupyter, name: str) -> AsyncIterator[ClientConnection]:
    headers = {"Cookie": jupyter.cookie}
    address = f"ws://{jupyter.netloc}/{name}/"
    options: dict[str, Any] = {"open_timeout": PATIENCE, "ping_interval": IDLE / 5, "proxy": None}
    async with connect(address, additional_headers=headers, **options) as client:
        yield client


async def test_data_in_a_websocket_hold_it_and_silence_with_pings_does_not(jupyter) -> None:
    async with websocket(jupyter, "raw") as client:
        end = time.monotonic() + 2 * IDLE
        while time.monotonic() < end:
            await client.send(b"here")
            assert await patiently(client.recv()) == b"here"
            await asyncio.sleep(IDLE / 10)
        known = await facts(jupyter, "raw")
        assert (known["state"], known["generation"], known["tunnels"]) == ("ready", 1, 1)
        # The client goes on to ping.
        stopped = await facts_when(jupyter, "raw", is_stopped)
        assert stopped["stopped_by"] == "idle"
        assert stopped["last_activity"] >= known["last_activity"]
        await patiently(client.wait_closed())


async def test_a_request_that_is_worked_on_holds_it_however_long_that_takes(jupyter) -> None:
    assert (await fetch(jupyter, "/slow/slow")).status == 200
    assert (await facts(jupyter, "slow"))["generation"] == 1
    stopped = await facts_when(jupyter, "slow", is_stopped)
    assert stopped["stopped_by"] == "idle"


async def test_an_event_stream_that_is_silent_does_not_hold_it(jupyter) -> None:
    async with connected(jupyter) as client:
        await client.ask("GET", "/events/events")
        assert (await client.head()).status == 200
        known = await facts_when(jupyter, "events", is_stopped)
        assert known["stopped_by"] == "idle"


@pytest.mark.parametrize(("name", "path"), [("polled", "/poll"), ("failing", "/hang-up")])
async def test_what_is_no_use_does_not_hold_it(jupyter, name, path) -> None:
    await fetch(jupyter, f"/{name}/")
    deadline = time.monotonic() + PATIENCE
    # Some time after it was stopped, one of these starts it anew.
    while (await facts(jupyter, name))["generation"] == 1:
        assert time.monotonic() < deadline, "it was held"
        await fetch(jupyter, f"/{name}{path}")
        await asyncio.sleep(IDLE / 10)
