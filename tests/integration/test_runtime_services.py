"""Services come and go while Jupyter runs, and those that are saved come again."""

from __future__ import annotations

import asyncio
import json
import stat
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from _harness.client import connected, fetch
from _harness.jupyter import Jupyter
from _harness.message import PATIENCE, Message
from _harness.upgrades import WEBSOCKET
from conftest import MakeJupyter

MIRROR = Path(__file__).parents[1] / "apps" / "mirror.py"
COMMAND = [sys.executable, str(MIRROR), "{port}"]
API = "/server-proxy/api/"
JUPYTER_PORTS = ("running",)
JUPYTER_CONFIG = """
c.ServerProxy.servers = {
    "configured": {"port": PORTS["running"]},
    "broken": {"command": ["x"], "timeout": "soon"},
}
"""


async def ask(jupyter: Jupyter, method: str, path: str, body: Any = None) -> Message:
    """Of a program with the token."""
    fields = [("Authorization", f"token {jupyter.token}"), ("Cookie", "")]
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    content = None if method in ("GET", "DELETE") else b"" if body is None else data
    return await fetch(jupyter, API + path, method=method, fields=fields, body=content)


async def asked(jupyter: Jupyter, method: str, path: str, body: Any = None, *, status: int) -> Any:
    answer = await ask(jupyter, method, path, body)
    assert answer.status == status, answer.body
    if status >= 400:
        assert answer.get("Content-Type") == b"application/problem+json"
    return json.loads(answer.body) if answer.body else None


async def add(jupyter: Jupyter, name: str, **settings: Any) -> Any:
    body = {"name": name, "command": COMMAND, **settings}
    return await asked(jupyter, "POST", "servers", body, status=201)


async def remove(jupyter: Jupyter, path: str, status: int = 204) -> Any:
    return await asked(jupyter, "DELETE", f"servers/{path}", status=status)


async def has(jupyter: Jupyter, name: str, **wanted: Any) -> None:
    """Wait until what is told of it has these values."""
    deadline = time.monotonic() + PATIENCE
    while True:
        facts = await asked(jupyter, "GET", f"servers/{name}", status=200)
        if all(facts[key] == value for key, value in wanted.items()):
            return
        assert time.monotonic() < deadline, json.dumps(facts)


async def listed(jupyter: Jupyter) -> list[str]:
    facts = await asked(jupyter, "GET", "servers", status=200)
    return [server["name"] for server in facts["servers"]]


@pytest_asyncio.fixture(autouse=True)
async def nothing_added(jupyter: Jupyter) -> AsyncIterator[None]:
    yield
    for name in await listed(jupyter):
        if name not in ("configured", "broken"):
            await ask(jupyter, "DELETE", f"servers/{name}")


async def test_a_service_is_added_used_and_removed(jupyter: Jupyter) -> None:
    assert (await fetch(jupyter, "/app/x")).status == 404
    launcher = {"title": "An app", "icon_path": str(MIRROR)}
    answer = await ask(
        jupyter, "POST", "servers", {"name": "app", "command": COMMAND, "launcher_entry": launcher}
    )
    assert answer.status == 201, answer.body
    assert answer.get("Location") == b"/server-proxy/api/servers/app"
    facts = json.loads(answer.body)
    assert (facts["source"], facts["state"], facts["url"]) == ("runtime", "stopped", "/app/")
    # In every list, and with its icon.
    info = json.loads((await fetch(jupyter, "/server-proxy/servers-info")).body)
    entry = next(it for it in info["server_processes"] if it["name"] == "app")
    assert entry["launcher_entry"]["title"] == "An app"
    assert (await fetch(jupyter, entry["launcher_entry"]["icon_url"])).body == MIRROR.read_bytes()
    # It is used as any other, with uploads as well.
    assert (await fetch(jupyter, "/app")).status == 302
    assert (await fetch(jupyter, "/app/")).status == 200
    assert (await fetch(jupyter, "/app/", method="POST", body=b"x" * 100_000)).status == 200
    pid = (await asked(jupyter, "GET", "servers/app", status=200))["pid"]
    assert any(line.startswith(f"{pid}:") for line in jupyter.marked())
    await remove(jupyter, "app")
    assert (await fetch(jupyter, "/app/x")).status == 404
    assert (await fetch(jupyter, "/server-proxy/icon/app")).status == 404
    assert b'"app"' not in (await fetch(jupyter, "/server-proxy/servers-info")).body
    assert not any(line.startswith(f"{pid}:") for line in jupyter.marked())
    await remove(jupyter, "app", 404)
    # The name is free again.
    await add(jupyter, "app")
    assert (await fetch(jupyter, "/app/")).status == 200


