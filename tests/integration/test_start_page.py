"""A service that is not ready: who is shown its start, who waits, and who must not wake it."""

from __future__ import annotations

import html
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from _harness.client import connected, fetch
from _harness.jupyter import Jupyter
from _harness.message import Message
from _harness.standalone import standalone

from jupyter_server_proxy.rules.coming_back import KEY

JUPYTER_CONFIG = """
from pathlib import Path

SLOW = '''
import http.server, os, pathlib, sys, time
gate = pathlib.Path(sys.argv[2])
print("waiting for \\033[32mthe gate\\033[0m & <b>", flush=True)
while not gate.exists():
    time.sleep(0.01)
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.command == "POST":
            with open(sys.argv[2] + ".received", "ab") as log:
                log.write(body + b"|")
        said = b"app " + self.path.encode() + b" " + body
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
    do_GET = do_POST = answer
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
'''

FAILING = '''
import pathlib, sys, time
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.01)
sys.exit(3)
'''

def service(name, **options):
    return {
        "command": [sys.executable, "-c", SLOW, "{port}", str(Path(FOLDER, name))],
        "timeout": 60,
        "stop_timeout": 5,
        **options,
    }

NAMES = ("slow", "asked", "held", "uploaded", "tunnelled", "stopped", "first", "guessed", "framed")
NAMES += ("drained", "refreshed")
c.ServerProxy.servers = {
    **{name: service(name) for name in NAMES},
    "failing": {
        "command": [sys.executable, "-c", FAILING, str(Path(FOLDER, "failing"))],
        "restart": "never",
    },
    "titled": service("titled", launcher_entry={"title": "A <Title>"}),
    "talkative": {
        "command": [
            *(sys.executable, "-c"),
            "import time; print(*range(1001, 1031), sep=chr(10), flush=True); time.sleep(600)",
        ],
    },
    "plain": service("plain", start_page=False),
    "idle": service("idle", idle_timeout=0.2),
    "nothing": {"command": lambda: [], "port": 1},
}
c.ServerApp.tornado_settings = {
    "headers": {"Content-Security-Policy": "frame-ancestors 'self' https://portal.example"}
}
"""

