"""The command `jupyter server-proxy` in a shell beside a real Jupyter server."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from _harness.jupyter import Jupyter
from websockets.sync.client import connect

APPS = Path(__file__).parents[1] / "apps"
JUPYTER_CONFIG = f"""
APPS = {str(APPS)!r}
ECHO = '''
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def echo(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)
while True:
    threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()
'''
c.ServerProxy.servers = {{
    "mirror": {{"command": [sys.executable, APPS + "/mirror.py", "{{port}}"], "timeout": 60}},
    "failing": {{
        "command": [sys.executable, "-c", "import sys; sys.exit('the licence is missing')"],
        "restart": "never",
    }},
    "slow": {{
        "command": [sys.executable, "-c", "import threading; threading.Event().wait()"],
        "timeout": 100,
    }},
    "raw": {{"command": [sys.executable, "-c", ECHO, "{{port}}"], "raw_socket_proxy": True}},
    "worker": {{
        "command": [sys.executable, APPS + "/mirror.py", "{{port}}", "--count={{count}}"],
        "parameters": {{"count": {{"type": "integer", "default": 1}}}},
        "timeout": 60,
    }},
    "bad": {{"command": "text", "timeout": 1}},
}}
"""
COMMAND = (sys.executable, "-m", "jupyter_server_proxy.cli")


@pytest.fixture(scope="module")
def jupyter(make_jupyter) -> Jupyter:
    return make_jupyter(JUPYTER_CONFIG, base_url="/base/")


def environment(jupyter: Jupyter) -> dict[str, str]:
    """That of a terminal of the person whose server it is."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("JUPYTER", "JPY_"))}
    mark = "JUPYTER_SERVER_PROXY_TEST_RUN"
    return {
        **kept,
        mark: os.environ[mark],
        "JUPYTER_RUNTIME_DIR": str(jupyter.folder / "runtime"),
        "PYTHONWARNINGS": "error",
    }


def run(jupyter: Jupyter, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(jupyter),
        capture_output=True,
        text=True,
        timeout=100,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def state(jupyter: Jupyter, name: str) -> str:
    known: str = json.loads(run(jupyter, "status", name, "--json").stdout)["state"]
    return known


@contextmanager
def going_on(jupyter: Jupyter, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that ends with Ctrl-C; its exit code is `returncode` after the block."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # So it is where the tests run in a shell's background, and children would inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment(jupyter),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=30)[1]
        assert "Traceback" not in errors, errors
    finally:
        process.kill()
        process.communicate()


def test_it_finds_the_server_and_lists_what_there_is(jupyter: Jupyter) -> None:
    done = run(jupyter, "list")
    assert (done.returncode, done.stderr) == (0, "")
    rows = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines()[1:8]}
    assert rows["mirror"] == "stopped"
    assert rows["bad"] == "broken"
    assert "bad: command: must be a list of strings" in done.stdout
    names = run(jupyter, "list", "--names").stdout.split()
    assert names == ["mirror", "failing", "slow", "raw", "worker", "bad"]


def test_without_a_server_it_says_so(jupyter: Jupyter, tmp_path: Path) -> None:
    done = run(jupyter, "list", "--url", f"http://127.0.0.1:{_free_port()}/")
    assert done.returncode == 3
    assert "does not answer" in done.stderr
    assert run(jupyter, "list", "--server", "1").returncode == 3


def test_the_wrong_token_is_refused(jupyter: Jupyter) -> None:
    done = run(jupyter, "list", "--url", jupyter.url, "--token", "nonsense")
    assert done.returncode == 5


def test_start_status_restart_stop(jupyter: Jupyter) -> None:
    done = run(jupyter, "start", "mirror")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("mirror is ready after ")
    assert done.stdout.endswith(f": {jupyter.url}mirror/\n")
    before = json.loads(run(jupyter, "status", "mirror", "--json").stdout)
    assert before["state"] == "ready"
    assert before["rss"] > 1_000_000
    after = json.loads(run(jupyter, "restart", "mirror", "--json").stdout)
    assert after["pid"] != before["pid"]
    assert run(jupyter, "stop", "mirror").stdout == "mirror is stopped\n"
    assert run(jupyter, "stop", "mirror").returncode == 0
    assert run(jupyter, "status", "mirror").returncode == 7


def test_a_start_that_fails(jupyter: Jupyter) -> None:
    done = run(jupyter, "start", "failing")
    assert (done.returncode, done.stdout) == (1, "")
    assert "failing has failed: it exited with code 1 before it was ready" in done.stderr
    assert "the licence is missing" in done.stderr
    status = run(jupyter, "status", "failing")
    assert status.returncode in {1, 7}  # failed, or so long ago that it is merely stopped
    assert "failure    it exited with code 1 before it was ready" in status.stdout
    assert "the licence is missing" in run(jupyter, "logs", "failing").stdout
    assert run(jupyter, "stop", "failing").stdout == "failing is stopped\n"


def test_what_cannot_be_done(jupyter: Jupyter) -> None:
    unknown = run(jupyter, "start", "miror")
    assert (unknown.returncode, unknown.stdout) == (4, "")
    assert "'mirror'" in unknown.stderr
    broken = run(jupyter, "start", "bad")
    assert broken.returncode == 6
    assert "must be a list of strings" in broken.stderr
    assert run(jupyter, "logs", "slow").stdout == ""


def test_ctrl_c_ends_the_waiting_and_not_the_start(jupyter: Jupyter) -> None:
    with going_on(jupyter, "logs", "-f", "slow") as following:
        with going_on(jupyter, "start", "slow") as starting:
            _until(lambda: state(jupyter, "slow") == "starting")
        assert starting.returncode == 130
        assert state(jupyter, "slow") == "starting"
    assert following.returncode == 130
    assert run(jupyter, "stop", "--all").stdout == "slow is stopped\n"


def test_on_a_terminal_it_says_how_the_start_is_getting_on(jupyter: Jupyter) -> None:
    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "start", "slow"],
        env=environment(jupyter),
        stdin=terminal,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    shown = b""
    try:
        while b"slow is starting: " not in shown:
            shown += os.read(keyboard, 1000)
        process.send_signal(signal.SIGINT)
        while True:
            shown += os.read(keyboard, 1000)
    except OSError:  # how a terminal says that nobody is there any more
        pass
    finally:
        os.close(keyboard)
        process.wait(30)
        run(jupyter, "stop", "slow")
    assert b"not waiting any longer" in shown
    assert process.returncode == 130