async def test_a_program_that_runs_already_can_be_added_too(jupyter: Jupyter) -> None:
    await add(jupyter, "app")
    await asked(jupyter, "POST", "servers/app/start", status=200)
    target = (await asked(jupyter, "GET", "servers/app", status=200))["target"]
    body = {"name": "alias", "port": int(target.partition(":")[2])}
    facts = await asked(jupyter, "POST", "servers", body, status=201)
    assert (facts["state"], facts["managed"]) == ("unmanaged", False)
    assert (await fetch(jupyter, "/alias/")).status == 200
    await remove(jupyter, "alias")
    assert (await fetch(jupyter, "/alias/x")).status == 404


async def test_names_may_have_characters_that_urls_quote(jupyter: Jupyter) -> None:
    facts = await add(jupyter, "my app (é) 100%")
    assert (await fetch(jupyter, facts["url"])).status == 200
    assert facts["url"] == "/my%20app%20(%C3%A9)%20100%25/"
    await remove(jupyter, "my%20app%20(%C3%A9)%20100%25")


async def test_one_that_is_to_start_by_itself_does(jupyter: Jupyter) -> None:
    await add(jupyter, "eager", autostart=True)
    await has(jupyter, "eager", state="ready")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "no JSON"),
        (b"[1]", "must be a JSON object"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        ({}, "name: is missing"),
        ({"name": 3, "command": ["x"]}, "name: must be a string, not 3"),
        ({"name": "a/b", "command": ["x"]}, "one segment of a path"),
        ({"name": "..", "command": ["x"]}, "one segment of a path"),
        ({"name": "", "command": ["x"]}, "one segment of a path"),
        ({"name": "a\nb", "command": ["x"]}, "control characters"),
        ({"name": "\ud800", "command": ["x"]}, "control characters"),
        ({"name": "x" * 101, "command": ["x"]}, "longer than 100"),
        ({"name": "x"}, "command: is missing, and so are port, unix_socket and backend_url"),
        ({"name": "x", "command": "python x"}, "command: must be a list of strings, not a string"),
        ({"name": "x", "command": [None]}, "command: must be a list of strings"),
        ({"name": "x", "command": ["x", "{prot}"]}, "'{prot}' in '{prot}' is no template"),
        ({"name": "x", "comand": ["x"]}, "comand: there is no such key; did you mean 'command'?"),
        ({"name": "x", "command": ["x"], "save": "yes"}, "save: must be true or false"),
        ({"name": "x", "command": ["x"], "rewrite_response": []}, "cannot be said in JSON"),
        ({"name": "x", "command": ["a\0b"]}, "command: must not hold a NUL"),
        ({"name": "x", "command": ["x"], "cwd": "\ud800"}, "cwd: must not hold a NUL or half"),
        ({"name": "x", "command": ["x"], "environment": {"A": "\0"}}, "environment: must not hold"),
        (
            {"name": "x", "command": ["x"], "launcher_entry": {"titel": "x"}},
            "launcher_entry.titel: there is no such key; did you mean 'title'?",
        ),
    ],
)
async def test_what_is_wrong_is_said(jupyter: Jupyter, body: Any, said: str) -> None:
    before = await listed(jupyter)
    facts = await asked(jupyter, "POST", "servers", body, status=422)
    assert said in facts["detail"]
    assert "callable" not in facts["detail"]
    assert await listed(jupyter) == before


