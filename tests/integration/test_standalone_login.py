"""The standalone application behind a Hub: who is let in, by every way in."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from _harness.backend import Backend
from _harness.client import connected, fetch
from _harness.hub import API_TOKEN, Hub
from _harness.hub_login import cookies, log_in, state_of
from _harness.standalone import Standalone, ended, standalone, start
from _harness.upgrades import WEBSOCKET
from tornado.httputil import parse_cookie

PREFIX = "/user/ann/"
WEB = Path(__file__).parents[1] / "apps" / "web.py"
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"]
VISIT = [("Accept", "text/html,*/*"), ("Sec-Fetch-Mode", "navigate")]
FETCH = [("Accept", "*/*"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "same-origin")]
API = "/server-proxy/api/servers"
# Every kind of request: method, path, fields, body.
KINDS = {
    "visit": ("GET", "/page", VISIT, None),
    "head": ("HEAD", "/page", [], None),
    "form": ("POST", "/page", VISIT, b"a=1"),
    "upload": ("PUT", "/page", [], b"x" * 100),
    "script": ("GET", "/data", FETCH, None),
    "program": ("GET", "/data", [("Accept", "application/json")], None),
    "event stream": ("GET", "/events", [("Accept", "text/event-stream")], None),
    "extension method": ("PROPFIND", "/dav", [], None),
    "websocket": ("GET", "/ws", WEBSOCKET, None),
    "other upgrade": ("GET", "/x", [("Connection", "upgrade"), ("Upgrade", "tcp")], None),
    "list": ("GET", API, [], None),
    "start": ("POST", f"{API}/jupyter-standalone-proxy/start", [], b""),
    "log": ("GET", f"{API}/jupyter-standalone-proxy/log", [], None),
    "events": ("GET", "/server-proxy/api/events", [], None),
    "no slash": ("GET", b"", VISIT, None),
}
REDIRECTED = {"visit", "head", "no slash"}


@pytest_asyncio.fixture
async def proxy(hub: Hub, backend: Backend, tmp_path: Path) -> AsyncIterator[Standalone]:
    """Behind the Hub, in front of `backend`, which says hello to everything."""
    backend.answer_with()
    async with behind(hub, tmp_path, f"--server-port={backend.port}") as running:
        yield running


def behind(hub: Hub, folder: Path, *options: str, env: dict[str, str] | None = None):
    environment = {**hub.environment(PREFIX), **(env or {})}
    return standalone(folder, "--port=0", *options, base_url=PREFIX, env=environment)


async def ask(proxy: Standalone, kind: str, *more: tuple[str, str]):
    method, path, fields, body = KINDS[kind]
    return await fetch(proxy, path, method=method, fields=[*fields, *more], body=body)


# --- nobody gets in ---------------------------------------------------------------------------


@pytest.mark.parametrize("options", [[], ["--raw-socket-proxy"]], ids=["http", "raw"])
async def test_strangers_get_nowhere(
    options: list[str], hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    """Every kind of request with every kind of login that is none."""
    hub.revoked.add("token-of-guest")
    async with behind(hub, tmp_path, f"--server-port={backend.port}", *options) as proxy:
        await log_in(proxy, "bob")
        foreign_cookie = proxy.cookie
        proxy.cookie = ""
        wrong = {
            "no login": [],
            "foreign user": [("Cookie", foreign_cookie)],
            "forged cookie": [("Cookie", "jupyterhub-user-ann=2|1:0|10:1|token-of-ann")],
            "unknown token": [("Authorization", "token nobodys")],
            "revoked token": [("Authorization", "token token-of-guest")],
            "token of a sibling": [("Authorization", "Bearer token-of-eve")],
            "token of another server": [("Authorization", "token token-of-other")],
            "token without the scope": [("Authorization", "token limited-token-of-ann")],
            "service without the scope": [("Authorization", "token token-of-cron")],
        }
        answers = {
            (kind, name): (await ask(proxy, kind, *fields)).status
            for kind in KINDS
            for name, fields in wrong.items()
        }
        known = {"foreign user", *(name for name in wrong if "of a" in name or "the scope" in name)}
        expected = {
            (kind, name): 302 if kind in REDIRECTED and name not in known else 403
            for kind, name in answers
        }
        assert answers == expected
        assert backend.connections == 0


async def test_nothing_is_started_before_the_login(hub: Hub, tmp_path: Path) -> None:
    command = ["--", sys.executable, str(WEB), "--port={port}"]
    async with behind(hub, tmp_path, *command) as proxy:
        for kind in KINDS:
            assert (await ask(proxy, kind)).status in (302, 403), kind
        assert proxy.descendants() == []
        await log_in(proxy, "ann")
        assert (await fetch(proxy, "/x")).status == 200
        assert any(str(WEB) in process.cmdline() for process in proxy.descendants())


async def test_a_page_of_another_origin_gets_nowhere_with_somebodys_login(
    proxy: Standalone, backend: Backend
) -> None:
    await log_in(proxy, "ann")
    foreign = {
        "cross-site": [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")],
        "a server at another domain of the Hub": [
            ("Sec-Fetch-Site", "same-site"),
            ("Origin", "http://eve.127.0.0.1"),
        ],
        "of an old browser": [("Origin", "https://evil.example")],
        "of no origin": [("Origin", "null")],
    }
    for name, fields in foreign.items():
        for kind in ("form", "upload", "websocket", "other upgrade", "start", "extension method"):
            answer = await ask(proxy, kind, *fields)
            assert answer.status == 403, (name, kind, answer.raw)
    assert backend.connections == 0
    for site in ("same-origin", "none"):
        assert (await ask(proxy, "form", ("Sec-Fetch-Site", site))).status == 200
    # Visits may come from everywhere.
    assert (await ask(proxy, "visit", ("Sec-Fetch-Site", "cross-site"))).status == 200


async def test_what_strangers_are_told(proxy: Standalone) -> None:
    problem = await ask(proxy, "program")
    assert problem.get("Content-Type") == b"application/problem+json"
    assert json.loads(problem.body)["detail"] == "Log in to JupyterHub first"
    # A program never comes back from a login, so that cookies for it would heap up.
    assert problem.all("Set-Cookie") == []
    page = await ask(proxy, "visit", ("Authorization", "token token-of-bob"))
    assert b"bob may not use this server" in page.body
    assert page.get("X-JupyterHub-Version") is not None


async def test_pages_lead_back_to_the_hub(hub: Hub, tmp_path: Path) -> None:
    env = {"JUPYTERHUB_HOST": "https://hub.example", "JUPYTERHUB_BASE_URL": "/science/"}
    async with behind(hub, tmp_path, "--server-port=1", env=env) as proxy:
        fields = [*VISIT, ("Authorization", "token token-of-ann")]
        page = await fetch(proxy, "/", fields=fields)
        assert page.status == 502
        for link in ("home", "logo", "logout"):
            assert f'"https://hub.example/science/hub/{link}"'.encode() in page.body
        assert b">ann</span>" in page.body
        policy = page.get("Content-Security-Policy").decode()
        assert "img-src 'self' https://hub.example;" in policy
        assert "frame-ancestors 'none'" in policy
        fields = [*VISIT, ("Authorization", "token token-of-bob")]
        assert b">bob</span>" in (await fetch(proxy, "/", fields=fields)).body


# --- who gets in --------------------------------------------------------------------------------


async def test_people_log_in_at_the_hub_and_come_back_to_where_they_were(
    proxy: Standalone, backend: Backend
) -> None:
    asked = await fetch(proxy, "/page?a=1")
    assert asked.status == 302
    assert asked.get("Location").startswith(b"/hub/api/oauth2/authorize?")
    back = await log_in(proxy, "ann", "/page?a=1")
    assert (back.status, back.get("Location")) == (302, b"/user/ann/page?a=1")
    assert backend.connections == 0
    page = await fetch(proxy, "/page?a=1")
    assert (page.status, page.body) == (200, b"hello")
    assert backend.request.target == b"/page?a=1"


async def test_the_login_cookie_is_for_this_server_only(proxy: Standalone) -> None:
    answer = await log_in(proxy, "ann")
    (cookie,) = [
        value for value in answer.all("Set-Cookie") if value.startswith(b"jupyterhub-user-ann=")
    ]
    attributes = {part.strip().lower() for part in cookie.decode().split(";")[1:]}
    assert {"httponly", "path=/user/ann/", "samesite=lax"} <= attributes
    assert b"token-of-ann" not in cookie
    # The application's own cookie is not touched.
    assert not [value for value in answer.all("Set-Cookie") if value.startswith(b"_xsrf")]


async def test_whom_the_hub_lets_use_this_server_is_let_in(
    proxy: Standalone, backend: Backend
) -> None:
    """By a share, by the scope for all servers, or of all servers of a user, and services."""
    for token in ("token-of-guest", "token-of-admin", "token-of-friend", "token-of-bot"):
        for scheme in ("token", "Bearer"):
            fields = [("Authorization", f"{scheme} {token}")]
            answer = await fetch(proxy, "/x", method="POST", fields=fields, body=b"data")
            assert answer.status == 200, token
            assert backend.requests[-1].get("Authorization") is None


async def test_several_tabs_log_in_at_once(proxy: Standalone) -> None:
    first = await fetch(proxy, "/one")
    proxy.cookie = "; ".join(cookies(first))
    second = await fetch(proxy, "/two")
    proxy.cookie = "; ".join([*cookies(first), *cookies(second)])
    back = await fetch(proxy, f"/oauth_callback?code=ann&state={state_of(second)}")
    assert (back.status, back.get("Location")) == (302, b"/user/ann/two")
    # Logging in has cleared the state of the other tab, which is logged in all the same.
    cleared = parse_cookie("; ".join(cookies(back)))
    proxy.cookie = "; ".join(f"{name}={value}" for name, value in cleared.items() if value != '""')
    late = await fetch(proxy, f"/oauth_callback?code=ann&state={state_of(first)}")
    assert (late.status, late.get("Location")) == (302, b"/user/ann/one")


async def test_a_login_that_did_not_begin_here_is_refused(proxy: Standalone) -> None:
    asked = await fetch(proxy, "/x")
    state = state_of(asked)
    for query, status in (
        (f"code=ann&state={state}", 403),  # without the cookie of this browser
        ("code=ann&state=made-up", 403),
        ("code=ann", 400),
        (f"state={state}", 400),
        ("error=access_denied&error_description=%3Cb%3Eno%3C/b%3E", 400),
    ):
        answer = await fetch(proxy, f"/oauth_callback?{query}", fields=VISIT)
        assert answer.status == status, query
        assert not [c for c in cookies(answer) if c.startswith("jupyterhub-user-ann=2")]
        assert b"<b>no" not in answer.body


async def test_a_code_that_the_hub_does_not_take_is_said(proxy: Standalone) -> None:
    answer = await log_in(proxy, "spent")
    assert answer.status == 503
    assert b"/hub/api" not in answer.body


async def test_after_the_login_one_stays_on_this_server(hub: Hub, tmp_path: Path) -> None:
    """Whatever a request calls its target, where it leads after the login is a path of ours."""
    async with behind(hub, tmp_path, "--server-port=1") as proxy:
        async with connected(proxy) as client:
            await client.send(
                b"GET http://evil.example/user/ann/x HTTP/1.1\r\nHost: %b\r\n\r\n"
                % proxy.netloc.encode()
            )
            asked = await client.response()
        if asked.status == 302:
            proxy.cookie = "; ".join(cookies(asked))
            back = await fetch(proxy, f"/oauth_callback?code=ann&state={state_of(asked)}")
            assert back.get("Location") == b"/user/ann/"


async def test_a_raw_stream_needs_a_login(hub: Hub, backend: Backend, tmp_path: Path) -> None:
    options = [f"--server-port={backend.port}", "--raw-socket-proxy"]
    async with behind(hub, tmp_path, *options) as proxy:
        assert (await fetch(proxy, "/", fields=WEBSOCKET)).status == 403
        assert backend.connections == 0
        await log_in(proxy, "ann")
        async with connected(proxy) as client:
            await client.ask("GET", "/", WEBSOCKET)
            assert (await client.head()).status == 101
            peer = await backend.accepted()
            await peer.send(b"hello")
            assert await client.read(7) == b"\x82\x05hello"


async def test_a_package_that_is_too_old_is_said(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "jupyterhub.py").write_text("version_info = (4, 0, 2)\n__version__ = '4.0.2'")
    env = {**hub.environment(PREFIX), "PYTHONPATH": str(tmp_path)}
    process, log = start(tmp_path, "--port=0", "--server-port=1", env=env)
    assert await ended(process) == 1
    assert "jupyterhub is 4.0.2 here; 4.1 or newer is needed" in log.read_text()


# --- tokens in addresses ------------------------------------------------------------------------


async def test_a_token_in_an_address_is_none_unless_the_hub_says_so(
    proxy: Standalone, backend: Backend
) -> None:
    assert (await ask(proxy, "visit")).status == 302
    assert (await fetch(proxy, "/page?token=token-of-ann", fields=VISIT)).status == 302
    assert (await fetch(proxy, "/x?token=token-of-ann", method="POST", body=b"")).status == 403
    assert backend.connections == 0
    # Scripts have no other way to log in a websocket.
    peer_of = [*WEBSOCKET, ("Sec-Fetch-Mode", "websocket")]
    assert (await fetch(proxy, "/ws?token=token-of-ann", fields=peer_of)).status == 200
    assert backend.request.target == b"/ws"


async def test_a_token_in_an_address_logs_in_where_the_hub_says_so(
    hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    allowed = {"JUPYTERHUB_ALLOW_TOKEN_IN_URL": "1"}
    async with behind(hub, tmp_path, f"--server-port={backend.port}", env=allowed) as proxy:
        answer = await fetch(proxy, "/page?a=1&token=token-of-ann", fields=VISIT)
        # The application's scripts never see it.
        assert (answer.status, answer.get("Location")) == (302, b"/user/ann/page?a=1")
        assert backend.connections == 0
        proxy.cookie = "; ".join(cookies(answer))
        assert (await fetch(proxy, "/page?a=1", fields=VISIT)).status == 200


async def test_the_backend_sees_no_credential_of_the_hub(
    proxy: Standalone, backend: Backend
) -> None:
    await log_in(proxy, "ann")
    proxy.cookie += "; jupyterhub-session-id=1; __Host-jupyterhub-hub-login=2"
    fields = [("Authorization", "token token-of-ann")]
    assert (await fetch(proxy, f"/x?token={API_TOKEN}&a=1", fields=fields)).status == 200
    assert backend.request.target == b"/x?a=1"
    assert backend.request.get("Cookie") == b"theme=dark; _xsrf=of-the-app"
    assert backend.request.get("Authorization") is None


# --- the REST API -------------------------------------------------------------------------------


async def test_only_the_page_of_this_server_drives_the_api(hub: Hub, tmp_path: Path) -> None:
    """Where a Hub tells servers apart by paths, other people's pages are of the same origin: what
    the browser says about that proves nothing."""
    async with behind(hub, tmp_path, "--", sys.executable, "-c", "raise SystemExit(3)") as running:
        await log_in(running, "ann")
        (app,) = json.loads((await fetch(running, API)).body)["servers"]
        assert (app["url"], app["state"]) == (PREFIX, "stopped")
        page = await fetch(running, "/", fields=VISIT)
        facts = json.loads(page.body.partition(b'id="facts"')[2].split(b">", 1)[1].split(b"<")[0])
        assert facts["xsrf"]
        # A script of another server here could have asked for the same page, and gets no proof.
        fetched = await fetch(running, "/", fields=[("Accept", "text/html"), *FETCH[1:]])
        assert facts["xsrf"].encode() not in fetched.body
        assert b"frame-ancestors 'none'" in page.get("Content-Security-Policy")
        stop = f"{API}/{app['name']}/stop"
        own = ("Origin", f"http://{running.netloc}")
        proof = ("X-XSRFToken", facts["xsrf"])
        for fields, status in (
            ([], 403),
            ([own], 403),
            ([("Sec-Fetch-Site", "same-origin"), own], 403),
            ([own, ("X-XSRFToken", "of-the-app")], 403),
            ([proof, ("Cookie", "")], 403),
            ([proof, ("Origin", "http://evil.example")], 403),
            ([own, proof], 200),
            ([("Authorization", "token token-of-ann"), ("Cookie", "")], 200),
        ):
            answer = await fetch(running, stop, method="POST", body=b"", fields=fields)
            assert answer.status == status, (fields, answer.raw)
        for path in (API, f"{API}/{app['name']}/log"):
            assert (await fetch(running, path, fields=FETCH)).status == 403
            assert (await fetch(running, path, fields=[*FETCH, proof])).status == 200
            told = await fetch(running, f"{path}?_xsrf={facts['xsrf']}", fields=FETCH)
            assert told.status == 200
        assert f"_xsrf={facts['xsrf']}" in facts["follow"]
        # Another person's proof is none here.
        await log_in(running, "guest")
        answer = await fetch(running, stop, method="POST", body=b"", fields=[own, proof])
        assert answer.status == 403
