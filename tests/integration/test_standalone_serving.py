"""The standalone application as a server: on both event loops, with TLS, watched, and ended."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import signal
import ssl
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import psutil
import pytest
from _harness.backend import Backend
from _harness.client import connected, fetch
from _harness.hub import Hub
from _harness.message import PATIENCE
from _harness.standalone import Standalone, ended, standalone, start
from _harness.upgrades import WEBSOCKET
from certipy import Certipy

APPS = Path(__file__).parents[1] / "apps"
PREFIX = "/user/ann/"
WEB = ["--", sys.executable, str(APPS / "web.py"), "--port={port}"]
HOSTILE = ["--", sys.executable, str(APPS / "hostile.py"), "{port}"]
FAREWELL = ["--readiness=tcp", "--", sys.executable, str(APPS / "farewell.py"), "{port}"]
OPEN = ["--no-authentication", "--port=0"]
HEALTH = "/server-proxy/health"
READY = "/server-proxy/health/ready"
METRICS = "/server-proxy/metrics"
TOKEN = [("Authorization", "token token-of-ann"), ("Cookie", "")]
SLEEP = "import time; print('up', flush=True); time.sleep(600)"
GOING_AWAY = b"\x88\x02\x03\xe9"

LOOPS = [
    pytest.param(
        ["--uvloop"],
        id="uvloop",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("uvloop") is None, reason="uvloop is not installed"
        ),
    ),
    pytest.param([], id="asyncio"),
]
on_both_loops = pytest.mark.parametrize("loop", LOOPS)


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, str]:
    """The files of a certificate for this machine: `key`, `cert` and `ca`."""
    authority = Certipy(store_dir=str(tmp_path / "certificates"))
    authority.create_ca("ca")
    names = ["IP:127.0.0.1", "DNS:localhost"]
    files: dict[str, str] = authority.create_signed_pair("one", "ca", alt_names=names)["files"]
    return files


def has_loaded(proxy: Standalone, library: str) -> bool:
    maps = Path(f"/proc/{proxy.process.pid}/maps")
    if not maps.exists():
        pytest.skip("needs /proc")
    return library in maps.read_text()


async def is_gone(processes: list[psutil.Process]) -> bool:
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, PATIENCE)
    return not alive


# --- on both event loops ----------------------------------------------------------------------


@on_both_loops
async def test_the_event_loop_is_the_one_asked_for(
    loop: list[str], backend: Backend, tmp_path: Path
) -> None:
    async with standalone(tmp_path, *OPEN, *loop, f"--server-port={backend.port}") as proxy:
        assert has_loaded(proxy, "uvloop") == bool(loop)


@on_both_loops
async def test_exchanges_uploads_and_tunnels_pass(
    loop: list[str], backend: Backend, tmp_path: Path
) -> None:
    async with standalone(tmp_path, *OPEN, *loop, f"--server-port={backend.port}") as proxy:
        async with connected(proxy) as client:
            data = os.urandom(3_000_000)
            await client.ask("PUT", "/upload", [("Content-Length", str(len(data)))])
            sending = asyncio.create_task(client.send(data))
            peer = await backend.accepted()
            assert (await peer.request()).body == data
            await sending
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data))
            answering = asyncio.create_task(peer.send(data))
            assert (await client.response()).body == data
            await answering
        async with connected(proxy) as client:
            await client.ask("GET", "/ws", WEBSOCKET)
            peer = await backend.accepted()
            await peer.head()
            await peer.send(b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            assert (await client.head()).status == 101
            both_ways = (client.send(data), peer.read(len(data)), peer.send(data[::-1]))
            _, up, _, down = await asyncio.gather(*both_ways, client.read(len(data)))
            assert (up, down) == (data, data[::-1])
            client.half_close()
            assert await peer.closed() == b""
            peer.close()
            assert await client.closed() == b""


@on_both_loops
async def test_an_early_answer_arrives_though_the_rest_of_the_upload_is_refused(
    loop: list[str], backend: Backend, tmp_path: Path
) -> None:
    async with (
        standalone(tmp_path, *OPEN, *loop, f"--server-port={backend.port}") as proxy,
        connected(proxy) as client,
    ):
        await client.ask("POST", "/upload", [("Content-Length", str(10**9))])
        await client.send(b"x" * 100_000)
        peer = await backend.accepted()
        await peer.head()
        await peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        peer.close()
        answer = await client.response()
        assert (answer.status, answer.body) == (413, b"big")


@on_both_loops
async def test_a_child_on_a_unix_socket_with_a_helper_lives_and_ends(
    loop: list[str], tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    command = [*HOSTILE, "helper", "ignore-term"]
    env = {"PIDS": str(pids)}
    async with standalone(
        tmp_path, *OPEN, *loop, "--shutdown-grace=0.2", *command, env=env
    ) as proxy:
        assert (await fetch(proxy, "/")).body == b"ok"
        family = [psutil.Process(int(pid)) for pid in pids.read_text().split()]
        assert len(family) >= 2
        assert await proxy.end() == 0
        assert await is_gone(family)


@on_both_loops
async def test_tls_of_a_person_needs_no_certificate_of_the_browser(
    loop: list[str], certificates: dict[str, str], backend: Backend, tmp_path: Path
) -> None:
    files = [f"--certfile={certificates['cert']}", f"--keyfile={certificates['key']}"]
    trusting = ssl.create_default_context(cafile=certificates["ca"])
    async with (
        standalone(tmp_path, *OPEN, *loop, *files, f"--server-port={backend.port}") as proxy,
        connected(proxy, ssl=trusting) as client,
    ):
        await client.ask("GET", "/ws", WEBSOCKET)
        peer = await backend.accepted()
        assert (await peer.head()).get("X-Forwarded-Proto") == b"https"
        await peer.send(b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert (await client.head()).status == 101
        data = os.urandom(1_000_000)
        both_ways = (client.send(data), peer.read(len(data)), peer.send(data))
        _, up, _, down = await asyncio.gather(*both_ways, client.read(len(data)))
        assert up == down == data


async def test_old_tls_is_not_spoken(
    certificates: dict[str, str], backend: Backend, tmp_path: Path
) -> None:
    files = [f"--certfile={certificates['cert']}", f"--keyfile={certificates['key']}"]
    old = ssl.create_default_context(cafile=certificates["ca"])
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    async with standalone(tmp_path, *OPEN, *files, f"--server-port={backend.port}") as proxy:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            async with connected(proxy, ssl=old):
                pass


async def test_a_certificate_that_cannot_be_read_is_named_and_nothing_is_served(
    tmp_path: Path,
) -> None:
    absent = tmp_path / "absent.pem"
    env = {"JUPYTERHUB_SSL_CERTFILE": str(absent)}
    process, log = start(tmp_path, *OPEN, "--server-port=1", env=env)
    assert await ended(process) == 1
    assert f"JUPYTERHUB_SSL_CERTFILE: the file {absent} cannot be read" in log.read_text()
    assert "Traceback" not in log.read_text()


@on_both_loops
async def test_nobody_without_a_login_can_make_us_hold_a_large_body(
    loop: list[str], backend: Backend, tmp_path: Path
) -> None:
    """Refused when its size is known, or has come, not when all of it has."""
    options = ("--token=secret", "--port=0", *loop, f"--server-port={backend.port}")
    async with standalone(tmp_path, *options) as proxy:
        for path in (HEALTH, "/server-proxy/login", "/server-proxy/api/servers"):
            async with connected(proxy) as client:
                await client.ask("POST", path, [("Content-Length", str(50_000_000))])
                assert (await client.head()).status == 400, path
            async with connected(proxy) as client:
                await client.ask("POST", path, [("Transfer-Encoding", "chunked")])
                for _ in range(17):
                    await client.send_chunk(bytes(65536))
                assert (await client.head()).status == 400, path
    assert backend.connections == 0


async def test_an_upload_of_any_size_is_the_applications_behind_a_login(
    backend: Backend, tmp_path: Path
) -> None:
    options = ("--token=secret", "--port=0", f"--server-port={backend.port}")
    fields = [("Authorization", "token secret"), ("Content-Length", "5000000")]
    async with standalone(tmp_path, *options) as proxy, connected(proxy) as client:
        await client.ask("POST", "/upload", fields)
        sending = asyncio.create_task(client.send(bytes(5_000_000)))
        peer = await backend.accepted()
        assert len((await peer.request()).body) == 5_000_000
        await sending
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        assert (await client.response()).status == 200


# --- watched ------------------------------------------------------------------------------------


async def test_health_is_told_to_everybody_and_starts_nothing(hub: Hub, tmp_path: Path) -> None:
    env = hub.environment(PREFIX)
    async with standalone(tmp_path, *WEB, base_url=PREFIX, env=env) as proxy:
        for method in ("GET", "HEAD"):
            healthy = await fetch(proxy, HEALTH, method=method)
            unready = await fetch(proxy, READY, method=method)
            assert (healthy.status, unready.status) == (200, 503)
        assert json.loads((await fetch(proxy, HEALTH)).body) == {"status": "ok"}
        assert json.loads((await fetch(proxy, READY)).body)["application"] == "stopped"
        assert (await fetch(proxy, HEALTH, method="POST", body=b"x")).status in (403, 405)
        assert proxy.descendants() == []
        assert (await fetch(proxy, "/", fields=TOKEN)).status == 200
        ready = await fetch(proxy, READY)
        assert (ready.status, json.loads(ready.body)["application"]) == (200, "ready")
        assert ready.get("Set-Cookie") is None
        assert hub.reports.empty()


async def test_an_application_that_runs_already_is_not_asked_whether_it_is_ready(
    backend: Backend, tmp_path: Path
) -> None:
    async with standalone(tmp_path, *OPEN, f"--server-port={backend.port}") as proxy:
        ready = await fetch(proxy, READY)
        assert (ready.status, json.loads(ready.body)["application"]) == (200, "unmanaged")
        assert backend.connections == 0


async def test_what_is_beside_these_addresses_is_the_applications(
    backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    async with standalone(tmp_path, *OPEN, f"--server-port={backend.port}") as proxy:
        for path in ("/health", "/metrics", f"{HEALTH}/", f"{HEALTH}z", "/server-proxy/"):
            assert (await fetch(proxy, path)).body == b"hello", path


async def test_metrics_are_behind_the_login_and_of_this_service_and_process(
    hub: Hub, tmp_path: Path
) -> None:
    env = hub.environment(PREFIX)
    async with standalone(tmp_path, *WEB, base_url=PREFIX, env=env) as proxy:
        assert (await fetch(proxy, METRICS)).status in (302, 403)
        assert (await fetch(proxy, "/secret-path", fields=TOKEN)).status in (200, 404)
        await fetch(proxy, HEALTH)
        answer = await fetch(proxy, METRICS, fields=TOKEN)
        assert answer.status == 200
        assert answer.get("Content-Type").startswith(b"text/plain; version=")
        text = answer.body.decode()
        assert re.search(r'jupyter_server_proxy_starts_total\{service="[^"]+"\} 1.0', text)
        assert "process_cpu_seconds_total" in text
        for user_data in ("ann", "secret-path", "token-of"):
            assert user_data not in text
        # Who watches is not counted.
        assert not re.search(r'requests_total\{service="proxy",status="2xx"\} [1-9]', text)


async def test_metrics_may_be_for_everybody(backend: Backend, hub: Hub, tmp_path: Path) -> None:
    options = [f"--server-port={backend.port}", "--no-authenticate-prometheus"]
    env = hub.environment(PREFIX)
    async with standalone(tmp_path, *options, base_url=PREFIX, env=env) as proxy:
        assert (await fetch(proxy, METRICS)).status == 200
        assert (await fetch(proxy, "/")).status in (302, 403)
    assert backend.connections == 0


async def test_the_hub_finds_its_version_on_what_is_ours_and_relayed_answers_stay_as_they_are(
    hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    options = [f"--server-port={backend.port}"]
    env = hub.environment(PREFIX)
    async with standalone(tmp_path, *options, base_url=PREFIX, env=env) as proxy:
        for path, fields in (
            ("/", []),
            (HEALTH, []),
            ("/server-proxy/api/servers", TOKEN),
            ("/server-proxy/api/servers", []),
            (METRICS, TOKEN),
            ("/oauth_callback", []),
        ):
            answer = await fetch(proxy, path, fields=fields)
            assert len(answer.all("X-JupyterHub-Version")) == 1, (path, answer.raw)
        proxy.base_url = "/elsewhere/"
        assert len((await fetch(proxy, "/")).all("X-JupyterHub-Version")) == 1
        proxy.base_url = PREFIX
        relayed = await fetch(proxy, "/", fields=TOKEN)
        assert relayed.body == b"hello"
        assert relayed.all("X-JupyterHub-Version") == []


# --- activity -----------------------------------------------------------------------------------


async def test_use_shortly_before_the_end_is_reported(
    hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    options = [f"--server-port={backend.port}", "--activity-interval=3600"]
    env = {**hub.environment(PREFIX), "JUPYTERHUB_SERVER_NAME": "second"}
    before = datetime.now(timezone.utc)
    async with standalone(tmp_path, *options, base_url=PREFIX, env=env) as proxy:
        assert (await fetch(proxy, "/", fields=TOKEN)).status == 200
        after = datetime.now(timezone.utc)
        assert hub.reports.empty()
        assert await proxy.end() == 0
    report = hub.reports.get_nowait()
    assert list(report["servers"]) == ["second"]
    assert before <= datetime.fromisoformat(report["last_activity"].replace("Z", "+00:00")) <= after


async def test_the_hub_says_how_often_it_wants_to_be_told(
    hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    env = {**hub.environment(PREFIX), "JUPYTERHUB_ACTIVITY_INTERVAL": "1"}
    options = [f"--server-port={backend.port}"]
    async with standalone(tmp_path, *options, base_url=PREFIX, env=env) as proxy:
        assert (await fetch(proxy, "/", fields=TOKEN)).status == 200
        # Earlier than its end, and than any usual interval.
        await asyncio.wait_for(hub.reports.get(), PATIENCE)


async def test_a_silent_websocket_is_no_use_and_data_in_it_is(
    hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    options = [f"--server-port={backend.port}", "--activity-interval=1"]
    env = hub.environment(PREFIX)
    async with (
        standalone(tmp_path, *options, base_url=PREFIX, env=env) as proxy,
        connected(proxy) as client,
    ):
        await client.ask("GET", "/ws", [*WEBSOCKET, *TOKEN])
        peer = await backend.accepted()
        await peer.head()
        await peer.send(b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert (await client.head()).status == 101
        # That it was opened; then a ping, which is none.
        opened = await asyncio.wait_for(hub.reports.get(), PATIENCE)
        await peer.send(b"\x89\x00")
        assert await client.read(2) == b"\x89\x00"
        pinged = datetime.now(timezone.utc)
        await peer.send(b"\x82\x02hi")
        assert await client.read(4) == b"\x82\x02hi"
        used = await asyncio.wait_for(hub.reports.get(), PATIENCE)
        moments = [
            datetime.fromisoformat(str(report["last_activity"]).replace("Z", "+00:00"))
            for report in (opened, used)
        ]
        assert moments[0] < pinged <= moments[1]
        assert hub.reports.empty()


# --- the end ------------------------------------------------------------------------------------


@on_both_loops
async def test_a_websocket_ends_with_the_applications_last_words(
    loop: list[str], tmp_path: Path
) -> None:
    async with (
        standalone(tmp_path, *OPEN, *loop, *FAREWELL) as proxy,
        connected(proxy) as client,
    ):
        await client.ask("GET", "/ws", WEBSOCKET)
        assert (await client.head()).status == 101
        assert await proxy.end() == 0
        assert await client.closed() == GOING_AWAY


async def test_an_application_that_waits_for_its_clients_need_not_be_killed(
    tmp_path: Path,
) -> None:
    async with (
        standalone(tmp_path, *OPEN, *FAREWELL, "stubborn") as proxy,
        connected(proxy) as client,
    ):
        await client.ask("GET", "/ws", WEBSOCKET)
        assert (await client.head()).status == 101
        assert await proxy.end() == 0
        assert await client.closed() == b""
        assert "ended: exited with code 0" in proxy.log()


@on_both_loops
async def test_a_second_signal_hurries(loop: list[str], tmp_path: Path) -> None:
    options = ["--shutdown-grace=600", "--stop-timeout=600"]
    async with standalone(tmp_path, *OPEN, *loop, *options, *HOSTILE, "ignore-term") as proxy:
        assert (await fetch(proxy, "/")).status == 200
        family = proxy.descendants()
        proxy.process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + PATIENCE
        while "Stopping" not in proxy.log():
            assert time.monotonic() < deadline, proxy.log()
            await asyncio.sleep(0.02)
        assert await proxy.end(signal.SIGTERM) == 0
        assert await is_gone(family)
        assert "Asked to end again" in proxy.log()


@on_both_loops
async def test_it_can_end_while_the_application_starts(loop: list[str], tmp_path: Path) -> None:
    command = ["--", sys.executable, "-c", SLEEP]
    async with standalone(tmp_path, *OPEN, *loop, *command) as proxy, connected(proxy) as client:
        await client.ask("GET", "/")
        deadline = time.monotonic() + PATIENCE
        while ": up\n" not in proxy.log():
            assert time.monotonic() < deadline, proxy.log()
            await asyncio.sleep(0.02)
        family = proxy.descendants()
        assert family
        assert await proxy.end() == 0
        assert await is_gone(family)


async def test_that_it_ends_is_no_failure_of_the_applications_start(tmp_path: Path) -> None:
    command = ["--autostart", "--", sys.executable, "-c", SLEEP]
    async with standalone(tmp_path, *OPEN, *command) as proxy:
        deadline = time.monotonic() + PATIENCE
        while ": up\n" not in proxy.log():
            assert time.monotonic() < deadline, proxy.log()
            await asyncio.sleep(0.02)
        assert await proxy.end() == 0
        assert "Stopping" in proxy.log()
        assert "autostart failed" not in proxy.log()


# --- the log ------------------------------------------------------------------------------------


async def test_the_application_speaks_in_our_log_once_and_with_its_name(tmp_path: Path) -> None:
    talk = "import sys,time;print('to stdout');print('to stderr',file=sys.stderr)"
    serve = "import http.server as h;h.test(h.SimpleHTTPRequestHandler,port=int(sys.argv[1]))"
    command = ["--", sys.executable, "-uc", f"{talk};{serve}", "{port}"]
    async with standalone(tmp_path, *OPEN, *command) as proxy:
        assert (await fetch(proxy, "/")).status == 200
    lines = proxy.log().splitlines()
    for said in ("to stdout", "to stderr"):
        (line,) = [line for line in lines if said in line and "import" not in line]
        assert line.endswith(f"jupyter-standalone-proxy: {said}")


async def test_no_client_writes_into_our_log_nor_a_query_of_its_own(
    hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    """What it sent is in no line; what it may have caused there is one line each."""
    options = [f"--server-port={backend.port}"]
    env = hub.environment(PREFIX)
    forged = "[StandaloneProxyServer] Logged-in user ann"
    async with standalone(tmp_path, *options, base_url=PREFIX, env=env) as proxy:
        description = f"a%0a{forged.replace(' ', '%20')}"
        for path in (
            f"/oauth_callback?error=x&error_description={description}",
            "/oauth_callback?code=SECRET",
            "/oauth_callback?code=%ffSECRET&state=SECRET",
            "/?token=%ffSECRET&more=SECRET",
        ):
            answer = await fetch(proxy, path, fields=[("Cookie", "")])
            assert 300 <= answer.status < 500, path
    log = proxy.log()
    assert not [line for line in log.splitlines() if line.startswith(forged)], log
    assert not [line for line in log.splitlines() if not line.startswith("[")], log
    assert "SECRET" not in log


async def test_a_form_that_cannot_be_read_leaves_no_query_in_the_log(tmp_path: Path) -> None:
    options = ("--token=secret", "--port=0", "--server-port=1")
    fields = [("Content-Type", "application/x-www-form-urlencoded")]
    async with standalone(tmp_path, *options) as proxy:
        path = "/server-proxy/login?token=x&more=SECRET"
        body = b"token=%ffSECRET"
        answer = await fetch(proxy, path, method="POST", fields=fields, body=body)
        assert answer.status in (400, 403)
    assert "SECRET" not in proxy.log()


async def test_that_an_option_does_nothing_is_said(tmp_path: Path) -> None:
    said = "--allow-public has no effect without --no-authentication"
    for login, is_said in (("--token=secret", True), ("--no-authentication", False)):
        options = (login, "--allow-public", "--port=0", "--server-port=1")
        async with standalone(tmp_path, *options) as proxy:
            assert (said in proxy.log()) is is_said


async def test_the_address_to_log_in_at_works_whatever_the_prefix(
    backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    options = ("--token=", "--port=0", "--base-url=/a b/ü", f"--server-port={backend.port}")
    async with standalone(tmp_path, *options, base_url="/a%20b/%C3%BC/") as proxy:
        found = re.search(rf"Log in at http://{proxy.netloc}/a%20b/%C3%BC(\S+)", proxy.log())
        assert found, proxy.log()
        answer = await fetch(proxy, found[1])
        assert (answer.status, answer.body) == (200, b"hello")
