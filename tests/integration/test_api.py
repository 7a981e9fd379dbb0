"""Services can be listed, started, stopped and restarted by programs, by whoever may."""

from __future__ import annotations

import asyncio
import json
import re
import time
from pathlib import Path
from typing import Any

import jsonschema
import psutil
import pytest
from _harness.backend import Backend, listening
from _harness.client import connected, fetch
from _harness.jupyter import Jupyter
from _harness.message import PATIENCE, Message

from jupyter_server_proxy.api.openapi import document

WEB = Path(__file__).parents[1] / "apps" / "web.py"
CHATTY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
for n in range(5): print("line", n, flush=True)
exec(open({web!r}).read())
"""
READING = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(204)
        self.end_headers()
    do_POST = do_GET
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
JUPYTER_PORTS = ("running",)
JUPYTER_CONFIG = f"""
child = [sys.executable, {str(WEB)!r}, "--port", "{{port}}"]
chatty = {CHATTY.format(web=str(WEB))!r}
c.ServerProxy.servers = {{
    "app": {{
        "command": child,
        "stop_timeout": 5,
        "launcher_entry": {{"title": "An app", "category": "Other", "icon_path": __file__}},
        "new_browser_tab": False,
    }},
    "reading": {{"command": [sys.executable, "-c", {READING!r}, "{{port}}"]}},
    "odd name/é": {{"command": child, "launcher_entry": {{"enabled": False}}}},
    "chatty": {{"command": [sys.executable, "-c", chatty, "--port", "{{port}}"]}},
    "failing": {{"command": ["sh", "-c", "echo so bad; exit 3", "--token=hunter2"]}},
    "killed": {{"command": ["sh", "-c", "kill -9 $$"]}},
    "slow": {{"command": ["sleep", "600"], "timeout": 0.3, "restart": "never"}},
    "waiting": {{"command": ["sleep", "600"], "timeout": 600}},
    "running": {{"port": PORTS["running"]}},
    "broken": {{"command": child, "timeout": "soon"}},
}}
"""
SLASHED = "odd%20name/%C3%A9"
API = "/server-proxy/api/"


def validated(schema: str, facts: Any) -> Any:
    """`facts`, which are what the description says."""
    schemas = document()["components"]["schemas"]
    whole = {**schemas[schema], "components": {"schemas": schemas}}
    jsonschema.Draft202012Validator(
        whole, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(facts)
    return facts


async def ask(jupyter: Jupyter, method: str, path: str, **options: Any) -> Message:
    """Of a program with the token."""
    fields = [("Authorization", f"token {jupyter.token}"), ("Cookie", "")]
    body = b"" if method == "POST" else None
    return await fetch(jupyter, API + path, method=method, fields=fields, body=body, **options)


async def get(jupyter: Jupyter, path: str) -> Any:
    answer = await ask(jupyter, "GET", path)
    assert (answer.status, answer.get("Content-Type")) == (200, b"application/json"), answer.raw
    assert answer.get("Cache-Control") == b"no-store"
    return json.loads(answer.body)


async def state(jupyter: Jupyter, name: str) -> dict[str, Any]:
    return validated("Server", await get(jupyter, f"servers/{name}"))


async def post(jupyter: Jupyter, path: str, status: int = 200) -> dict[str, Any]:
    answer = await ask(jupyter, "POST", path)
    assert answer.status == status, answer.body
    return validated("Server", json.loads(answer.body))


async def problem(jupyter: Jupyter, method: str, path: str, status: int) -> dict[str, Any]:
    answer = await ask(jupyter, method, path)
    assert (answer.status, answer.get("Content-Type")) == (status, b"application/problem+json")
    facts = validated("Problem", json.loads(answer.body))
    assert facts["status"] == status
    return facts


# --- what there is ---------------------------------------------------------------------------


async def test_all_services_are_listed_with_what_people_are_shown_of_them(jupyter: Jupyter) -> None:
    listed = validated("Servers", await get(jupyter, "servers"))["servers"]
    by_name = {facts["name"]: facts for facts in listed}
    assert len(by_name) == len(listed) == 10
    app = by_name["app"]
    assert (app["title"], app["category"], app["url"]) == ("An app", "Other", "/app/")
    assert (app["icon_url"], app["new_browser_tab"]) == ("/server-proxy/icon/app", False)
    assert (app["listed"], app["source"], app["managed"]) == (True, "config", True)
    odd = by_name["odd name/é"]
    assert (odd["url"], odd["icon_url"], odd["listed"]) == (f"/{SLASHED}/", None, False)
    assert (by_name["running"]["state"], by_name["running"]["managed"]) == ("unmanaged", False)
    assert by_name["broken"]["state"] == "broken"
    assert "timeout" in by_name["broken"]["problem"]


@pytest.mark.parametrize("path", ["/broken", "/broken/", "/broken/a?b=c"])
async def test_whoever_visits_what_is_not_set_up_rightly_is_told_why(
    jupyter: Jupyter, path: str
) -> None:
    answer = await fetch(jupyter, path, fields=[("Accept", "application/json")])
    assert answer.status == 500
    assert "timeout" in json.loads(answer.body)["detail"]
    assert (await fetch(jupyter, path, fields=[("Cookie", "")])).status in {302, 403}


@pytest.mark.parametrize("path", ["", "/", "/server", "/server/app/begin", "/events/x"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_where_the_api_has_nothing_it_says_so_to_programs(
    jupyter: Jupyter, method: str, path: str
) -> None:
    facts = await problem(jupyter, method, path.removeprefix("/"), 404)
    assert "openapi.json" in facts["detail"]


@pytest.mark.parametrize("name", [SLASHED, SLASHED.replace("/", "%2F")])
async def test_a_slash_in_a_name_may_come_as_it_is_or_encoded(jupyter: Jupyter, name: str) -> None:
    assert (await state(jupyter, name))["name"] == "odd name/é"
    assert (await get(jupyter, f"servers/{name}/log")) == {"lines": [], "file": None}


async def test_an_unknown_name_is_answered_with_the_nearest_one(jupyter: Jupyter) -> None:
    for method, path in (("GET", "servers/ap"), ("POST", "servers/ap/start")):
        facts = await problem(jupyter, method, path, 404)
        assert facts["detail"] == "There is no service 'ap'; did you mean 'app'?"
    facts = await problem(jupyter, "GET", "servers/app/instances/one", 404)
    assert facts["detail"] == "app has no instance 'one'"


# --- start, stop, restart ----------------------------------------------------------------------


async def test_a_service_is_started_used_and_stopped(jupyter: Jupyter) -> None:
    ready = await post(jupyter, "servers/app/start")
    assert (ready["state"], ready["in_flight"]) == ("ready", 0)
    assert re.fullmatch(r"127\.0\.0\.1:\d+", ready["target"])
    assert ready["target"].partition(":")[2] in ready["command"]
    assert 0 < ready["ready_after"] < 60
    assert ready["usual_start"] is not None
    assert psutil.pid_exists(ready["pid"])
    assert (await fetch(jupyter, "/app/")).status == 200
    # Twice is once.
    assert (await post(jupyter, "servers/app/start"))["pid"] == ready["pid"]
    stopped = await post(jupyter, "servers/app/stop")
    assert (stopped["state"], stopped["stopped_by"]) == ("stopped", "person")
    assert (stopped["pid"], stopped["target"]) == (None, None)
    assert stopped["command"] == ready["command"]
    assert not psutil.pid_exists(ready["pid"])
    assert (await post(jupyter, "servers/app/stop"))["state"] == "stopped"


async def test_a_restart_is_another_process(jupyter: Jupyter) -> None:
    first = await post(jupyter, f"servers/{SLASHED}/restart")
    second = await post(jupyter, f"servers/{SLASHED}/restart")
    assert first["pid"] != second["pid"]
    assert (second["state"], second["restarts"]) == ("ready", first["restarts"] + 1)


async def test_a_restart_lets_requests_finish_and_fails_none(jupyter: Jupyter) -> None:
    first = await post(jupyter, "servers/reading/start")
    async with connected(jupyter) as slow:
        await slow.ask("POST", "/reading/", [("Content-Length", "4")], None)
        await slow.send(b"ab")
        await has(jupyter, "reading", in_flight=1)
        restart = asyncio.create_task(post(jupyter, "servers/reading/restart"))
        visits = [asyncio.create_task(fetch(jupyter, "/reading/"))]
        # As soon as the restart has begun, visits wait.
        while (await asyncio.wait({restart, visits[-1]}, timeout=0.3))[0]:
            assert not restart.done()
            visits.append(asyncio.create_task(fetch(jupyter, "/reading/")))
        await slow.send(b"cd")
        assert (await slow.response()).status == 204
    assert {(await visit).status for visit in visits} == {204}
    second = await restart
    assert (second["state"], second["pid"] != first["pid"]) == ("ready", True)


async def has(jupyter: Jupyter, name: str, **wanted: Any) -> dict[str, Any]:
    """Wait until what is told of it has these values."""
    deadline = time.monotonic() + PATIENCE
    while True:
        facts = await state(jupyter, name)
        if all(facts[key] == value for key, value in wanted.items()):
            return facts
        assert time.monotonic() < deadline, facts


async def test_what_need_not_be_waited_for_is_begun(jupyter: Jupyter) -> None:
    begun = await post(jupyter, "servers/waiting/start?wait=false", 202)
    assert begun["state"] in ("stopped", "starting")
    await has(jupyter, "waiting", state="starting")
    await post(jupyter, "servers/waiting/stop?wait=false", 202)
    await has(jupyter, "waiting", state="stopped")


async def test_who_waits_for_a_start_is_refused_when_somebody_stops_it(jupyter: Jupyter) -> None:
    waiting = asyncio.create_task(problem(jupyter, "POST", "servers/waiting/start", 503))
    await has(jupyter, "waiting", state="starting")
    await post(jupyter, "servers/waiting/stop")
    assert "was stopped" in (await waiting)["detail"]


async def test_who_starts_what_is_being_stopped_gets_a_new_one(jupyter: Jupyter) -> None:
    first = await post(jupyter, "servers/app/start")
    stop = asyncio.create_task(post(jupyter, "servers/app/stop?wait=false", 202))
    await stop
    assert (await post(jupyter, "servers/app/start"))["pid"] != first["pid"]


# --- failures ------------------------------------------------------------------------------------


async def test_a_failed_start_says_why(jupyter: Jupyter) -> None:
    facts = await problem(jupyter, "POST", "servers/failing/start", 503)
    failure = facts["last_failure"]
    assert "exited with code 3" in facts["detail"]
    assert (failure["words"], failure["returncode"]) == ("exited with code 3", 3)
    assert failure["output"] == ["so bad"]
    assert "hunter2" not in json.dumps(facts)
    assert failure["retry_at"] > failure["failed_at"]
    # A person's next try does not wait for that.
    again = await problem(jupyter, "POST", "servers/failing/start", 503)
    assert again["last_failure"]["failed_at"] > failure["failed_at"]
    assert (await state(jupyter, "failing"))["last_failure"] == again["last_failure"]


async def test_a_signal_is_named(jupyter: Jupyter) -> None:
    facts = await problem(jupyter, "POST", "servers/killed/start", 503)
    assert facts["last_failure"]["signal"] == "SIGKILL"
    assert "killed by signal 9" in facts["last_failure"]["words"]


async def test_a_start_that_takes_too_long_is_504(jupyter: Jupyter) -> None:
    facts = await problem(jupyter, "POST", "servers/slow/start", 504)
    assert "not ready within 0.3 seconds" in facts["last_failure"]["reason"]


async def test_what_cannot_be_started_says_so(jupyter: Jupyter) -> None:
    for name, words in (("running", "not started and stopped"), ("broken", "timeout")):
        for command in ("start", "stop", "restart"):
            facts = await problem(jupyter, "POST", f"servers/{name}/{command}", 409)
            assert words in facts["detail"]


@pytest.mark.parametrize("query", ["wait=maybe", "wait=2", "wait=nul%00"])
async def test_a_query_that_makes_no_sense_does_nothing(jupyter: Jupyter, query: str) -> None:
    before = await state(jupyter, "chatty")
    facts = await problem(jupyter, "POST", f"servers/chatty/restart?{query}", 422)
    assert facts["detail"].startswith("wait must be true or false")
    assert (await state(jupyter, "chatty"))["generation"] == before["generation"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
async def test_other_methods_are_refused_with_those_there_are(
    jupyter: Jupyter, method: str
) -> None:
    answer = await ask(jupyter, method, "servers/app/start")
    assert (answer.status, answer.get("Allow")) == (405, b"POST")


# --- processor, memory and log -------------------------------------------------------------------


async def test_memory_is_that_of_all_its_processes(jupyter: Jupyter) -> None:
    started = await post(jupyter, "servers/chatty/start")
    own = psutil.Process(started["pid"]).memory_info().rss
    facts = await state(jupyter, "chatty")
    assert facts["rss"] > own
    assert facts["cpu_percent"] >= 0
    listed = {facts["name"]: facts for facts in (await get(jupyter, "servers"))["servers"]}
    assert listed["chatty"]["rss"] > own
    assert listed["running"]["rss"] is None


async def test_the_log_has_the_last_lines_and_the_file_with_all(jupyter: Jupyter) -> None:
    await post(jupyter, "servers/chatty/start")
    log = validated("Log", await get(jupyter, "servers/chatty/log"))
    lines = [f"line {n}" for n in range(5)]
    assert log["lines"][:5] == lines
    written = await asyncio.to_thread(Path(log["file"]).read_text)
    assert written.splitlines()[:5] == lines
    last = (await get(jupyter, "servers/chatty/log?tail=2"))["lines"]
    assert last == log["lines"][-2:]
    assert (await get(jupyter, "servers/chatty/log?tail=0"))["lines"] == []
    assert (await get(jupyter, "servers/chatty/log?follow=0&tail=999999999"))["lines"]
    assert (await get(jupyter, "servers/running/log")) == {"lines": [], "file": None}
    await problem(jupyter, "GET", "servers/chatty/log?tail=-1", 422)


# --- who may -----------------------------------------------------------------------------------


async def test_pages_of_others_cannot_make_a_browser_start_anything(jupyter: Jupyter) -> None:
    """The gate's own tests try those who are not logged in."""
    path = API + "servers/app/restart"
    before = (await state(jupyter, "app"))["generation"]
    for fields in ([], [("Origin", "http://evil.example")]):
        answer = await fetch(jupyter, path, method="POST", body=b"", fields=fields)
        assert answer.status in (403, 404), answer.raw
    assert (await state(jupyter, "app"))["generation"] == before


