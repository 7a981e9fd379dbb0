"""A real Jupyter server, in which this package is installed."""

from __future__ import annotations

import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

PORT = re.compile(r"http://127\.0\.0\.1:(\d+)/")
SECONDS_TO_START = 60


@dataclass(frozen=True)
class Jupyter:
    """The server's address, without a scheme, and the header that logs in."""

    address: str
    login: dict[str, str]

    def ask(self, path: str, *, method: str = "GET", body: bytes | None = None) -> bytes:
        """Return the body of the answer. Raises HTTPError for a status of 400 or more."""
        url = f"http://{self.address}/{path}"
        request = Request(url, data=body, method=method, headers=self.login)
        with urlopen(request, timeout=60) as answer:
            return bytes(answer.read())


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """Start a Jupyter server on a free port and without anybody's settings; stop it at the end."""
    home = tmp_path_factory.mktemp("home")
    token = secrets.token_hex()
    kinds = ("CONFIG", "DATA", "RUNTIME")
    folders = {f"JUPYTER_{kind}_DIR": str(home / kind.lower()) for kind in kinds}
    options = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"]
    log = home / "jupyter.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *options],
            cwd=home,
            env={**os.environ, **folders, "JUPYTER_TOKEN": token},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        port = wait_for_port(process, log)
        yield Jupyter(f"127.0.0.1:{port}", {"Authorization": f"token {token}"})
    finally:
        process.terminate()
        process.wait()


def wait_for_port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Return the port that Jupyter listens on, as soon as it does."""
    deadline = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < deadline:
        if (found := PORT.search(log.read_text())) and is_listening(port := int(found[1])):
            return port
        time.sleep(0.05)
    pytest.fail(f"Jupyter did not start:\n{log.read_text()}")


def is_listening(port: int) -> bool:
    """Return whether somebody accepts connections there."""
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True
