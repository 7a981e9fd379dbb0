"""A real Jupyter server in a process of its own, with nothing of the person who runs the tests."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from .message import PATIENCE

MARK = "JUPYTER_SERVER_PROXY_TEST_SERVER"
# Set by tests/conftest.py to find what a test leaves behind; a server outlives its first test.
RUN_MARK = "JUPYTER_SERVER_PROXY_TEST_RUN"

# Others only cost time here.
_EXTENSIONS = {
    "jupyter_server_proxy": True,
    "jupyter_lsp": False,
    "jupyter_server_terminals": False,
    "jupyterlab": False,
    "notebook": False,
    "notebook_shim": False,
}
_PREAMBLE = """
import sys
c = get_config()
PORTS = {ports!r}
FOLDER = {folder!r}
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.port = 0
c.ServerApp.open_browser = False
c.ServerApp.allow_root = True
c.ServerApp.base_url = {base_url!r}
c.IdentityProvider.token = {token!r}
"""
# What Python says when an error found nobody to handle it.
_UNHANDLED = ("Traceback (most recent call last)", "was never awaited", "was never retrieved")


@dataclass
class Jupyter:
    """A running server. `sockets` are the listening ones that its configuration names."""

    process: subprocess.Popen[bytes]
    folder: Path
    log_path: Path
    mark: str
    token: str
    sockets: Mapping[str, socket.socket]
    scheme: str = ""
    host: str = ""
    port: int = 0
    base_url: str = "/"
    # What a browser that has logged in sends, "name=value".
    cookie: str = ""
    # How many tracebacks the tests have provoked on purpose.
    expected_tracebacks: int = 0

    @property
    def netloc(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The base URL, ending with a slash."""
        return f"{self.scheme}://{self.netloc}{self.base_url}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    # --- what it holds ---

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def rss(self) -> int:
        """Bytes of memory it has now."""
        resident: int = psutil.Process(self.pid).memory_info().rss
        return resident

    async def holds_no_more_than(self, descriptors: int) -> None:
        """Wait until it has let go of what it opened."""
        deadline = time.monotonic() + PATIENCE
        while (count := self.descriptors()) > descriptors:
            assert time.monotonic() < deadline, f"{count} descriptors, not {descriptors}"
            await asyncio.sleep(0.02)

    def marked(self) -> list[str]:
        """The command lines of all living processes that it has started, itself included."""
        wanted = f"{MARK}={self.mark}".encode()
        found = []
        for process in psutil.process_iter():
            try:
                environment = Path(f"/proc/{process.pid}/environ").read_bytes()
                if wanted in environment.split(b"\0"):
                    found.append(f"{process.pid}: {' '.join(process.cmdline())}")
            except (OSError, psutil.Error):
                continue
        return found

    # --- its life ---

    def wait_until_listening(self) -> None:
        info = self.folder / "runtime" / f"jpserver-{self.pid}.json"
        deadline = time.monotonic() + PATIENCE
        while not self._read_info(info):
            ended = self.process.poll() is not None
            assert not ended, f"Jupyter has ended:\n{self.log()}"
            assert time.monotonic() < deadline, f"Jupyter does not listen:\n{self.log()}"
            time.sleep(0.05)

    def log_in(self) -> None:
        """Get the cookie that Jupyter gives to whoever comes with the token."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}api/me", headers=headers)
        no_checks = ssl.create_default_context()
        no_checks.check_hostname = False
        no_checks.verify_mode = ssl.CERT_NONE
        with urllib.request.urlopen(request, timeout=PATIENCE, context=no_checks) as response:
            cookies = response.headers.get_all("Set-Cookie")
        (self.cookie,) = [cookie.partition(";")[0] for cookie in cookies]

    def _read_info(self, info: Path) -> bool:
        try:
            known = json.loads(info.read_text())
        except (OSError, ValueError):
            return False
        url = urlsplit(known["url"])
        self.scheme, self.host, self.port = url.scheme, str(url.hostname), int(known["port"])
        self.base_url = known["base_url"]
        return True

    def stop(self) -> None:
        """End it as a service manager would, and see that nothing of it is left."""
        try:
            self.process.send_signal(signal.SIGTERM)
            code = self.process.wait(PATIENCE)
            left = self._survivors()
        finally:
            self._kill_all()
        assert code == 0, f"Jupyter ended with code {code}:\n{self.log()}"
        assert not left, f"still there after Jupyter has ended: {left}"
        self._check_log()

    def _survivors(self) -> list[str]:
        deadline = time.monotonic() + 10
        while (left := self.marked()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def _kill_all(self) -> None:
        for line in self.marked():
            try:
                os.kill(int(line.partition(":")[0]), signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(PATIENCE)
        for held in self.sockets.values():
            held.close()

    def _check_log(self) -> None:
        log = self.log()
        found = sum(log.count(sign) for sign in _UNHANDLED)
        assert found == self.expected_tracebacks, f"errors that nobody handled:\n{log}"
        assert self.token not in log, f"the token is in the log:\n{log}"


def start_jupyter(
    folder: Path,
    config: str = "",
    *,
    ports: Sequence[str] = (),
    base_url: str = "/",
    env: Mapping[str, str] | None = None,
    extensions: Mapping[str, bool] | None = None,
    python: str = sys.executable,
) -> Jupyter:
    """A server with `config`, the text of a Python configuration file.

    In it are `c`, `sys`, `FOLDER` (private to this server) and `PORTS`: for each name in `ports`
    the port of a socket that listens already and is in `sockets` for a backend to take.
    `extensions` says which Jupyter extensions are loaded besides, or instead of, this one.
    `python` is the interpreter of the installation that is started.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sockets = {name: _listening_socket() for name in ports}
    token = secrets.token_hex(16)
    _write_configuration(folder, config, token=token, base_url=base_url, sockets=sockets)
    _write_extensions(folder, {**_EXTENSIONS, **(extensions or {})})
    mark = secrets.token_hex(8)
    log_path = folder / "jupyter.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [python, "-m", "jupyter", "server"],
            cwd=folder / "work",
            env=_environment(folder, {**(env or {}), MARK: mark}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    jupyter = Jupyter(process, folder, log_path, mark, token, sockets)
    try:
        jupyter.wait_until_listening()
        jupyter.log_in()
        assert "failed loading" not in jupyter.log(), jupyter.log()
    except BaseException:
        jupyter._kill_all()
        raise
    return jupyter


def _listening_socket() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    return listener


def _write_configuration(
    folder: Path,
    config: str,
    *,
    token: str,
    base_url: str,
    sockets: Mapping[str, socket.socket],
) -> None:
    for name in ("config", "data", "runtime", "work", "ipython"):
        (folder / name).mkdir(exist_ok=True)
    ports = {name: listener.getsockname()[1] for name, listener in sockets.items()}
    preamble = _PREAMBLE.format(ports=ports, folder=str(folder), base_url=base_url, token=token)
    (folder / "config" / "jupyter_server_config.py").write_text(preamble + config)


def _write_extensions(folder: Path, extensions: Mapping[str, bool]) -> None:
    settings = {"ServerApp": {"jpserver_extensions": extensions}}
    (folder / "config" / "jupyter_server_config.json").write_text(json.dumps(settings))


def _environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name != RUN_MARK and not name.startswith(("JUPYTER", "JPY_"))
    }
    return {
        **inherited,
        "HOME": str(folder),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "0",
        "PYTHONUNBUFFERED": "1",
        **more,
    }
