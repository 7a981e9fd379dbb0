"""Several instances of one service: each with an address, a process and values of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from _harness.client import connected, fetch
from _harness.jupyter import Jupyter
from test_runtime_services import API, COMMAND, ask, asked, has, remove

# Says what it was started with.
TELLING = """
import http.server, json, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        facts = [sys.argv[2:], os.environ.get("SIZE"), os.getcwd(), self.path, os.getpid(),
                 self.headers["X-Forwarded-Prefix"]]
        body = json.dumps(facts).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args): print("asked", self.path, flush=True)

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
PARAMETERS = {
    "title": {"type": "string", "default": "none"},
    "size": {"type": "integer", "minimum": 1, "maximum": 9, "description": "How large"},
    "mode": {"type": "choice", "choices": ["fast", "slow"]},
    "folder": {"type": "path"},
}
JUPYTER_PORTS = ("running",)
JUPYTER_CONFIG = f"""
telling = [sys.executable, "-c", {TELLING!r}.replace("{{", "{{{{").replace("}}", "}}}}")]
c.ServerProxy.servers = {{
    "app": {{
        "command": [*telling, "{{port}}", "{{title}}", "--mode={{mode}}"],
        "environment": {{"SIZE": "{{size}}"}},
        "cwd": "{{folder}}",
        "parameters": {PARAMETERS!r},
    }},
    "plain": {{"command": {COMMAND!r}, "log_file": FOLDER + "/plain.log"}},
    "running": {{"port": PORTS["running"]}},
    "fixed": {{"command": {COMMAND!r}, "port": PORTS["running"]}},
    "broken": {{"command": ["x"], "timeout": "soon"}},
}}
"""
PERMANENT = ("app", "plain", "running", "fixed", "broken")


@pytest_asyncio.fixture(autouse=True)
async def no_instances(jupyter: Jupyter) -> AsyncIterator[None]:
    yield
    for server in (await asked(jupyter, "GET", "servers", status=200))["servers"]:
        if server["instance"] is not None:
            await remove(jupyter, f"{server['name']}/instances/{server['instance']}")


async def add(jupyter: Jupyter, name: str = "app", *, status: int = 201, **body: Any) -> Any:
    return await asked(jupyter, "POST", f"servers/{name}/instances", body, status=status)


async def told(jupyter: Jupyter, path: str) -> list[Any]:
    answer = await fetch(jupyter, path)
    assert answer.status == 200, answer.body
    facts: list[Any] = json.loads(answer.body)
    return facts


async def test_an_instance_has_everything_of_its_own(jupyter: Jupyter) -> None:
    (jupyter.folder / "work" / "data").mkdir(exist_ok=True)
    values = {"title": "$(touch x); 'a' b", "size": 3, "mode": "slow", "folder": "data"}
    answer = await ask(
        jupyter, "POST", "servers/app/instances", {"instance": "one", "parameters": values}
    )
    assert answer.status == 201, answer.body
    assert answer.get("Location") == b"/server-proxy/api/servers/app/instances/one"
    facts = json.loads(answer.body)
    data = str((jupyter.folder / "work" / "data").resolve())
    assert (facts["instance"], facts["url"]) == ("one", "/app/i/one/")
    assert facts["values"] == {**values, "folder": data}
    assert facts["parameters"]["size"] == {"type": "integer", "minimum": 1, "maximum": 9,
                                           "description": "How large"}  # fmt: skip
    argv, size, cwd, path, pid, prefix = await told(jupyter, "/app/i/one/deep/x?y=1")
    assert (argv, size, cwd) == (["$(touch x); 'a' b", "--mode=slow"], "3", data)
    assert (path, prefix) == ("/deep/x?y=1", "/app/i/one")
    # The service itself has the defaults, and another process.
    work = str((jupyter.folder / "work").resolve())
    argv, size, cwd, path, own_pid, prefix = await told(jupyter, "/app/deep")
    assert (argv, size, cwd) == (["none", "--mode=fast"], "1", work)
    assert (path, prefix) == ("/deep", "/app")
    assert pid != own_pid
    # And each its own log.
    log = await asked(jupyter, "GET", "servers/app/instances/one/log", status=200)
    own_log = await asked(jupyter, "GET", "servers/app/log", status=200)
    assert "asked /deep/x?y=1" in log["lines"]
    assert "asked /deep/x?y=1" not in own_log["lines"]
    assert log["file"] != own_log["file"]
    # Stopping one leaves the other alone.
    stopped = await asked(jupyter, "POST", "servers/app/instances/one/stop", status=200)
    assert stopped["state"] == "stopped"
    assert (await told(jupyter, "/app/"))[4] == own_pid