async def test_everything_that_is_wrong_is_said_at_once(jupyter: Jupyter) -> None:
    body = {"name": "x", "command": 1, "timeout": "soon", "portt": 1}
    detail = (await asked(jupyter, "POST", "servers", body, status=422))["detail"]
    assert all(f"{key}: " in detail for key in ("command", "timeout", "portt"))


@pytest.mark.parametrize(
    "name",
    ["api", "proxy", "server-proxy", "static", "files", "login", "metrics", "configured", "broken"],
)
async def test_a_name_that_means_something_already_is_refused(jupyter: Jupyter, name: str) -> None:
    body = {"name": name, "command": COMMAND}
    detail = (await asked(jupyter, "POST", "servers", body, status=409))["detail"]
    assert "already" in detail or "pages of its own" in detail


async def test_of_two_that_add_the_same_one_is_refused(jupyter: Jupyter) -> None:
    body = {"name": "twice", "command": COMMAND}
    answers = await asyncio.gather(*(ask(jupyter, "POST", "servers", body) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409]


async def test_only_what_was_added_can_be_removed(jupyter: Jupyter) -> None:
    for name in ("configured", "broken"):
        facts = await remove(jupyter, name, 409)
        assert "comes from Jupyter's configuration" in facts["detail"]
    facts = await remove(jupyter, "confgured", 404)
    assert "confgured" in facts["detail"]


async def test_what_is_removed_while_it_is_used_may_finish(jupyter: Jupyter) -> None:
    await add(jupyter, "busy")
    async with connected(jupyter) as slow:
        await slow.ask("POST", "/busy/", [("Content-Length", "4")], None)
        await slow.send(b"ab")
        await has(jupyter, "busy", in_flight=1)
        removals = [asyncio.create_task(ask(jupyter, "DELETE", "servers/busy")) for _ in range(2)]
        done, pending = await asyncio.wait(removals, return_when=asyncio.FIRST_COMPLETED)
        # The second one comes too late, and nobody gets in any more.
        assert [task.result().status for task in done] == [404]
        assert (await fetch(jupyter, "/busy/x")).status == 404
        body = {"name": "busy", "command": COMMAND}
        await asked(jupyter, "POST", "servers", body, status=409)
        await slow.send(b"cd")
        assert (await slow.response()).status == 200
        assert [(await task).status for task in pending] == [204]


async def test_what_is_removed_while_it_starts_is_gone(jupyter: Jupyter) -> None:
    await add(jupyter, "slow", command=["sleep", "600"], timeout=600)
    waiting = asyncio.create_task(fetch(jupyter, "/slow/", fields=[("Accept", "*/*")]))
    await has(jupyter, "slow", state="starting")
    await remove(jupyter, "slow")
    assert (await waiting).status == 503


async def test_all_that_is_removed_many_times_is_removed_once(jupyter: Jupyter) -> None:
    await add(jupyter, "app")
    for _ in range(3):
        await asked(jupyter, "POST", "servers/app/instances", {}, status=201)
    paths = ["servers/app"] * 4 + ["servers/app/instances/1"] * 2
    answers = await asyncio.gather(*(ask(jupyter, "DELETE", path) for path in paths))
    assert sorted(answer.status for answer in answers[:4]) == [204, 404, 404, 404]
    assert {answer.status for answer in answers[4:]} <= {204, 404}
    assert "app" not in await listed(jupyter)


async def test_a_name_is_free_when_the_last_instance_is_gone(jupyter: Jupyter) -> None:
    await add(jupyter, "app")
    facts = await asked(jupyter, "POST", "servers/app/instances", {}, status=201)
    body = {"name": "app", "command": COMMAND}
    async with connected(jupyter) as slow, connected(jupyter) as follower:
        await slow.ask("POST", f"{facts['url']}x", [("Content-Length", "4")], None)
        await slow.send(b"ab")
        await has(jupyter, "app/instances/1", in_flight=1)
        await follower.ask("GET", API + "events")
        assert (await follower.final_head()).status == 200
        await follower.chunk()
        removal = asyncio.create_task(ask(jupyter, "DELETE", "servers/app"))
        events = b""
        while b'event: removed\ndata: {"name": "app", "instance": null}' not in events:
            events += await follower.chunk()
        # The service is gone, the instance is not: what is new must not be taken for its own.
        await asked(jupyter, "POST", "servers", body, status=409)
        await asked(jupyter, "POST", "servers/app/instances", {}, status=404)
        await slow.send(b"cd")
        assert (await slow.response()).status == 200
        assert (await removal).status == 204
    await asked(jupyter, "POST", "servers", body, status=201)


async def test_a_tunnel_ends_with_its_service(jupyter: Jupyter) -> None:
    await add(jupyter, "ws")
    assert (await fetch(jupyter, "/ws/")).status == 200
    async with connected(jupyter) as client:
        await client.ask("GET", "/ws/ws", WEBSOCKET)
        assert (await client.head()).status == 101
        await remove(jupyter, "ws")
        await client.closed()


async def test_who_follows_is_told(jupyter: Jupyter) -> None:
    async with connected(jupyter) as client:
        await client.ask("GET", API + "events")
        assert (await client.final_head()).status == 200
        await client.chunk()
        await add(jupyter, "app")
        assert (await client.chunk()).startswith(b"event: added\n")
        await remove(jupyter, "app")
        events = b""
        while b"event: removed" not in events:
            events += await client.chunk()
        assert b'data: {"name": "app", "instance": null}' in events


# --- saving ------------------------------------------------------------------------------------


def saved_file(jupyter: Jupyter) -> Path:
    name = "jupyter_server_proxy_services.json"
    return jupyter.folder / "config" / "jupyter_server_config.d" / name


async def test_what_is_saved_is_there_again(make_own_jupyter: MakeJupyter) -> None:
    first = make_own_jupyter()
    await add(first, "kept", save=True, environment={"SECRET": "x"})
    await add(first, "gone")
    path = saved_file(first)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    saved = json.loads(path.read_text())
    assert saved == {
        "ServerProxy": {"servers": {"kept": {"command": COMMAND, "environment": {"SECRET": "x"}}}}
    }
    # As somebody may have left it for the next server.
    saved["ServerProxy"]["servers"] |= {"odd": {"comand": ["x"]}, "api": {"command": ["x"]}}
    text = json.dumps({**saved, "Other": 1})
    write = f"""
import pathlib
path = pathlib.Path(FOLDER, "config/jupyter_server_config.d/jupyter_server_proxy_services.json")
path.parent.mkdir(exist_ok=True)
path.write_text({text!r})
"""
    second = make_own_jupyter(write)
    facts = await asked(second, "GET", "servers/kept", status=200)
    assert facts["source"] == "config"
    assert (await fetch(second, "/kept/")).status == 200
    assert "gone" not in await listed(second)
    for name in ("odd", "api"):
        broken = await asked(second, "GET", f"servers/{name}", status=200)
        assert (broken["state"], saved_file(second).name in broken["problem"]) == ("broken", True)
    for name in ("kept", "odd", "api"):
        await remove(second, name)
    assert json.loads(saved_file(second).read_text()) == {
        "ServerProxy": {"servers": {}},
        "Other": 1,
    }


async def test_a_file_that_is_no_json_harms_nothing(make_own_jupyter: MakeJupyter) -> None:
    jupyter = make_own_jupyter()
    path = saved_file(jupyter)
    path.parent.mkdir(exist_ok=True)
    path.write_text("{ oops")
    facts = await asked(
        jupyter, "POST", "servers", {"name": "x", "command": ["x"], "save": True}, status=500
    )
    assert "is no JSON" in facts["detail"]
    assert path.read_text() == "{ oops"
    assert await listed(jupyter) == []


# --- who may -----------------------------------------------------------------------------------

AUTHORIZER = """
from jupyter_server.auth.authorizer import Authorizer

class Own(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return action != "write" or resource in ("server-proxy", "server-proxy:mine")

c.ServerApp.authorizer_class = Own
"""


async def test_only_who_may_write_adds_and_removes(make_own_jupyter: MakeJupyter) -> None:
    jupyter = make_own_jupyter(AUTHORIZER)
    await add(jupyter, "mine")
    await asked(jupyter, "POST", "servers", {"name": "other", "command": COMMAND}, status=403)
    await remove(jupyter, "mine")
    await remove(jupyter, "other", 403)


NO_STARTING = """
from jupyter_server.auth.authorizer import Authorizer

class NoStarting(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return action != "execute" or resource == "server-proxy:mine"

c.ServerApp.authorizer_class = NoStarting
c.ServerProxy.servers = {"warm": {"command": [sys.executable, "-c", ""], "keep_warm": True}}
"""


async def test_only_who_may_start_adds_what_starts_at_once(make_own_jupyter: MakeJupyter) -> None:
    jupyter = make_own_jupyter(NO_STARTING)
    for key in ("autostart", "keep_warm"):
        body = {"name": "other", "command": COMMAND, key: True}
        facts = await asked(jupyter, "POST", "servers", body, status=403)
        assert facts["detail"] == "You may not start server-proxy:other"
    await asked(jupyter, "POST", "servers/warm/instances", {}, status=403)
    assert await listed(jupyter) == ["warm"]
    await add(jupyter, "other", autostart=False)
    await asked(jupyter, "POST", "servers/other/instances", {}, status=201)
    await add(jupyter, "mine", autostart=True)
    await has(jupyter, "mine", state="ready")


async def test_a_page_of_another_site_adds_nothing(jupyter: Jupyter) -> None:
    body = json.dumps({"name": "evil", "command": ["x"]}).encode()
    answer = await fetch(jupyter, API + "servers", method="POST", body=body)
    assert answer.status == 403
    no_login = await fetch(jupyter, API + "servers", method="POST", fields=[("Cookie", "")])
    assert no_login.status == 403
    assert "evil" not in await listed(jupyter)


async def log_of(jupyter: Jupyter, path: str) -> Path:
    """The log file of one that has been started."""
    await asked(jupyter, "POST", f"servers/{path}/start", status=200)
    deadline = time.monotonic() + PATIENCE
    while True:
        file = (await asked(jupyter, "GET", f"servers/{path}/log", status=200))["file"]
        if file is not None:
            return Path(file)
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


TALKING = [sys.executable, "-c", f"print('hello'); exec(open({str(MIRROR)!r}).read())", "{port}"]


async def test_logs_go_with_what_has_written_them(jupyter: Jupyter) -> None:
    await add(jupyter, "talking", command=TALKING)
    await asked(jupyter, "POST", "servers/talking/instances", {"instance": "x"}, status=201)
    files = [await log_of(jupyter, path) for path in ("talking", "talking/instances/x")]
    await remove(jupyter, "talking/instances/x")
    assert [file.exists() for file in files] == [True, False]
    await remove(jupyter, "talking")
    assert not files[0].exists()
    assert not [it for it in files[0].parent.iterdir() if it.name.startswith("talking")]


async def test_logs_of_what_was_saved_and_where_a_person_wants_them_stay(
    jupyter: Jupyter, tmp_path: Path
) -> None:
    await add(jupyter, "saved", command=TALKING, save=True)
    await add(jupyter, "own", command=TALKING, log_file=str(tmp_path / "own.log"))
    await asked(jupyter, "POST", "servers/own/instances", {"instance": "x"}, status=201)
    files = [await log_of(jupyter, path) for path in ("saved", "own", "own/instances/x")]
    for name in ("saved", "own"):
        await remove(jupyter, name)
    assert [file.name for file in files] == ["saved.log", "own.log", "own.x.log"]
    assert [file.read_text()[:6] for file in files] == ["hello\n"] * 3


async def test_a_log_that_was_there_before_stays(jupyter: Jupyter) -> None:
    await add(jupyter, "again", command=TALKING)
    file = await log_of(jupyter, "again")
    await remove(jupyter, "again")
    file.write_text("of a server that crashed\n")
    await add(jupyter, "again", command=TALKING)
    await log_of(jupyter, "again")
    await remove(jupyter, "again")
    assert file.read_text().startswith("of a server that crashed\nhello\n")