def test_lines_are_followed_as_they_come(jupyter: Jupyter) -> None:
    run(jupyter, "start", "mirror")
    with going_on(jupyter, "logs", "-f", "-n", "0", "mirror") as following:
        assert following.stdout is not None
        # The first line may fall before the command listens; one of the next does not.
        seen: list[str] = []
        while not any("asked for /a" in line for line in seen):
            _ask(f"{jupyter.url}mirror/a?token={jupyter.token}")
            seen += _lines_there_are(following)
    assert following.returncode == 130


# --- services that come and go -------------------------------------------------------------------


def test_a_service_is_added_used_and_removed(jupyter: Jupyter, tmp_path: Path) -> None:
    command = [sys.executable, str(APPS / "mirror.py"), "{port}"]
    options = ["--title", "Added", "--cwd", str(tmp_path), "--set", "timeout=60", "--start"]
    done = run(jupyter, "add", "added", *options, "--", *command)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"added is ready: {jupyter.url}added/\n"
    assert json.loads(_ask(f"{jupyter.url}added/x?token={jupyter.token}"))["uri"] == "/x"
    assert "from       added at run time" in run(jupyter, "status", "added").stdout
    again = run(jupyter, "add", "added", "--", *command)
    assert again.returncode == 6
    assert run(jupyter, "remove", "added").stdout == "added is removed\n"
    assert run(jupyter, "status", "added").returncode == 4
    assert run(jupyter, "remove", "added").returncode == 4


def test_what_cannot_be_added_or_removed(jupyter: Jupyter) -> None:
    wrong = run(jupyter, "add", "wrong", "--set", 'timeout="soon"', "--", "x")
    assert wrong.returncode == 2
    assert "timeout" in wrong.stderr
    assert run(jupyter, "add", "mirror", "--", "x").returncode == 6
    assert run(jupyter, "remove", "mirror").returncode == 6


def test_instances(jupyter: Jupyter) -> None:
    done = run(jupyter, "add", "worker/i/one", "-p", "count=3", "--start")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"worker/i/one is ready: {jupyter.url}worker/i/one/\n"
    known = json.loads(run(jupyter, "status", "worker/i/one", "--json").stdout)
    assert known["values"] == {"count": 3}
    assert "--count=3" in known["command"]
    assert "worker/i/one" in run(jupyter, "list", "--names").stdout.split()
    wrong = run(jupyter, "add", "worker", "-p", "count=many")
    assert wrong.returncode == 2
    assert "count" in wrong.stderr
    with forwarded(jupyter, "worker/i/one") as port:
        assert json.loads(_ask(f"http://localhost:{port}/x"))["uri"] == "/x"
    assert run(jupyter, "remove", "worker/i/one").returncode == 0
    assert run(jupyter, "status", "worker/i/one").returncode == 4


# --- forward -----------------------------------------------------------------------------------


@contextmanager
def forwarded(jupyter: Jupyter, name: str) -> Iterator[int]:
    """The local port that leads to the service."""
    with going_on(jupyter, "forward", name, "--json") as process:
        assert process.stdout is not None
        yield int(json.loads(process.stdout.readline())["port"])
    assert process.returncode == 130


