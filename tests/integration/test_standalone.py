"""The standalone application: who is let in, what the backend sees, and how it ends."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from _harness.backend import Backend
from _harness.client import connected, fetch
from _harness.hub import Hub
from _harness.hub_login import log_in
from _harness.message import PATIENCE
from _harness.standalone import Standalone, standalone
from certipy import Certipy

from jupyter_server_proxy.client import Client, carry_out
from jupyter_server_proxy.client.address import from_url

PREFIX = "/user/ann/"
WEB = Path(__file__).parents[1] / "apps" / "web.py"
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"]


@pytest_asyncio.fixture
async def proxy(hub: Hub, backend: Backend, tmp_path: Path) -> AsyncIterator[Standalone]:
    """Behind the Hub, in front of `backend`, which says hello to everything."""
    backend.answer_with()
    options = [f"--server-port={backend.port}"]
    async with standalone(
        tmp_path, *options, base_url=PREFIX, env=hub.environment(PREFIX)
    ) as running:
        yield running


# --- what the backend sees ------------------------------------------------------------------


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


# --- without JupyterHub ---------------------------------------------------------------------------


async def test_without_jupyterhub_it_works_without_authentication(
    backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    (tmp_path / "jupyterhub.py").write_text("raise ModuleNotFoundError(name='jupyterhub')")
    options = ["--no-authentication", "--port=0", f"--server-port={backend.port}"]
    async with standalone(tmp_path, *options, env={"PYTHONPATH": str(tmp_path)}) as proxy:
        assert (await fetch(proxy, "/")).status == 200


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


async def test_one_that_runs_already_is_listed_as_such(proxy: Standalone, backend: Backend) -> None:
    await log_in(proxy, "ann")
    (app,) = json.loads((await fetch(proxy, "/server-proxy/api/servers")).body)["servers"]
    assert (app["state"], app["managed"]) == ("unmanaged", False)
    assert backend.connections == 0
