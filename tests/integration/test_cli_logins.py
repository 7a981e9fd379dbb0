"""Servers of every kind are spoken to: with a password, with no login, TLS, on a socket."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from _harness.certificates import make_certificate
from _harness.client import fetch
from _harness.jupyter import Jupyter
from _harness.message import PATIENCE
from jupyter_server.auth import passwd

from jupyter_server_proxy.client import Client, LoginRefused, choose_server, running_servers
from jupyter_server_proxy.serving import serve

APPS = Path(__file__).parents[1] / "apps"
SERVICES = f"""
MIRROR = [sys.executable, {str(APPS / "mirror.py")!r}, "{{port}}"]
c.ServerProxy.servers = {{"mirror": {{"command": MIRROR, "timeout": 60}}}}
"""
PASSWORD = "correct horse"


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch):
    """The one server whose files are where the harness puts them."""

    def find(jupyter: Jupyter):
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(jupyter.folder / "runtime"))
        monkeypatch.delenv("JUPYTER_TOKEN", raising=False)
        return choose_server(environ={})

    return find


def test_a_password_is_asked_for_once(make_own_jupyter, found) -> None:
    hashed = passwd(PASSWORD, algorithm="sha256")
    jupyter = make_own_jupyter(f"{SERVICES}c.PasswordIdentityProvider.hashed_password = {hashed!r}")
    address = replace(found(jupyter), token="")
    asked = []

    def ask(of) -> str:
        asked.append(of)
        return PASSWORD

    client = Client(address, ask_password=ask)
    assert [server["name"] for server in client.servers()] == ["mirror"]
    assert client.act("start", "mirror")["name"] == "mirror"
    client.act("stop", "mirror")
    assert asked == [address]
    with pytest.raises(LoginRefused, match="password is wrong"):
        Client(address, ask_password=lambda of: "wrong").servers()
    with pytest.raises(LoginRefused, match="wants a login"):
        Client(address).servers()


async def test_a_cookie_leaves_room_for_a_login_of_the_application(make_own_jupyter, found) -> None:
    jupyter = make_own_jupyter(SERVICES)
    client = Client(found(jupyter))
    cookie = await asyncio.to_thread(client.login_cookie, "mirror")
    assert jupyter.token not in cookie
    for own in ("Basic YTpi", "Bearer of-the-application", "token of-the-application"):
        fields = [("Cookie", cookie), ("Authorization", own)]
        answer = await fetch(jupyter, "/mirror/x?y", method="POST", fields=fields, body=b"")
        seen = json.loads(answer.body)
        assert (answer.status, seen["uri"]) == (200, "/x?y")
        assert dict(seen["headers"])["Authorization"] == own
        # Nor does the application get what has let us in.
        assert "Cookie" not in dict(seen["headers"])
    refused = await fetch(jupyter, "/mirror/x", fields=[("Cookie", ""), fields[1]])
    assert refused.status in {302, 403}
    assert await asyncio.to_thread(client.login_cookie, "no-such-service") == ""


def test_a_server_without_any_login(make_own_jupyter, found) -> None:
    jupyter = make_own_jupyter(f"{SERVICES}c.IdentityProvider.token = ''")
    client = Client(found(jupyter))
    assert client.address.token == ""
    client.act("start", "mirror")  # Jupyter wants proof that no foreign page asks
    client.act("stop", "mirror")


def test_a_server_with_a_certificate_of_its_own(make_own_jupyter, found, tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    jupyter = make_own_jupyter(
        f"{SERVICES}c.ServerApp.certfile = {str(made.certificate)!r}\n"
        f"c.ServerApp.keyfile = {str(made.key)!r}"
    )
    address = found(jupyter)
    assert Client(address).servers()
    command = [sys.executable, "-m", "jupyter_server_proxy.cli"]
    checked = ["--url", jupyter.url, "--token", jupyter.token]
    env = {**os.environ, "JUPYTER_RUNTIME_DIR": str(jupyter.folder / "runtime")}
    unknown = subprocess.run(
        [*command, "list", *checked], env=env, capture_output=True, text=True, check=False
    )
    assert unknown.returncode == 3
    assert "certificate verify failed" in unknown.stderr
    for option in (["--insecure"], ["--ca-file", str(made.certificate)]):
        subprocess.run([*command, "list", *checked, *option], env=env, check=True)
    forward = [*command, "forward", "mirror", "--json"]
    with subprocess.Popen(forward, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/x", timeout=60) as answer:
            assert json.load(answer)["uri"] == "/x"
        process.send_signal(signal.SIGTERM)


@pytest.fixture
def on_a_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """The runtime folder and the socket of a Jupyter server without a port."""
    folder = tmp_path_factory.mktemp("s")
    config = folder / "config.py"
    config.write_text(f"import sys\nc = get_config()\n{SERVICES}")
    socket = folder / "j.sock"
    options = [f"--sock={socket}", "--no-browser", "--allow-root", f"--config={config}"]
    enabled = "--ServerApp.jpserver_extensions={'jupyter_server_proxy': True}"
    env = {n: v for n, v in os.environ.items() if not n.startswith(("JUPYTER_", "JPY_"))}
    env |= {"HOME": str(folder), "JUPYTER_RUNTIME_DIR": str(folder / "runtime")}
    env |= {"JUPYTER_SERVER_PROXY_TEST_RUN": os.environ["JUPYTER_SERVER_PROXY_TEST_RUN"]}
    with subprocess.Popen(
        [sys.executable, "-m", "jupyter", "server", *options, enabled],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            deadline = time.monotonic() + PATIENCE
            while not list((folder / "runtime").glob("jpserver-*.json")):
                assert time.monotonic() < deadline
                assert process.poll() is None, process.stdout.read()
                time.sleep(0.05)
            yield folder / "runtime", socket
        finally:
            process.terminate()
            process.stdout.read()
    assert process.returncode == 0


def test_a_server_on_a_unix_socket(
    on_a_socket: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, socket = on_a_socket
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(runtime))
    (address,) = running_servers()
    assert address.unix_socket == str(socket)
    app = serve("mirror")
    assert app.state == "ready"
    command = [sys.executable, "-m", "jupyter_server_proxy.cli", "forward", "mirror", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/x", timeout=60) as answer:
            assert json.load(answer)["uri"] == "/x"
        process.terminate()
    app.stop()