def test_a_local_port_leads_to_the_application(jupyter: Jupyter) -> None:
    with forwarded(jupyter, "mirror") as port:
        asked = json.loads(_ask(f"http://localhost:{port}/a%2Fb?x=1", data=b"body"))
        assert (asked["method"], asked["uri"], asked["body"]) == ("POST", "/a%2Fb?x=1", "body")
        headers = dict(asked["headers"])
        assert headers["Host"] == jupyter.netloc
        # Nothing of what let us in has got to the application.
        assert jupyter.token not in json.dumps(asked)
        assert "Authorization" not in headers
        # Addresses that the application gives out with its prefix work, too.
        assert json.loads(_ask(f"http://127.0.0.1:{port}/base/mirror/x"))["uri"] == "/x"


def test_a_login_of_the_application_passes(jupyter: Jupyter) -> None:
    with forwarded(jupyter, "mirror") as port:
        asked = json.loads(_ask(f"http://localhost:{port}/?a=1", Authorization="Basic YTpi"))
        assert dict(asked["headers"])["Authorization"] == "Basic YTpi"
        assert asked["uri"] == "/?a=1"


def test_redirections_and_cookies_are_those_of_the_local_port(jupyter: Jupyter) -> None:
    with forwarded(jupyter, "mirror") as port:
        assert json.loads(_ask(f"http://localhost:{port}/redirect"))["uri"] == "/landed"
        with urllib.request.urlopen(f"http://localhost:{port}/cookie", timeout=60) as answer:
            cookies = answer.headers.get_all("Set-Cookie")
    # Jupyter's own would let whoever has it do everything.
    assert sorted(cookies) == ["deep=2; Path=/deep", "mine=1; Path=/"]


def test_websockets_through_a_local_port(jupyter: Jupyter) -> None:
    with forwarded(jupyter, "mirror") as port:
        local = f"http://localhost:{port}"
        with connect(f"ws://localhost:{port}/ws", origin=local, max_size=None) as websocket:
            headers = dict(json.loads(websocket.recv()))
            assert headers["Origin"] == jupyter.url.removesuffix("/base/")
            assert jupyter.token not in json.dumps(headers)
            websocket.send(b"x" * 5_000_000)
            assert len(websocket.recv()) == 5_000_000


def test_no_foreign_page_gets_in_by_the_local_port(jupyter: Jupyter) -> None:
    with forwarded(jupyter, "mirror") as port:
        local = f"http://127.0.0.1:{port}/"
        for fields in ({"Host": f"evil.example:{port}"}, {"Origin": "http://evil.example"}):
            with pytest.raises(urllib.error.HTTPError) as refused:
                _ask(local, **fields)
            refused.value.close()
            assert refused.value.code == 403


def test_many_at_once_and_clients_that_leave(jupyter: Jupyter) -> None:
    with forwarded(jupyter, "mirror") as port:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port)) as leaving:
                leaving.sendall(b"GET / HTTP/1.1\r\nHost: localhost")
        uris: list[str] = []
        threads = [
            threading.Thread(
                target=lambda n=number: uris.append(
                    json.loads(_ask(f"http://localhost:{port}/{n}"))["uri"]
                )
            )
            for number in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(uris) == sorted(f"/{number}" for number in range(20))


def test_bytes_through_a_local_port(jupyter: Jupyter) -> None:
    with forwarded(jupyter, "raw") as port:
        asyncio.run(_echo(port, b"x" * 3_000_000))


async def _echo(port: int, data: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def send() -> None:
        writer.write(data)
        await writer.drain()

    _, received = await asyncio.gather(send(), reader.readexactly(len(data)))
    assert received == data
    writer.close()
    await writer.wait_closed()


def test_a_port_that_is_taken(jupyter: Jupyter) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(jupyter, "forward", "mirror", port)
    assert done.returncode == 6
    assert f"Port {port} of 127.0.0.1 cannot be had" in done.stderr


def test_forwarding_what_cannot_start(jupyter: Jupyter) -> None:
    assert run(jupyter, "forward", "failing").returncode == 1
    assert run(jupyter, "forward", "nope").returncode == 4


# --- small things ------------------------------------------------------------------------------


def _ask(url: str, data: bytes | None = None, **fields: str) -> bytes:
    request = urllib.request.Request(url, data, fields)
    with urllib.request.urlopen(request, timeout=60) as answer:
        body: bytes = answer.read()
        return body


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _until(is_so) -> None:
    """Asking takes long enough by itself."""
    for _ in range(200):
        if is_so():
            return
    raise AssertionError("it never was so")


def _lines_there_are(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    if select.select([process.stdout], [], [], 0.05)[0]:
        return [process.stdout.readline()]
    return []