VISIT = [
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "document"),
]
FETCH = [("Accept", "*/*"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")]
UPGRADE = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
    ("Origin", "http://127.0.0.1"),
]


def gate(jupyter: Jupyter, name: str) -> Path:
    """The file that lets the service become ready."""
    return jupyter.folder / name


def received(jupyter: Jupyter, name: str) -> bytes:
    """The bodies that the service was sent, each with a bar after it."""
    return Path(f"{gate(jupyter, name)}.received").read_bytes()


async def api(jupyter: Jupyter, name: str, command: str = "", method: str = "GET") -> Any:
    fields = [("Authorization", f"token {jupyter.token}"), ("Cookie", "")]
    path = f"/server-proxy/api/servers/{name}{command}"
    answer = await fetch(jupyter, path, method=method, fields=fields, body=b"")
    assert answer.status < 300, answer.body
    return json.loads(answer.body)


async def until_state(jupyter: Jupyter, name: str, state: str) -> None:
    while (await api(jupyter, name))["state"] != state:
        pass


def visible(page: Message) -> str:
    """The text of a page."""
    text = re.sub(r"(?s)<(style|script)[^>]*>.*?</\1>", "", page.body.decode())
    return html.unescape(re.sub(r"<[^>]+>", "", text))


def refresh(page: Message) -> str:
    """Where the page asks for itself without a script."""
    found = re.search(
        r'<noscript><meta http-equiv="refresh" content="\d+; url=([^"]+)"', page.body.decode()
    )
    assert found
    return html.unescape(found[1])


def facts(page: Message) -> Any:
    """What the page's script is given."""
    found = re.search(r'(?s)id="facts"[^>]*>(.*?)</script>', page.body.decode())
    assert found
    return json.loads(found[1])


# --- visits -----------------------------------------------------------------------------------


async def test_a_visit_is_answered_at_once_and_led_to_the_application(jupyter: Jupyter) -> None:
    begun = time.monotonic()
    page = await fetch(jupyter, "/slow/a?x=1", fields=VISIT)
    # What is promised is a tenth of a second; a machine that is busy with other tests may dawdle.
    assert time.monotonic() - begun < 5
    assert page.status == 503
    assert (page.get("Content-Type") or b"").startswith(b"text/html")
    assert page.get("Cache-Control") == b"no-store"
    assert int(page.get("Retry-After") or b"0") > 0
    assert "Starting" in visible(page)
    assert b'<noscript><meta http-equiv="refresh"' in page.body
    gate(jupyter, "slow").touch()
    await until_state(jupyter, "slow", "ready")
    ready = await fetch(jupyter, "/slow/a?x=1", fields=VISIT)
    assert (ready.status, ready.body) == (200, b"app /a?x=1 ")
    assert "503 GET /slow/" not in jupyter.log()


async def test_the_page_is_allowed_nothing_but_itself(jupyter: Jupyter) -> None:
    page = await fetch(jupyter, "/titled/", fields=VISIT)
    policy = (page.get("Content-Security-Policy") or b"").decode()
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
    assert nonce
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self' https://portal.example" in policy
    marks = re.findall(r"<(?:script|style)\b[^>]*>", page.body.decode())
    assert marks
    assert all(f'nonce="{nonce[1]}"' in mark for mark in marks)
    assert b"http://" not in page.body.replace(b"http-equiv", b"")
    again = await fetch(jupyter, "/titled/", fields=VISIT)
    assert nonce[1] not in (again.get("Content-Security-Policy") or b"").decode()


async def test_the_page_shows_title_and_log_as_text(jupyter: Jupyter) -> None:
    page = await fetch(jupyter, "/titled/", fields=VISIT)
    while "waiting for" not in visible(page):
        page = await fetch(jupyter, "/titled/", fields=VISIT)
    assert "waiting for the gate & <b>" in visible(page)
    assert "A <Title>" in visible(page)
    assert b"A <Title>" not in page.body
    told = facts(page)
    assert told["lines"] == ["waiting for \x1b[32mthe gate\x1b[0m & <b>"]
    assert told["server"]["state"] == "starting"


async def test_the_page_has_the_newest_lines_where_nothing_scrolls(jupyter: Jupyter) -> None:
    page = await fetch(jupyter, "/talkative/", fields=VISIT)
    while len(facts(page)["lines"]) < 30:
        page = await fetch(jupyter, "/talkative/", fields=VISIT)
    assert "1011\n1012" in visible(page)
    assert "1030" in visible(page)
    assert "1010" not in visible(page)


async def test_the_page_follows_what_happens_by_the_api(jupyter: Jupyter) -> None:
    told = facts(await fetch(jupyter, "/titled/", fields=VISIT))
    async with connected(jupyter) as client:
        await client.ask("GET", told["follow"])
        assert (await client.head()).status == 200
        first = await client.chunk()
        assert b"event: state" in first
        assert b"event: lines" in first


async def test_the_token_of_the_page_may_stop_the_service(jupyter: Jupyter) -> None:
    page = await fetch(jupyter, "/titled/", fields=VISIT)
    told = facts(page)
    cookie = (page.get("Set-Cookie") or b"").partition(b";")[0].decode()
    for token, status in [(told["xsrf"], 200), ("", 403)]:
        fields = [("X-XSRFToken", token), ("Cookie", f"{jupyter.cookie}; {cookie}")]
        path = f"{told['api']}/stop"
        assert (await fetch(jupyter, path, method="POST", fields=fields)).status == status
    assert (await api(jupyter, "titled"))["state"] == "stopped"


async def test_a_frame_of_jupyterlab_is_shown_the_start(jupyter: Jupyter) -> None:
    fields = [*VISIT[:2], ("Sec-Fetch-Dest", "iframe")]
    assert "Starting" in visible(await fetch(jupyter, "/framed/", fields=fields))


async def test_a_browser_that_says_less_over_plain_http_is_shown_the_start(
    jupyter: Jupyter,
) -> None:
    fields = [VISIT[0], ("Upgrade-Insecure-Requests", "1")]
    assert "Starting" in visible(await fetch(jupyter, "/framed/", fields=fields))


async def test_a_service_that_is_not_ours_to_start_is_not_said_to_start(jupyter: Jupyter) -> None:
    page = await fetch(jupyter, "/nothing/", fields=VISIT)
    assert page.status == 502


async def test_visits_wait_where_there_is_to_be_no_start_page(jupyter: Jupyter) -> None:
    async with connected(jupyter) as client:
        await client.ask("GET", "/plain/", VISIT)
        await until_state(jupyter, "plain", "starting")
        gate(jupyter, "plain").touch()
        assert (await client.response()).body == b"app / "


async def test_the_standalone_application_shows_its_start_and_leaves_cookies_alone(
    tmp_path: Path,
) -> None:
    code = "import threading; threading.Event().wait()"
    child = ["--", sys.executable, "-c", code, "{port}"]
    options = ["--no-authentication", "--port=0", "--stop-timeout=1", "--base-url=/user/ann"]
    async with standalone(tmp_path, *options, *child, base_url="/user/ann/") as proxy:
        page = await fetch(proxy, "/a?b", fields=VISIT)
        assert "Starting" in visible(page)
        assert page.get("Set-Cookie") is None
        told = facts(page)
        path = told["api"].removeprefix("/user/ann")
        fields = [("Sec-Fetch-Site", "same-origin"), ("X-XSRFToken", told["xsrf"])]
        answer = await fetch(proxy, f"{path}/stop", method="POST", body=b"", fields=fields)
        assert (answer.status, json.loads(answer.body)["state"]) == (200, "stopped")


# --- who waits --------------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [[], FETCH, [("Accept", "text/html")]])
async def test_programs_and_fetches_wait(jupyter: Jupyter, fields: Any) -> None:
    async with connected(jupyter) as client:
        await client.ask("GET", "/held/x", fields)
        await until_state(jupyter, "held", "starting")
        gate(jupyter, "held").touch()
        assert (await client.response()).body == b"app /x "
    await api(jupyter, "held", "/stop", "POST")
    gate(jupyter, "held").unlink()
    # Started anew by a program, since a fetch may not.
    await api(jupyter, "held", "/start?wait=false", "POST")


async def test_an_upload_waits_and_arrives_once_and_whole(jupyter: Jupyter) -> None:
    body = bytes(range(256)) * 4096
    async with connected(jupyter) as client:
        await client.ask("POST", "/uploaded/", FETCH, body)
        await until_state(jupyter, "uploaded", "starting")
        gate(jupyter, "uploaded").touch()
        assert (await client.response()).body == b"app / " + body
    assert received(jupyter, "uploaded") == body + b"|"


async def test_a_websocket_waits_and_is_refused_when_the_start_ends(jupyter: Jupyter) -> None:
    async with connected(jupyter) as client:
        fields = [*UPGRADE[:-1], ("Origin", f"http://{jupyter.netloc}")]
        await client.ask("GET", "/tunnelled/ws", fields)
        await until_state(jupyter, "tunnelled", "starting")
        await api(jupyter, "tunnelled", "/stop", "POST")
        assert (await client.response()).status == 503


async def test_a_visit_while_a_restart_lets_requests_finish_is_not_told_to_come_at_once(
    jupyter: Jupyter,
) -> None:
    gate(jupyter, "drained").touch()
    assert (await fetch(jupyter, "/drained/", fields=FETCH)).status == 200
    async with connected(jupyter) as events, connected(jupyter) as slow:
        await slow.ask("POST", "/drained/", [("Content-Length", "4")], None)
        await slow.send(b"ab")
        while not (await api(jupyter, "drained"))["in_flight"]:
            pass
        await events.ask("GET", "/server-proxy/api/servers/drained/log?follow&states")
        await events.head()
        assert b'"state": "ready"' in await events.chunk()
        gate(jupyter, "drained").unlink()
        await api(jupyter, "drained", "/restart?wait=false", "POST")
        told = await events.chunk()
        assert b'"state": "stopping"' in told
        assert b'"before": "ready"' in told
        page = await fetch(jupyter, "/drained/", fields=VISIT)
        assert "Starting" in visible(page)
        assert re.search(r"(\d+) s", visible(page))[1] == "0"
        assert facts(page)["server"]["state"] == "stopping"
        assert (await api(jupyter, "drained"))["generation"] == 1
        await slow.send(b"cd")
        assert (await slow.response()).status == 200
    gate(jupyter, "drained").touch()
    await until_state(jupyter, "drained", "ready")
    assert (await api(jupyter, "drained"))["generation"] == 2


# --- who wakes what ---------------------------------------------------------------------------


async def test_an_open_page_does_not_wake_what_a_person_has_stopped(jupyter: Jupyter) -> None:
    gate(jupyter, "stopped").touch()
    assert (await fetch(jupyter, "/stopped/", fields=FETCH)).status == 200
    await api(jupyter, "stopped", "/stop", "POST")
    for fields in (FETCH, [*UPGRADE[:-1], ("Origin", f"http://{jupyter.netloc}")]):
        refused = await fetch(jupyter, "/stopped/", fields=fields)
        assert refused.status == 503
    refused = await fetch(jupyter, "/stopped/", fields=FETCH)
    problem = json.loads(refused.body)
    assert problem["title"] == "The application is stopped"
    assert (problem["state"], problem["stopped_by"]) == ("stopped", "person")
    assert (await api(jupyter, "stopped"))["state"] == "stopped"
    assert "503 GET /stopped/" not in jupyter.log()
    page = await fetch(jupyter, "/stopped/", fields=VISIT)
    assert page.status in (200, 503)
    await until_state(jupyter, "stopped", "ready")


async def test_a_program_wakes_what_a_person_has_stopped(jupyter: Jupyter) -> None:
    gate(jupyter, "asked").touch()
    assert (await fetch(jupyter, "/asked/")).status == 200
    await api(jupyter, "asked", "/stop", "POST")
    assert (await fetch(jupyter, "/asked/")).status == 200


async def test_a_visit_after_an_idle_stop_says_so_and_starts_it(jupyter: Jupyter) -> None:
    gate(jupyter, "idle").touch()
    assert (await fetch(jupyter, "/idle/", fields=FETCH)).status == 200
    await until_state(jupyter, "idle", "stopped")
    gate(jupyter, "idle").unlink()
    refused = await fetch(jupyter, "/idle/", fields=FETCH)
    assert json.loads(refused.body)["stopped_by"] == "idle"
    page = await fetch(jupyter, "/idle/", fields=VISIT)
    assert "idle was stopped after 0.2 s without use; it is started again." in visible(page)
    assert (await api(jupyter, "idle"))["state"] == "starting"


async def test_the_first_fetch_of_all_starts_a_service(jupyter: Jupyter) -> None:
    gate(jupyter, "first").touch()
    assert (await fetch(jupyter, "/first/", fields=FETCH)).status == 200


async def test_a_prefetch_starts_nothing(jupyter: Jupyter) -> None:
    fields = [*VISIT, ("Sec-Purpose", "prefetch;prerender")]
    assert (await fetch(jupyter, "/guessed/", fields=fields)).status == 503
    assert (await api(jupyter, "guessed"))["generation"] == 0


async def test_a_page_that_comes_back_by_itself_does_not_start_what_was_stopped(
    jupyter: Jupyter,
) -> None:
    page = await fetch(jupyter, "/guessed/?x=1&y", fields=VISIT)
    assert "Starting" in visible(page)
    await api(jupyter, "guessed", "/stop", "POST")
    back = await fetch(jupyter, refresh(page), fields=VISIT)
    assert "was stopped by a person" in visible(back)
    assert b"http-equiv" not in back.body
    assert (await api(jupyter, "guessed"))["state"] == "stopped"
    assert "Starting" in visible(await fetch(jupyter, "/guessed/", fields=VISIT))


# --- pages that come back, and people who do ----------------------------------------------------


async def starting(jupyter: Jupyter, path: str) -> Message:
    """The start page of a visit to `path`."""
    page = await fetch(jupyter, path, fields=VISIT)
    assert "Starting" in visible(page)
    return page


async def test_a_page_that_refreshes_itself_is_led_to_the_application(jupyter: Jupyter) -> None:
    page = await starting(jupyter, "/refreshed/a?x=1&y=%2F")
    assert facts(page)["again"] == refresh(page)
    page = await starting(jupyter, refresh(page))
    gate(jupyter, "refreshed").touch()
    await until_state(jupyter, "refreshed", "ready")
    led = await fetch(jupyter, refresh(page), fields=VISIT)
    assert (led.status, led.get("Cache-Control")) == (302, b"no-store")
    assert led.get("Location") == b"/refreshed/a?x=1&y=%2F"
    there = await fetch(jupyter, "/refreshed/a?x=1&y=%2F", fields=VISIT)
    assert there.body == b"app /a?x=1&y=%2F "


async def test_the_application_never_sees_what_is_for_the_start_page(jupyter: Jupyter) -> None:
    gate(jupyter, "refreshed").touch()
    await api(jupyter, "refreshed", "/start", "POST")
    for made_up in (f"/refreshed/?{KEY}x", f"/refreshed/?{KEY}"):
        led = await fetch(jupyter, made_up, fields=VISIT)
        assert (led.status, led.get("Location")) == (302, b"/refreshed/")


async def test_a_person_who_reloads_tries_again_at_once(jupyter: Jupyter) -> None:
    page = await starting(jupyter, "/failing/")
    await let_fail(jupyter)
    told = await fetch(jupyter, refresh(page), fields=VISIT)
    assert "The application could not be started" in visible(told)
    assert (await api(jupyter, "failing"))["generation"] == 1
    # The address of the page that is shown, which Retry and a reload ask for.
    led = await fetch(jupyter, refresh(page), fields=VISIT)
    assert (led.status, led.get("Location")) == (302, b"/failing/")
    await starting(jupyter, "/failing/")
    assert (await api(jupyter, "failing"))["generation"] == 2
    await let_fail(jupyter)
    # Whoever reloads while the start is shown wants another try as well.
    await starting(jupyter, "/failing/")
    assert (await api(jupyter, "failing"))["generation"] == 3
    await let_fail(jupyter)


async def test_a_failure_that_one_visitor_is_told_is_no_answer_to_another(
    jupyter: Jupyter,
) -> None:
    before = (await api(jupyter, "failing"))["generation"]
    first, second = [await starting(jupyter, "/failing/") for _ in range(2)]
    assert (await api(jupyter, "failing"))["generation"] == before + 1
    await let_fail(jupyter)
    # Both are told, in whatever order, and a third one starts it.
    for page in (second, first):
        told = await fetch(jupyter, refresh(page), fields=VISIT)
        assert "The application could not be started" in visible(told)
    assert (await api(jupyter, "failing"))["generation"] == before + 1
    third = await starting(jupyter, "/failing/")
    assert (await api(jupyter, "failing"))["generation"] == before + 2
    await let_fail(jupyter)
    assert "could not be started" in visible(await fetch(jupyter, refresh(third), fields=VISIT))


async def test_a_page_of_a_start_that_is_over_does_not_disturb_the_next_one(
    jupyter: Jupyter,
) -> None:
    page = await starting(jupyter, "/failing/")
    await let_fail(jupyter)
    await starting(jupyter, "/failing/")
    # Somebody else has begun another try meanwhile, which this page follows as well.
    page = await starting(jupyter, refresh(page))
    await let_fail(jupyter)
    assert "could not be started" in visible(await fetch(jupyter, refresh(page), fields=VISIT))


async def let_fail(jupyter: Jupyter) -> None:
    """The start that goes on ends."""
    gate(jupyter, "failing").touch()
    await until_state(jupyter, "failing", "failed")
    gate(jupyter, "failing").unlink()
