"""The standalone application: who is let in, what the backend sees, and how it ends."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
import pytest_asyncio
from _harness.backend import Backend
from _harness.client import connected, fetch
from _harness.hub import API_TOKEN, Hub, running_hub
from _harness.message import PATIENCE, Message
from _harness.standalone import Standalone, ended, standalone, start
from certipy import Certipy

from jupyter_server_proxy.client import Client, carry_out
from jupyter_server_proxy.client.address import from_url

PREFIX = "/user/ann/"
WEB = Path(__file__).parents[1] / "apps" / "web.py"
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"]
UPGRADE = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
]


@pytest_asyncio.fixture
async def hub() -> AsyncIterator[Hub]:
    async with running_hub() as hub:
        yield hub


@pytest_asyncio.fixture
async def proxy(hub: Hub, backend: Backend, tmp_path: Path) -> AsyncIterator[Standalone]:
    """Behind the Hub, in front of `backend`, which says hello to everything."""
    backend.answer_with()
    options = [f"--server-port={backend.port}"]
    async with standalone(
        tmp_path, *options, base_url=PREFIX, env=hub.environment(PREFIX)
    ) as running:
        yield running


def cookies(answer: Message) -> list[str]:
    return [value.decode().split(";")[0] for value in answer.all("Set-Cookie")]


async def log_in(proxy: Standalone, user: str, path: str = "/") -> Message:
    """As a browser does: sent to the Hub, and back with a code. The last answer."""
    asked = await fetch(proxy, path)
    state = parse_qs(urlsplit(asked.get("Location").decode()).query)["state"][0]
    proxy.cookie = "; ".join(["theme=dark", *cookies(asked)])
    answer = await fetch(proxy, f"/oauth_callback?code={user}&state={state}")
    proxy.cookie = "; ".join(["theme=dark", "_xsrf=of-the-app", *cookies(answer)])
    return answer


# --- who is let in --------------------------------------------------------------------------


async def test_people_log_in_at_the_hub_and_come_back_to_where_they_were(
    proxy: Standalone, backend: Backend
) -> None:
    asked = await fetch(proxy, "/page?a=1")
    assert asked.status == 302
    assert urlsplit(asked.get("Location").decode()).path == "/hub/api/oauth2/authorize"
    assert asked.get("X-JupyterHub-Version") is not None
    back = await log_in(proxy, "ann", "/page?a=1")
    assert (back.status, back.get("Location")) == (302, b"/user/ann/page?a=1")
    assert backend.connections == 0
    page = await fetch(proxy, "/page?a=1")
    assert (page.status, page.body) == (200, b"hello")
    assert backend.request.target == b"/page?a=1"


async def test_nothing_is_contacted_without_a_login(proxy: Standalone, backend: Backend) -> None:
    statuses = {}
    for method in METHODS:
        body = b"x" if method in ("POST", "PUT", "PATCH") else None
        statuses[method] = (await fetch(proxy, "/x", method=method, body=body)).status
    redirected = dict.fromkeys(("GET", "HEAD"), 302)
    assert statuses == {**dict.fromkeys(METHODS, 403), **redirected}
    assert backend.connections == 0


async def test_an_upgrade_needs_a_login(proxy: Standalone, backend: Backend) -> None:
    assert (await fetch(proxy, "/ws", fields=UPGRADE)).status == 403
    assert backend.connections == 0


async def test_an_upgrade_of_a_foreign_page_is_refused(proxy: Standalone, backend: Backend) -> None:
    await log_in(proxy, "ann")
    fields = [*UPGRADE, ("Origin", "https://evil.example")]
    assert (await fetch(proxy, "/ws", fields=fields)).status == 403
    assert backend.connections == 0


async def test_whom_the_hub_does_not_allow_is_refused(proxy: Standalone, backend: Backend) -> None:
    await log_in(proxy, "bob")
    answer = await fetch(proxy, "/x")
    assert answer.status == 403
    assert b"bob may not use this server" in answer.body
    assert backend.connections == 0


async def test_a_raw_stream_needs_a_login(hub: Hub, backend: Backend, tmp_path: Path) -> None:
    options = [f"--server-port={backend.port}", "--raw-socket-proxy"]
    env = hub.environment(PREFIX)
    async with standalone(tmp_path, *options, base_url=PREFIX, env=env) as proxy:
        assert (await fetch(proxy, "/", fields=UPGRADE)).status == 403
        assert backend.connections == 0
        await log_in(proxy, "ann")
        async with connected(proxy) as client:
            await client.ask("GET", "/", UPGRADE)
            assert (await client.head()).status == 101
            peer = await backend.accepted()
            await peer.send(b"hello")
            assert await client.read(7) == b"\x82\x05hello"


async def test_a_token_of_the_hub_lets_programs_in(proxy: Standalone, backend: Backend) -> None:
    fields = [("Authorization", "token token-of-ann")]
    assert (await fetch(proxy, "/x", method="POST", fields=fields, body=b"data")).status == 200
    assert backend.request.body == b"data"


async def test_when_the_hub_is_down_nobody_is_let_in(
    hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    env = {**hub.environment(PREFIX), "JUPYTERHUB_API_URL": "http://127.0.0.1:1/hub/api"}
    options = [f"--server-port={backend.port}"]
    async with standalone(tmp_path, *options, base_url=PREFIX, env=env) as proxy:
        answer = await fetch(proxy, "/x", fields=[("Authorization", "token token-of-ann")])
        assert answer.status == 503
        assert answer.get("Retry-After") is not None
        assert b"127.0.0.1:1" not in answer.body
        assert backend.connections == 0


async def test_the_application_is_started_after_the_login(hub: Hub, tmp_path: Path) -> None:
    command = ["--", sys.executable, str(WEB), "--port={port}"]
    async with standalone(
        tmp_path, *command, base_url=PREFIX, env=hub.environment(PREFIX)
    ) as proxy:
        assert (await fetch(proxy, "/x")).status == 302
        assert (await fetch(proxy, "/x", method="POST", body=b"x")).status == 403
        assert (await fetch(proxy, "/x", fields=UPGRADE)).status == 403
        assert proxy.descendants() == []
        await log_in(proxy, "ann")
        assert (await fetch(proxy, "/x")).status == 200
        assert any(str(WEB) in process.cmdline() for process in proxy.descendants())


# --- what the backend sees ------------------------------------------------------------------


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


async def test_the_applications_own_credentials_pass(proxy: Standalone, backend: Backend) -> None:
    await log_in(proxy, "ann")
    await fetch(proxy, "/x", fields=[("Authorization", "Bearer of-the-app")])
    assert backend.request.get("Authorization") == b"Bearer of-the-app"


async def test_the_application_may_set_its_own_xsrf_cookie_and_none_of_the_hub(
    proxy: Standalone, backend: Backend
) -> None:
    await log_in(proxy, "ann")
    backend.answer_with(
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: _xsrf=2|a; Path=/\r\n"
        b"Set-Cookie: jupyterhub-user-ann=stolen\r\n\r\n"
    )
    answer = await fetch(proxy, "/x")
    assert answer.get("Set-Cookie") == b"_xsrf=2|a; Path=/user/ann/"


async def test_the_backend_learns_its_prefix_and_who_asks(
    proxy: Standalone, backend: Backend
) -> None:
    await log_in(proxy, "ann")
    fields = [("X-Forwarded-For", "192.0.2.7"), ("X-Forwarded-Proto", "https")]
    await fetch(proxy, "/x", fields=fields)
    assert backend.request.get("X-Forwarded-Context") == b"/user/ann/"
    assert backend.request.get("X-ProxyContextPath") == b"/user/ann/"
    assert backend.request.get("X-Forwarded-Proto") == b"https"
    assert backend.request.get("X-Forwarded-For") == b"192.0.2.7"


async def test_uploads_stream_whatever_their_size(
    hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    options = [f"--server-port={backend.port}"]
    env = hub.environment(PREFIX)
    async with standalone(tmp_path, *options, base_url=PREFIX, env=env) as proxy:
        await log_in(proxy, "ann")
        async with connected(proxy) as client:
            fields = [("Content-Length", str(10**12))]
            await client.ask("PUT", "/upload", fields)
            await client.send(b"first")
            peer = await backend.accepted()
            assert (await peer.head()).get("Content-Length") == b"1000000000000"
            assert await peer.read(5) == b"first"


# --- without authentication -----------------------------------------------------------------


async def test_without_authentication_everybody_is_let_in(backend: Backend, tmp_path: Path) -> None:
    backend.answer_with()
    options = ["--no-authentication", "--port=0", f"--server-port={backend.port}"]
    async with standalone(tmp_path, *options) as proxy:
        proxy.cookie = "_xsrf=1; jupyterhub-session-id=2"
        answer = await fetch(proxy, "/a%2Fb", method="POST", body=b"data")
        assert (answer.status, answer.body) == (200, b"hello")
    assert backend.request.target == b"/a%2Fb"
    assert backend.request.body == b"data"
    assert backend.request.get("Cookie") == b"_xsrf=1"
    assert backend.request.get("X-Forwarded-Context") == b"/"


async def test_only_the_base_url_is_served(backend: Backend, tmp_path: Path) -> None:
    backend.answer_with()
    options = ["--no-authentication", "--port=0", f"--server-port={backend.port}"]
    async with standalone(tmp_path, *options, "--base-url=/some/prefix/") as proxy:
        redirect = await fetch(proxy, "/some/prefix?a=1")
        assert (redirect.status, redirect.get("Location")) == (301, b"/some/prefix/?a=1")
        assert (await fetch(proxy, "/some/other")).status == 404
        assert (await fetch(proxy, "/some/prefixed/x")).status == 404
        assert backend.connections == 0
        assert (await fetch(proxy, "/some/prefix/x")).status == 200
        assert backend.request.target == b"/x"


@pytest.mark.parametrize("token", ["", "of-another-server"])
async def test_without_authentication_programs_may_restart_it(token: str, tmp_path: Path) -> None:
    options = ["--no-authentication", "--port=0"]
    command = ["--", sys.executable, str(WEB), "--port={port}"]
    async with standalone(tmp_path, *options, *command) as proxy:
        client = Client(from_url(f"http://{proxy.netloc}/", token=token))
        (server,) = await asyncio.to_thread(client.servers)
        await asyncio.to_thread(carry_out, client, "start", server["name"])
        again = await asyncio.to_thread(carry_out, client, "restart", server["name"])
        assert (again["state"], again["generation"]) == ("ready", 2)


# --- life ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
async def test_a_signal_ends_it_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    command = ["--no-authentication", "--port=0", "--", sys.executable, str(WEB), "--port={port}"]
    async with standalone(tmp_path, *command) as proxy:
        assert (await fetch(proxy, "/")).status == 200
        family = proxy.descendants()
        assert family
        assert await proxy.end(getattr(signal, name)) == 0
        _, alive = await asyncio.to_thread(psutil.wait_procs, family, PATIENCE)
        assert alive == []


async def test_activity_is_reported_to_the_hub(hub: Hub, backend: Backend, tmp_path: Path) -> None:
    backend.answer_with()
    options = [f"--server-port={backend.port}", "--activity-interval=1"]
    env = hub.environment(PREFIX)
    async with standalone(tmp_path, *options, base_url=PREFIX, env=env) as proxy:
        await log_in(proxy, "ann")
        assert hub.reports.empty()
        await fetch(proxy, "/x")
        report = await asyncio.wait_for(hub.reports.get(), PATIENCE)
    assert report["servers"] == {"": {"last_activity": report["last_activity"]}}


# --- what cannot work is said -------------------------------------------------------------------


async def test_nothing_to_serve_is_said(tmp_path: Path) -> None:
    process, log = start(tmp_path, "--no-authentication", "--port=0")
    assert await ended(process) == 1
    assert "command: is missing" in log.read_text()


async def test_that_jupyterhub_is_not_installed_is_said(tmp_path: Path) -> None:
    (tmp_path / "jupyterhub.py").write_text(
        "raise ModuleNotFoundError('No module named jupyterhub', name='jupyterhub')"
    )
    env = {"PYTHONPATH": str(tmp_path)}
    process, log = start(tmp_path, "--port=0", "--server-port=1", env=env)
    assert await ended(process) == 1
    assert "pip install jupyter-server-proxy[standalone]" in log.read_text()


async def test_without_jupyterhub_it_works_without_authentication(
    backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    (tmp_path / "jupyterhub.py").write_text("raise ModuleNotFoundError(name='jupyterhub')")
    options = ["--no-authentication", "--port=0", f"--server-port={backend.port}"]
    async with standalone(tmp_path, *options, env={"PYTHONPATH": str(tmp_path)}) as proxy:
        assert (await fetch(proxy, "/")).status == 200


async def test_a_port_that_is_taken_is_said(backend: Backend, tmp_path: Path) -> None:
    options = ["--no-authentication", f"--port={backend.port}", "--server-port=1"]
    process, log = start(tmp_path, *options)
    assert await ended(process) == 1
    assert "address already in use" in log.read_text().lower()


# --- TLS with the Hub's certificates ------------------------------------------------------------


async def test_with_the_hubs_certificates_only_the_hub_can_connect(
    backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    authority = Certipy(store_dir=str(tmp_path / "certificates"))
    authority.create_ca("hub-ca")
    alt_names = ["IP:127.0.0.1", "DNS:localhost"]
    server, client = (
        authority.create_signed_pair(name, "hub-ca", alt_names=alt_names)["files"]
        for name in ("server", "client")
    )
    env = {
        "JUPYTERHUB_SSL_KEYFILE": server["key"],
        "JUPYTERHUB_SSL_CERTFILE": server["cert"],
        "JUPYTERHUB_SSL_CLIENT_CA": server["ca"],
    }
    options = ["--no-authentication", "--port=0", f"--server-port={backend.port}"]
    trusting = ssl.create_default_context(cafile=server["ca"])
    async with standalone(tmp_path, *options, env=env) as proxy:
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await hello_over_tls(proxy, trusting)
        assert backend.connections == 0
        trusting.load_cert_chain(client["cert"], client["key"])
        assert await hello_over_tls(proxy, trusting) == b"hello"
    assert backend.request.get("X-Forwarded-Proto") == b"https"


async def hello_over_tls(proxy: Standalone, context: ssl.SSLContext) -> bytes:
    async with connected(proxy, ssl=context) as client:
        await client.ask("GET", "/")
        return (await client.response()).body


# --- the REST API -------------------------------------------------------------------------------

API = "/server-proxy/api/servers"


async def test_the_api_is_behind_the_same_login(hub: Hub, tmp_path: Path) -> None:
    """Whoever may use the application may start and stop it, from pages of this server only:
    the cookie `_xsrf` is the application's."""
    child = ["--", sys.executable, str(WEB), "--port", "{port}"]
    async with standalone(
        tmp_path, *child, base_url=PREFIX, env=hub.environment(PREFIX)
    ) as running:
        for method in ("GET", "POST"):
            assert (await fetch(running, f"{API}?a=1", method=method)).status == 403
        await log_in(running, "ann")
        (app,) = json.loads((await fetch(running, API)).body)["servers"]
        assert (app["url"], app["state"]) == (PREFIX, "stopped")
        start = f"{API}/{app['name']}/start"
        own = f"http://{running.netloc}"
        for fields, status in (
            ([], 403),
            ([("Sec-Fetch-Site", "cross-site"), ("Origin", own)], 403),
            ([("Sec-Fetch-Site", "same-site")], 403),
            ([("Origin", "http://evil.example")], 403),
            ([("Origin", own)], 200),
            ([("Sec-Fetch-Site", "same-origin")], 200),
            ([("Authorization", "token token-of-ann"), ("Cookie", "")], 200),
        ):
            answer = await fetch(running, start, method="POST", body=b"", fields=fields)
            assert answer.status == status, (fields, answer.raw)
        assert json.loads(answer.body)["state"] == "ready"
        # Everything else below the same name is the application's.
        assert (await fetch(running, "/server-proxy/else")).status == 200


async def test_one_that_runs_already_is_listed_as_such(proxy: Standalone, backend: Backend) -> None:
    await log_in(proxy, "ann")
    (app,) = json.loads((await fetch(proxy, API)).body)["servers"]
    assert (app["state"], app["managed"]) == ("unmanaged", False)
    assert backend.connections == 0
