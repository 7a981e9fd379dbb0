"""Subclasses of SuperviseAndProxyHandler as packages write them: they say what is started."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _harness.backend import HELLO, listening
from _harness.client import fetch
from _harness.jupyter import Jupyter, start_jupyter
from _harness.message import Message

APPS = Path(__file__).parent / "apps"
TOLD = [sys.executable, str(APPS / "told.py")]
CONFIG = f"""
import os

sys.path.insert(0, {str(APPS)!r})
TOLD = {TOLD!r}
os.environ["TEST_FOLDER"] = FOLDER
os.environ["BACKEND_PORT"] = str(PORTS["app"])
os.environ["TEST_GONE"] = "here"

import supervising

def patched_later(port):
    supervising.patch_base_class({{"TOLD_PATCHED": str(port)}})
    return [*TOLD, "--port", str(port)]

c.ServerProxy.servers = {{
    "says-nothing": {{"command": lambda: "", "port": PORTS["app"]}},
    "says-nowhere": {{"command": lambda port: []}},
    "configured": {{"command": [*TOLD, "--port", "{{port}}"]}},
    "patched": {{"command": patched_later}},
}}
"""


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    free = free_ports(2)
    server = start_jupyter(
        tmp_path_factory.mktemp("jupyter"),
        CONFIG,
        ports=("app",),
        env={"FREE_PORT": str(free[0]), "OTHER_PORT": str(free[1])},
        extensions={"supervising": True},
    )
    server.free_ports = free
    yield server
    server.stop()  # and sees that no child is left


def free_ports(count: int) -> list[int]:
    """Ports outside of the range that the kernel gives to outgoing connections."""
    found: list[int] = []
    for port in range(23000 + os.getpid() % 5000, 29999):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        found.append(port)
        if len(found) == count:
            break
    return found


async def told(jupyter: Jupyter, path: str) -> Any:
    answer = await fetch(jupyter, path)
    assert answer.status == 200, answer.body.decode()
    return json.loads(answer.body)


async def refused(jupyter: Jupyter, path: str) -> tuple[Message, str]:
    answer = await fetch(jupyter, path, fields=[("Accept", "application/problem+json")])
    return answer, json.loads(answer.body).get("detail", "")


# --- what is started ------------------------------------------------------------------------


async def test_methods_say_what_is_started(jupyter: Jupyter) -> None:
    child = await told(jupyter, "/classic/a?b=1")
    assert child["path"] == "/a?b=1"
    # Braces in what a method returns are its own.
    assert child["argv"] == ['{"port": "{port}"}', "/classic/a"]
    assert child["env"]["TOLD_PORT"] == str(child["port"])
    assert child["env"]["TOLD_BRACES"] == "{x}"
    assert "TEST_GONE" not in child["env"]
    assert child["cwd"] == str(jupyter.folder)


async def test_one_child_serves_all_requests_to_a_route(jupyter: Jupyter) -> None:
    first, second = await told(jupyter, "/classic/1"), await told(jupyter, "/classic/2")
    assert first["pid"] == second["pid"]
    assert second["argv"][1] == first["argv"][1]


@pytest.mark.parametrize(("name", "index"), [("port-property", 0), ("port-attribute", 1)])
async def test_the_port_may_be_overridden(jupyter: Jupyter, name: str, index: int) -> None:
    assert (await told(jupyter, f"/{name}/"))["port"] == jupyter.free_ports[index]


async def test_the_port_can_be_read_before_the_start(jupyter: Jupyter) -> None:
    child = await told(jupyter, "/port-of-base/")
    assert child["port"] > 0
    assert (await told(jupyter, "/port-of-base/"))["pid"] == child["pid"]


async def test_the_socket_may_be_overridden(jupyter: Jupyter) -> None:
    child = await told(jupyter, "/socket-attribute/")
    assert child["unix"] == str(jupyter.folder / "attribute.sock")


async def test_attributes_may_be_set_after_init(jupyter: Jupyter) -> None:
    child = await told(jupyter, "/set-after/")
    assert child["argv"] == [f"{jupyter.base_url}x", "{}"]
    assert child["unix"] == child["env"]["TOLD_SOCKET"] != ""
    assert child["path"] == "/mapped"


async def test_attributes_may_be_set_before_init(jupyter: Jupyter) -> None:
    child = await told(jupyter, "/set-before/")
    assert child["argv"] == [str(child["port"])]


async def test_initialize_may_take_more_keywords(jupyter: Jupyter) -> None:
    assert (await told(jupyter, "/own-initialize/"))["argv"] == ["hello"]


async def test_http_get_may_redirect(jupyter: Jupyter) -> None:
    answer = await fetch(jupyter, "/redirects/")
    assert (answer.status, answer.get("Location")) == (302, b"/redirects/start?x=1")
    assert (await told(jupyter, "/redirects/start?x=1"))["path"] == "/start?x=1"


async def test_ensure_process_waits_until_the_child_is_ready(jupyter: Jupyter) -> None:
    assert await told(jupyter, "/ensures/") == {"before": False, "after": True}
    assert await told(jupyter, "/ensures/") == {"before": True, "after": True}


async def test_a_class_may_find_out_itself_when_the_child_is_ready(jupyter: Jupyter) -> None:
    child = await told(jupyter, "/own-readiness/")
    asked = (await told(jupyter, "/own-readiness/asked"))["asked"]
    assert len(asked) >= 3
    assert set(asked) == {child["pid"]}


async def test_classes_with_the_same_name_are_not_confused(jupyter: Jupyter) -> None:
    pids = {(await told(jupyter, f"/{name}/x"))["pid"] for name in ("redirects", "own-initialize")}
    assert len(pids) == 2
    assert re.search(r"process \(\d\): ready", jupyter.log())


async def test_a_class_may_ask_another_port(jupyter: Jupyter) -> None:
    async with listening(at=jupyter.sockets["app"]) as backend:
        backend.answer_with(HELLO)
        assert (await fetch(jupyter, "/other-port/other")).body == b"hello"
        assert (await told(jupyter, "/other-port/own"))["path"] == "/own"


async def test_a_service_may_make_such_a_handler(jupyter: Jupyter) -> None:
    child = await told(jupyter, "/from-process/x")
    assert child["context"] == "/from-process"


async def test_what_config_has_made_may_be_refined(jupyter: Jupyter) -> None:
    child = await told(jupyter, "/refined/a")
    assert child["argv"] == ["from config"]
    assert child["env"]["TOLD_PORT"] == child["env"]["TOLD_MORE"] == str(child["port"])
    assert child["path"] == "/b"


async def test_handlers_have_the_attributes_of_their_service(jupyter: Jupyter) -> None:
    port = (await told(jupyter, "/refined/"))["port"]
    known = await told(jupyter, "/refined/attributes")
    command = [*TOLD, "--port", "{port}", "from config"]
    assert known == {
        "name": "refined",
        "command": command,
        "requested_port": 0,
        "requested_unix_socket": None,
        "environment": {"TOLD_PORT": "{port}"},
        "timeout": 31,
        "mappath": {"/a": "/b"},
        "port": port,
        "unix_socket": None,
        "state": ["managed_route", "port", "proc", "proc_lock", "unix_socket"],
        "get_cmd": [*TOLD, "--port", str(port), "from config"],
        "get_env": {"TOLD_PORT": str(port), "TOLD_MORE": str(port)},
        "get_timeout": 31,
        "get_cwd": str(jupyter.folder / "work"),
    }


async def test_a_method_may_be_replaced_in_our_class_until_the_child_starts(
    jupyter: Jupyter,
) -> None:
    before = await told(jupyter, "/configured/")
    assert "TOLD_PATCHED" not in before["env"]
    await told(jupyter, "/patched/")
    await fetch(jupyter, "/configured/exit/0")
    after = await told(jupyter, "/configured/")
    assert after["pid"] != before["pid"]
    assert after["env"]["TOLD_PATCHED"]


@pytest.mark.parametrize("code", [0, 3])
async def test_a_child_that_has_ended_is_started_again(jupyter: Jupyter, code: int) -> None:
    before = (await told(jupyter, "/from-process/"))["pid"]
    await fetch(jupyter, f"/from-process/exit/{code}")
    page_visit = [("Sec-Fetch-Mode", "navigate")]
    answer = await fetch(jupyter, "/from-process/", fields=page_visit)
    assert json.loads(answer.body)["pid"] != before


# --- services that are not ours to start ----------------------------------------------------


@pytest.mark.parametrize("name", ["not-managed", "says-nothing"])
async def test_an_empty_command_means_that_it_runs_already(jupyter: Jupyter, name: str) -> None:
    async with listening(at=jupyter.sockets["app"]) as backend:
        backend.answer_with(HELLO)
        for path in (f"/{name}/a?b", f"/{name}/c"):
            assert (await fetch(jupyter, path)).body == b"hello"
        assert [request.target for request in backend.requests] == [b"/a?b", b"/c"]
        assert backend.requests[-1].get("X-Forwarded-Context") == f"/{name}".encode()
        backend.drop_connections()


@pytest.mark.parametrize("name", ["nowhere", "says-nowhere"])
async def test_an_empty_command_without_a_port_is_explained(jupyter: Jupyter, name: str) -> None:
    for _ in range(2):
        answer, problem = await refused(jupyter, f"/{name}/")
        assert answer.status == 503
        assert f"{name}: its command is empty" in problem
        assert "neither a port nor a unix_socket" in problem


# --- what can be wrong ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ("raises", "Broken.get_cmd() .*raised FileNotFoundError: told is not installed"),
        ("string", "must be a list of strings, not one string.* Broken.get_cmd()"),
        ("numbers", "must be a list of strings.* item 1 is of type int.* Broken.get_cmd()"),
        ("env", "'A' must be a string, not int.* Broken.get_env()"),
        ("timeout", "must be a number of seconds, not the string 'soon'.* Broken.get_timeout()"),
        ("cwd", "there is no directory '/no/such/directory'.* Broken.get_cwd()"),
    ],
)
async def test_a_method_that_cannot_be_used_is_named(
    jupyter: Jupyter, wrong: str, text: str
) -> None:
    jupyter.expected_tracebacks += wrong == "raises"  # in the log is where
    answer, problem = await refused(jupyter, f"/broken/{wrong}/x")
    assert answer.status == 503
    pattern = text.replace("()", r"\(\)")
    assert re.search(pattern, problem), problem
    assert "s3cret" not in problem
    assert (await fetch(jupyter, "/classic/")).status == 200


async def test_a_port_that_cannot_be_is_named(jupyter: Jupyter) -> None:
    answer, problem = await refused(jupyter, "/broken-port/")
    assert answer.status == 503
    assert "broken-port: its port must be 1 to 65535, not 700000" in problem
