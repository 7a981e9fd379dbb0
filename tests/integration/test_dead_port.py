"""`/proxy/PORT` where nothing listens: that it is so, and where something does."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from _harness.backend import listening
from _harness.client import fetch
from _harness.jupyter import Jupyter, start_jupyter

VISIT = [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")]
PROGRAM = [("Accept", "application/json")]
LISTEN = """
import socket, sys
with socket.create_server((sys.argv[1], 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()
"""


@pytest.fixture
async def dead_port() -> int:
    async with listening() as backend:
        pass
    return backend.port


@pytest.fixture(params=["127.0.0.1", "0.0.0.0"])
def other_port(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port on which another program of this user listens."""
    command = [sys.executable, "-c", LISTEN, request.param, "s3cr3t"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate()


async def test_people_get_links_to_their_ports(
    jupyter: Jupyter, dead_port: int, other_port: int
) -> None:
    page = await fetch(jupyter, f"/proxy/{dead_port}/x", fields=VISIT)
    assert page.status == 502
    text = html.unescape(re.sub(r"<[^>]+>", " ", page.body.decode()))
    assert "Nothing listens on this port" in text
    assert f":{dead_port}" in text
    assert f'<a href="/proxy/{other_port}/">{other_port}</a>' in page.body.decode()
    assert "python" in text
    assert "s3cr3t" not in text
    # Jupyter's own is of no use.
    assert f">{jupyter.port}<" not in page.body.decode()


async def test_programs_get_a_list(jupyter: Jupyter, dead_port: int, other_port: int) -> None:
    answer = await fetch(jupyter, f"/proxy/absolute/{dead_port}/", fields=PROGRAM)
    problem = json.loads(answer.body)
    assert (problem["status"], problem["port"]) == (502, dead_port)
    (found,) = [it for it in problem["listening"] if it["port"] == other_port]
    assert found["url"] == f"/proxy/absolute/{other_port}/"
    assert found["pid"] > 0


async def test_ports_that_are_not_allowed_are_not_listed(
    dead_port: int, other_port: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    jupyter = start_jupyter(
        tmp_path_factory.mktemp("jupyter"),
        f"c.ServerProxy.allowed_ports = '{dead_port}'",
        base_url="/user/ann/",
    )
    try:
        answer = await fetch(jupyter, f"/proxy/{dead_port}/", fields=PROGRAM)
        assert json.loads(answer.body)["listening"] == []
        page = await fetch(jupyter, f"/proxy/{dead_port}/", fields=VISIT)
        assert str(other_port).encode() not in page.body
    finally:
        jupyter.stop()