async def test_only_the_addresses_of_instances_are_theirs(jupyter: Jupyter) -> None:
    assert (await told(jupyter, "/app/i/one/x"))[3] == "/i/one/x"
    await add(jupyter, instance="one")
    assert (await told(jupyter, "/app/i/one/x"))[3] == "/x"
    assert (await told(jupyter, "/app/i/other/x"))[3] == "/i/other/x"
    redirect = await fetch(jupyter, "/app/i/one?q")
    assert (redirect.status, redirect.get("Location")) == (302, b"/app/i/one/?q")
    await remove(jupyter, "app/instances/one")
    assert (await told(jupyter, "/app/i/one/x"))[3] == "/i/one/x"


async def test_one_without_a_name_is_given_one(jupyter: Jupyter) -> None:
    assert [(await add(jupyter))["instance"] for _ in range(3)] == ["1", "2", "3"]
    await remove(jupyter, "app/instances/2")
    assert (await add(jupyter))["instance"] == "2"


async def test_names_are_quoted_where_they_must_be(jupyter: Jupyter) -> None:
    facts = await add(jupyter, instance="ö 1?#%")
    assert facts["url"] == "/app/i/%C3%B6%201%3F%23%25/"
    assert (await told(jupyter, facts["url"]))[5] == "/app/i/%C3%B6%201%3F%23%25"
    await remove(jupyter, "app/instances/%C3%B6%201%3F%23%25")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"instance": "a/b"}, "instance: must be one segment"),
        ({"instance": ""}, "instance: must be one segment"),
        ({"instance": 3}, "instance: must be a string, not 3"),
        ({"instance": "log"}, "instance: 'log' means something else already"),
        ({"parameters": []}, "parameters: must be an object"),
        ({"parameters": {"size": 10}}, "parameters.size: must be 9 or less, not 10"),
        ({"parameters": {"sice": 3}}, "did you mean 'size'?"),
        ({"parameters": {"folder": "../config"}}, "below Jupyter's root directory"),
        ({"parameters": {"title": "--evil"}}, 'must not start with "-"'),
        ({"parametres": {}}, "parametres: there is no such key"),
    ],
)
async def test_what_is_wrong_is_said(jupyter: Jupyter, body: Any, said: str) -> None:
    assert said in (await add(jupyter, status=422, **body))["detail"]


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("running", 409, "not started by Jupyter"),
        ("fixed", 409, "fixed port"),
        ("broken", 409, "does not work"),
        ("ap", 404, "There is no service 'ap'"),
    ],
)
async def test_not_every_service_can_have_one(
    jupyter: Jupyter, name: str, status: int, said: str
) -> None:
    assert said in (await add(jupyter, name, status=status))["detail"]


async def test_of_two_of_one_name_one_is_refused(jupyter: Jupyter) -> None:
    path = "servers/app/instances"
    added = await asyncio.gather(*(ask(jupyter, "POST", path, {"instance": "a"}) for _ in range(3)))
    assert sorted(answer.status for answer in added) == [201, 409, 409]
    gone = await asyncio.gather(*(ask(jupyter, "DELETE", f"{path}/a") for _ in range(3)))
    assert sorted(answer.status for answer in gone) == [204, 404, 404]


async def test_instances_go_with_their_service(jupyter: Jupyter) -> None:
    await asked(jupyter, "POST", "servers", {"name": "added", "command": COMMAND}, status=201)
    urls = [(await add(jupyter, "added"))["url"] for _ in range(2)]
    for number, url in enumerate(urls, 1):
        assert (await fetch(jupyter, url)).status == 200
        await has(jupyter, f"added/instances/{number}", state="ready")
    async with connected(jupyter) as client:
        await client.ask("GET", API + "events")
        await client.final_head()
        await client.chunk()
        await remove(jupyter, "added")
        events = b""
        while events.count(b"event: removed") < 3:
            events += await client.chunk()
    listed = await asked(jupyter, "GET", "servers", status=200)
    assert {server["name"] for server in listed["servers"]} == set(PERMANENT)
    assert not [line for line in jupyter.marked() if "mirror.py" in line]


async def test_each_has_a_file_beside_the_one_that_was_configured(jupyter: Jupyter) -> None:
    facts = await add(jupyter, "plain", instance="two")
    assert (await fetch(jupyter, "/plain/")).status == 200
    assert (await fetch(jupyter, facts["url"])).status == 200
    await has(jupyter, "plain/instances/two", state="ready")
    for name, file in (("plain", "plain.log"), ("plain/instances/two", "plain.two.log")):
        log = await asked(jupyter, "GET", f"servers/{name}/log", status=200)
        assert log["file"] == str(jupyter.folder / file)