async def test_a_browser_with_the_cookie_and_the_header_may(jupyter: Jupyter) -> None:
    xsrf = "2|12345678|" + "0" * 32 + "|1700000000"
    fields = [
        ("Cookie", f"{jupyter.cookie}; _xsrf={xsrf}"),
        ("X-XSRFToken", xsrf),
        ("Origin", f"http://{jupyter.netloc}"),
    ]
    path = API + "servers/app/stop"
    assert (await fetch(jupyter, path, method="POST", body=b"", fields=fields)).status == 200


AUTHORIZER = f"""
from jupyter_server.auth.authorizer import Authorizer
class Careful(Authorizer):
    async def is_authorized(self, handler, user, action, resource):
        if resource == "server-proxy:looked-at":
            return action == "read"
        if action == "execute" and resource == "server-proxy:failing":
            return not handler.request.headers.get("X-Reader")
        return resource in (
            "server-proxy:allowed", "server-proxy:failing", "server-proxy-info"
        )
c.ServerApp.authorizer_class = Careful
child = [sys.executable, {str(WEB)!r}, "--port", "{{port}}"]
names = ("allowed", "looked-at", "secret")
c.ServerProxy.servers = {{name: {{"command": child}} for name in names}}
told = "print('so bad', flush=True); raise SystemExit(3)"
c.ServerProxy.servers["failing"] = {{"command": [sys.executable, "-c", told]}}
"""


