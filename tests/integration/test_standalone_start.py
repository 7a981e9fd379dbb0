"""What cannot work is said in one line and ends with 1; what may work later does not."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from _harness.backend import Backend
from _harness.client import fetch
from _harness.hub import running_hub
from _harness.standalone import ended, standalone, start
from certipy import Certipy

PREFIX = "/user/ann/"
WEB = Path(__file__).parents[1] / "apps" / "web.py"
NO_LOGIN = ("--no-authentication", "--port=0")
PORT_OF_NOBODY = "--server-port=1"


async def refusal(folder: Path, *options: str, env: Mapping[str, str] | None = None) -> str:
    """What it says before it ends, which is one line, with a level and no traceback."""
    process, log = start(folder, *options, env=env)
    assert await ended(process) == 1
    text = log.read_text()
    assert "Traceback" not in text
    said = [line for line in text.splitlines() if "CRITICAL" in line]
    assert len(said) == 1, text
    assert text.splitlines()[-1] == said[0]
    return said[0]


async def hub_variables() -> dict[str, str]:
    """Of a Hub that has gone."""
    async with running_hub() as hub:
        return hub.environment(PREFIX)


# --- JupyterHub's variables -----------------------------------------------------------------------


async def test_without_a_hub_the_other_ways_to_log_in_are_named(tmp_path: Path) -> None:
    said = await refusal(tmp_path, "--port=0", PORT_OF_NOBODY)
    assert "JUPYTERHUB_CLIENT_ID" in said
    assert "--token" in said
    assert "--no-authentication" in said


@pytest.mark.parametrize(
    "name",
    [
        "JUPYTERHUB_API_TOKEN",
        "JUPYTERHUB_API_URL",
        "JUPYTERHUB_CLIENT_ID",
        "JUPYTERHUB_SERVICE_PREFIX",
        "JUPYTERHUB_SERVICE_URL",
    ],
)
async def test_a_variable_that_the_hub_has_not_set_is_named(name: str, tmp_path: Path) -> None:
    env = await hub_variables()
    del env[name]
    assert f"{name} is not set" in await refusal(tmp_path, PORT_OF_NOBODY, env=env)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JUPYTERHUB_SERVICE_URL", "http://127.0.0.1:99999/"),
        ("JUPYTERHUB_SERVICE_URL", "127.0.0.1:8888"),
        ("JUPYTERHUB_API_URL", "hub:8081"),
        ("JUPYTERHUB_OAUTH_ACCESS_SCOPES", "["),
        ("JUPYTERHUB_OAUTH_SCOPES", "access:servers"),
        ("JUPYTERHUB_ACTIVITY_INTERVAL", "often"),
    ],
)
async def test_a_variable_that_makes_no_sense_is_named(
    name: str, value: str, tmp_path: Path
) -> None:
    env = {**await hub_variables(), name: value}
    assert f"{name} must be a" in await refusal(tmp_path, PORT_OF_NOBODY, env=env)


async def test_a_hub_that_is_down_is_waited_for(backend: Backend, tmp_path: Path) -> None:
    backend.answer_with()
    env = await hub_variables()
    token = [("Authorization", "token token-of-ann")]
    options = [f"--server-port={backend.port}"]
    async with standalone(tmp_path, *options, base_url=PREFIX, env=env) as proxy:
        answer = await fetch(proxy, "/", fields=token)
        assert answer.status == 503
        assert answer.get("Retry-After") is not None
        port = int(env["JUPYTERHUB_API_URL"].split(":")[2].partition("/")[0])
        async with running_hub(port):
            assert (await fetch(proxy, "/", fields=token)).body == b"hello"


# --- certificates ---------------------------------------------------------------------------------


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, str]:
    """What a Hub with internal SSL says, and under OTHER_KEY a key that is of no use with it."""
    authority = Certipy(store_dir=str(tmp_path / "certificates"))
    authority.create_ca("hub-ca")
    ours, others = (
        authority.create_signed_pair(name, "hub-ca", alt_names=["IP:127.0.0.1"])["files"]
        for name in ("server", "other")
    )
    return {
        "JUPYTERHUB_SSL_KEYFILE": ours["key"],
        "JUPYTERHUB_SSL_CERTFILE": ours["cert"],
        "JUPYTERHUB_SSL_CLIENT_CA": ours["ca"],
        "OTHER_KEY": others["key"],
    }


@pytest.mark.parametrize(
    "name", ["JUPYTERHUB_SSL_KEYFILE", "JUPYTERHUB_SSL_CERTFILE", "JUPYTERHUB_SSL_CLIENT_CA"]
)
@pytest.mark.parametrize("content", [None, "nonsense"])
async def test_a_certificate_of_no_use_is_named(
    name: str, content: str | None, certificates: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_text(content)
    env = {**certificates, name: str(path)}
    said = await refusal(tmp_path, *NO_LOGIN, PORT_OF_NOBODY, env=env)
    assert name in said
    assert str(path) in said


async def test_a_key_of_another_certificate_is_named(
    certificates: dict[str, str], tmp_path: Path
) -> None:
    env = {**certificates, "JUPYTERHUB_SSL_KEYFILE": certificates["OTHER_KEY"]}
    said = await refusal(tmp_path, *NO_LOGIN, PORT_OF_NOBODY, env=env)
    assert "JUPYTERHUB_SSL_KEYFILE" in said
    assert "is not the key of the certificate" in said


# --- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "command: is missing"),
        (["--unix-socket=True"], "--unix-socket=PATH"),
        (["--prot=1"], "did you mean '--port'"),
        (["--backend-url=nowhere"], "--backend-url: 'nowhere' must start with http://"),
        (["--backend-url=http://h", "--server-port=1"], "--backend-url: cannot be used together"),
        (["--timeout=0", "--", "app"], "--timeout: must be a number of seconds, more than 0"),
        (["--readiness=soon", "--", "app"], '--readiness: must be "http", "tcp"'),
        (["--ready-path=x", "--", "app"], '--ready-path: must start with "/"'),
        (["--", "app", "{prot}"], "command: "),
        (["--environment=A={prot}", "--", "app"], "--environment: "),
        (["--ServerProcess.timeout=soon", "--", "app"], "'timeout'"),
    ],
    ids=str,
)
async def test_an_option_of_no_use_is_named(options: list[str], said: str, tmp_path: Path) -> None:
    assert said in await refusal(tmp_path, *NO_LOGIN, *options)


async def test_the_applications_port_cannot_be_our_own(tmp_path: Path) -> None:
    options = ("--no-authentication", "--port=8123", "--server-port=8123")
    assert "--port and --server-port are both 8123" in await refusal(tmp_path, *options)


async def test_a_second_one_at_the_same_port_names_the_first(
    backend: Backend, tmp_path: Path
) -> None:
    async with standalone(tmp_path, *NO_LOGIN, f"--server-port={backend.port}") as first:
        again = tmp_path / "again"
        again.mkdir()
        options = ("--no-authentication", f"--port={first.port}", PORT_OF_NOBODY)
        said = await refusal(again, *options)
        assert f"the port is in use by process {first.process.pid}" in said


async def test_an_address_of_another_machine_is_named(tmp_path: Path) -> None:
    options = (*NO_LOGIN, "--allow-public", "--address=192.0.2.1", PORT_OF_NOBODY)
    assert "192.0.2.1 is no address of this machine" in await refusal(tmp_path, *options)


async def test_that_jupyterhub_is_not_installed_is_said(tmp_path: Path) -> None:
    (tmp_path / "jupyterhub.py").write_text(
        "raise ModuleNotFoundError('No module named jupyterhub', name='jupyterhub')"
    )
    env = {"PYTHONPATH": str(tmp_path)}
    said = await refusal(tmp_path, "--port=0", PORT_OF_NOBODY, env=env)
    assert "pip install jupyter-server-proxy[standalone]" in said


async def test_that_uvloop_is_not_installed_is_said(tmp_path: Path) -> None:
    (tmp_path / "uvloop.py").write_text("raise ModuleNotFoundError('No module named uvloop')")
    env = {"PYTHONPATH": str(tmp_path)}
    said = await refusal(tmp_path, *NO_LOGIN, "--uvloop", PORT_OF_NOBODY, env=env)
    assert "pip install jupyter-server-proxy[fast]" in said


async def test_a_command_that_is_not_there_is_said_to_visitors(tmp_path: Path) -> None:
    """It may be there later, so the server goes on."""
    command = ["--", "no-such-program-anywhere", "{port}"]
    async with standalone(tmp_path, *NO_LOGIN, *command) as proxy:
        answer = await fetch(proxy, "/")
        assert answer.status == 503
        assert b"no-such-program-anywhere" in answer.body
        assert proxy.process.poll() is None


async def test_the_configuration_file_that_is_written_can_be_read(
    backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    path = tmp_path / "standalone.py"
    process, log = start(tmp_path, "--generate-config", f"--config={path}")
    assert await ended(process) == 0, log.read_text()
    more = f"c.StandaloneProxyServer.server_port = {backend.port}\n"
    path.write_text(path.read_text() + more)
    async with standalone(tmp_path, *NO_LOGIN, f"--config={path}") as proxy:
        assert (await fetch(proxy, "/")).body == b"hello"


async def test_a_file_of_its_own_name_in_jupyters_folders_is_read(
    backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    (tmp_path / "jupyter_standalone_proxy_config.py").write_text(
        f"c.StandaloneProxyServer.server_port = {backend.port}"
    )
    async with standalone(tmp_path, *NO_LOGIN) as proxy:
        assert (await fetch(proxy, "/")).body == b"hello"


# --- where the application is ---------------------------------------------------------------------


async def test_a_running_application_is_found_by_its_url(backend: Backend, tmp_path: Path) -> None:
    backend.answer_with()
    options = [*NO_LOGIN, f"--backend-url=http://127.0.0.1:{backend.port}"]
    async with standalone(tmp_path, *options) as proxy:
        assert (await fetch(proxy, "/x")).body == b"hello"
    assert backend.request.target == b"/x"


async def test_a_running_application_is_found_by_its_socket(tmp_path: Path) -> None:
    path = tmp_path / "socket"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        writer.close()

    async with (
        await asyncio.start_unix_server(answer, path),
        standalone(tmp_path, *NO_LOGIN, f"--unix-socket={path}") as proxy,
    ):
        assert (await fetch(proxy, "/")).body == b"hi"


async def test_an_application_with_a_socket_of_ours(tmp_path: Path) -> None:
    command = ["--unix-socket=True", "--", sys.executable, str(WEB), "--unix={unix_socket}"]
    async with standalone(tmp_path, *NO_LOGIN, *command) as proxy:
        assert (await fetch(proxy, "/")).status == 200


async def test_paths_and_headers_are_changed_as_options_say(
    backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    changes = ("--mappath=/old=/new?a=1", "--request-headers-override=X-Own=yes")
    options = (*NO_LOGIN, *changes, f"--server-port={backend.port}")
    async with standalone(tmp_path, *options) as proxy:
        await fetch(proxy, "/old")
    assert backend.request.target == b"/new?a=1"
    assert backend.request.get("X-Own") == b"yes"


async def test_the_application_is_given_its_environment(tmp_path: Path) -> None:
    show = "import os, sys; print('word:', os.environ['WORD'], flush=True); sys.exit(3)"
    options = (*NO_LOGIN, "--environment=WORD=of-{port}", "--server-port=4321")
    async with standalone(tmp_path, *options, "--", sys.executable, "-c", show) as proxy:
        assert b"word: of-4321" in (await fetch(proxy, "/")).body


# --- how it lives ---------------------------------------------------------------------------------


async def test_it_is_ready_when_the_path_for_that_says_so(tmp_path: Path) -> None:
    """`ready_path` is asked for until its status is below 500."""
    app = tmp_path / "app.py"
    app.write_text(SLOW_TO_WARM_UP)
    command = ["--ready-path=/ready", "--", sys.executable, str(app), "{port}"]
    async with standalone(tmp_path, *NO_LOGIN, *command) as proxy:
        assert (await fetch(proxy, "/")).body == b"asked 3 times whether it is ready"


SLOW_TO_WARM_UP = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

asked = 0

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        global asked
        if self.path == "/ready":
            asked += 1
        body = b"asked %d times whether it is ready" % asked
        self.send_response(503 if self.path == "/ready" and asked < 3 else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


async def test_an_idle_application_is_stopped_and_started_by_the_next_visit(
    tmp_path: Path,
) -> None:
    command = ["--idle-timeout=0.3", "--", sys.executable, str(WEB), "--port={port}"]
    async with standalone(tmp_path, *NO_LOGIN, *command) as proxy:
        assert (await fetch(proxy, "/")).status == 200
        (first,) = (it for it in proxy.descendants() if str(WEB) in it.cmdline())
        await asyncio.to_thread(first.wait, 30)
        assert proxy.process.poll() is None
        assert (await fetch(proxy, "/")).status == 200
        (second,) = (it for it in proxy.descendants() if str(WEB) in it.cmdline())
        assert second.pid != first.pid
