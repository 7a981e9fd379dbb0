"""jupyter-sshd-proxy with Debian's OpenSSH: a shell on the machine of Jupyter, over a raw stream
behind a websocket, without any port that others could reach."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from installed import ask_jupyter, jupyter_of
from jupyter_process import JupyterProcess

pytestmark = pytest.mark.timeout(400)

_MUCH = 50_000_000
_USER = pwd.getpwuid(os.getuid())
_PROXY_COMMAND = Path(__file__).with_name("through_websocket.py")


@pytest.fixture(scope="module")
def key() -> Iterator[Path]:
    """A key pair, in a place where sshd believes it: nobody else may write to any folder above."""
    if missing := [name for name in ("ssh", "ssh-keygen", "sshd") if not which(name)]:
        pytest.skip(f"NO SSH: {', '.join(missing)} not installed")
    with tempfile.TemporaryDirectory(dir=_USER.pw_dir, prefix=".jupyter-sshd-") as folder:
        path = Path(folder) / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        yield path


def which(program: str) -> str | None:
    """Ordinary users do not have the folder of servers on their PATH."""
    return shutil.which(program, path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")


@pytest.fixture(scope="module")
def clients() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Those that stay connected until Jupyter is stopped, which must end them."""
    clients: list[subprocess.Popen[bytes]] = []
    yield clients
    for client in clients:
        with client:
            client.wait(30)


@pytest.fixture(scope="module")
def jupyter(
    key: Path, clients: list[subprocess.Popen[bytes]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JupyterProcess]:
    if os.getuid() == 0:
        # What Debian's service would make.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    folder = tmp_path_factory.mktemp("sshd")
    env = {"JUPYTER_SSHD_PROXY_AUTHORIZED_KEYS_PATH": f"{key}.pub"}
    with jupyter_of("programs", folder, env=env) as jupyter:
        yield jupyter
    assert sessions(key) == []


def sessions(key: Path) -> list[int]:
    """What the last test has started on the other side. sshd gives it an environment of its own,
    so it is recognised by its last argument."""
    processes = psutil.process_iter(["cmdline"])
    return [
        process.pid for process in processes if (process.info["cmdline"] or [""])[-1] == str(key)
    ]


def ssh(jupyter: JupyterProcess, key: Path, command: str) -> list[str]:
    """The command line that runs `command` on the other side."""
    url = jupyter.url.replace("http", "ws") + "sshd/"
    through = shlex.join([sys.executable, str(_PROXY_COMMAND), url])
    options = {
        "ProxyCommand": through,
        "IdentityFile": str(key),
        "IdentitiesOnly": "yes",
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        "BatchMode": "yes",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return ["ssh", "-F", "none", "-T", *words, f"{_USER.pw_name}@jupyter", command]


def environment(jupyter: JupyterProcess) -> dict[str, str]:
    return {**os.environ, "JUPYTER_TOKEN": jupyter.token}


def run(jupyter: JupyterProcess, key: Path, command: str, *, sent: bytes = b"") -> bytes:
    """What `command` prints on the other side."""
    line = ssh(jupyter, key, command)
    done = subprocess.run(
        line, input=sent, capture_output=True, timeout=300, env=environment(jupyter), check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_fifty_million_bytes_come_out(jupyter: JupyterProcess, key: Path) -> None:
    received = run(jupyter, key, f"head -c {_MUCH} /dev/zero")
    assert len(received) == _MUCH
    assert not received.strip(b"\0")


def test_what_is_sent_arrives(jupyter: JupyterProcess, key: Path) -> None:
    sent = os.urandom(5_000_000)
    assert run(jupyter, key, "cat", sent=sent) == sent


def test_exit_code_is_the_commands(jupyter: JupyterProcess, key: Path) -> None:
    line = ssh(jupyter, key, "exit 37")
    assert subprocess.run(line, env=environment(jupyter), check=False).returncode == 37


def test_page_visit_is_told_that_there_is_no_page(jupyter: JupyterProcess) -> None:
    assert ask_jupyter(jupyter, "sshd/").status == 405


def test_session_is_open_when_jupyter_is_stopped(
    jupyter: JupyterProcess, key: Path, clients: list[subprocess.Popen[bytes]]
) -> None:
    """What is left of it is looked for when this module is done."""
    waiting = "import time; print(1, flush=True); time.sleep(1000)"
    line = ssh(jupyter, key, f"exec {sys.executable} -c '{waiting}' {key}")
    client = subprocess.Popen(
        line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment(jupyter)
    )
    clients.append(client)
    assert client.stdout is not None
    assert client.stdout.readline() == b"1\n"
    assert sessions(key)