async def test_the_authorizer_says_who_sees_and_starts_what(make_own_jupyter: Any) -> None:
    jupyter = make_own_jupyter(AUTHORIZER, base_url="/user/a%40b/")
    listed = (await get(jupyter, "servers"))["servers"]
    assert [facts["name"] for facts in listed] == ["allowed", "looked-at", "failing"]
    assert listed[0]["url"] == "/user/a%40b/allowed/"
    assert (await state(jupyter, "looked-at"))["state"] == "stopped"
    for method, path in (
        ("GET", "servers/secret"),
        ("GET", "servers/secret/log"),
        ("GET", "servers/looked-at/log"),
        ("POST", "servers/secret/start"),
        ("POST", "servers/looked-at/start"),
        ("POST", "servers/looked-at/stop"),
    ):
        facts = await problem(jupyter, method, path, 403)
        assert "last_failure" not in facts
    assert (await post(jupyter, "servers/allowed/start"))["state"] == "ready"
    assert (await state(jupyter, "looked-at"))["state"] == "stopped"
    await check_who_sees_output(jupyter)


async def check_who_sees_output(jupyter: Jupyter) -> None:
    """Whoever may not start it may see that it failed, but not how it is started."""
    async with connected(jupyter) as starter, connected(jupyter) as reader:
        for client, fields in ((starter, []), (reader, [("X-Reader", "1")])):
            await client.ask("GET", API + "events", fields)
            assert (await client.head()).status == 200
            await client.chunk()
        failure = (await problem(jupyter, "POST", "servers/failing/start", 503))["last_failure"]
        assert "so bad" in failure["output"]
        for client, is_told in ((starter, True), (reader, False)):
            said = b""
            while b'"words": "exited with code 3"' not in said:
                said += await client.chunk()
            assert (b"so bad" in said) is is_told
    for path in ("servers/failing", "servers", "events"):
        for fields, is_told in (([], True), ([("X-Reader", "1")], False)):
            said = await first_of(jupyter, path, fields)
            assert b"exited with code 3" in said
            assert (b"so bad" in said) is is_told
    refused = await ask(jupyter, "DELETE", "servers/failing")
    assert b"so bad" not in refused.body


async def first_of(jupyter: Jupyter, path: str, fields: list[tuple[str, str]]) -> bytes:
    """What is answered, of a stream the first event."""
    async with connected(jupyter) as client:
        await client.ask("GET", API + path, fields)
        if path != "events":
            return (await client.response()).body
        await client.head()
        return await client.chunk()


@pytest.fixture
async def running(jupyter: Jupyter) -> Any:
    async with listening(at=jupyter.sockets["running"]) as backend:
        yield backend


async def test_the_api_of_a_service_is_not_its_applications(
    jupyter: Jupyter, running: Backend
) -> None:
    await state(jupyter, "running")
    assert running.connections == 0
