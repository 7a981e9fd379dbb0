"""`/proxy/PORT` where nothing listens: that it is so, and where something does."""

from __future__ import annotations

import asyncio
import html
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from _harness.backend import listening
from _harness.client import fetch
from _harness.jupyter import Jupyter, start_jupyter
from _harness.message import PATIENCE, Message

VISIT = [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")]
PROGRAM = [("Accept", "application/json")]
LISTEN = """
import socket, sys
with socket.create_server((sys.argv[1], 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def jupyter_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """One whose users may name every host."""
    running = start_jupyter(
        tmp_path_factory.mktemp("jupyter"),
        "c.ServerProxy.host_allowlist = lambda handler, host: True",
    )
    yield running
    running.stop()


@pytest.fixture
async def dead_port() -> int:
    async with listening() as backend:
        pass
    return backend.port


@pytest.fixture
def other_port(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port on which another program of this user listens, at the parameter's address."""
    address = getattr(request, "param", "127.0.0.1")
    command = [sys.executable, "-c", LISTEN, address, "s3cr3t"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate()


async def told(
    jupyter: Jupyter, path: str, other_port: int, *, fields: list[tuple[str, str]]
) -> Message:
    """The answer once `other_port` is in it: a list is given again for two seconds."""
    deadline = time.monotonic() + PATIENCE
    while (
        str(other_port).encode() not in (answer := await fetch(jupyter, path, fields=fields)).body
    ):
        assert time.monotonic() < deadline, answer.body
        await asyncio.sleep(0.1)
    return answer


@pytest.mark.parametrize("other_port", ["127.0.0.1", "0.0.0.0"], indirect=True)
async def test_people_get_links_to_their_ports(
    jupyter: Jupyter, dead_port: int, other_port: int
) -> None:
    page = await told(jupyter, f"/proxy/{dead_port}/x", other_port, fields=VISIT)
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
    answer = await told(jupyter, f"/proxy/absolute/{dead_port}/", other_port, fields=PROGRAM)
    problem = json.loads(answer.body)
    assert (problem["status"], problem["port"]) == (502, dead_port)
    (found,) = [it for it in problem["listening"] if it["port"] == other_port]
    assert found["url"] == f"/proxy/absolute/{other_port}/"
    assert found["pid"] > 0


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LocalHost.", "[::1]"])
async def test_other_names_of_this_machine_are_no_other_case(
    jupyter_of_all: Jupyter, dead_port: int, other_port: int, host: str
) -> None:
    jupyter = jupyter_of_all
    page = await told(jupyter, f"/proxy/{host}:{dead_port}/x", other_port, fields=VISIT)
    assert page.status == 502
    assert f'<a href="/proxy/{other_port}/">{other_port}</a>' in page.body.decode()
    answer = await fetch(jupyter, f"/proxy/absolute/{host}:{dead_port}/", fields=PROGRAM)
    problem = json.loads(answer.body)
    assert problem["port"] == dead_port
    found = [it["url"] for it in problem["listening"] if it["port"] == other_port]
    assert found == [f"/proxy/absolute/{other_port}/"]


async def test_another_machine_is(jupyter_of_all: Jupyter, dead_port: int, other_port: int) -> None:
    await told(jupyter_of_all, f"/proxy/{dead_port}/", other_port, fields=VISIT)
    page = await fetch(jupyter_of_all, f"/proxy/127.0.0.2:{dead_port}/", fields=VISIT)
    assert page.status == 502
    assert f"/proxy/{other_port}/" not in page.body.decode()
    answer = await fetch(jupyter_of_all, f"/proxy/127.0.0.2:{dead_port}/", fields=PROGRAM)
    assert not {"port", "listening"} & json.loads(answer.body).keys()


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("GET", []),
        ("GET", [("Accept", "*/*")]),
        ("GET", [("Accept", "application/json"), ("Sec-Fetch-Mode", "cors")]),
        ("HEAD", VISIT),
        ("POST", PROGRAM),
    ],
)
async def test_nobody_looks_for_who_would_not_read_it(
    jupyter: Jupyter, dead_port: int, other_port: int, method: str, fields: list[tuple[str, str]]
) -> None:
    await told(jupyter, f"/proxy/{dead_port}/", other_port, fields=VISIT)
    answer = await fetch(jupyter, f"/proxy/{dead_port}/", method=method, fields=fields)
    assert answer.status == 502
    # Neither a list nor that there are none.
    assert str(other_port).encode() not in answer.body
    assert b"None of your programs" not in answer.body
    assert b'"listening"' not in answer.body


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
