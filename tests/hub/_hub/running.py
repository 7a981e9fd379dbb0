"""A real JupyterHub with its real proxy, and the certainty that nothing outlives it.

Whatever is started below it carries a mark in its environment; `survivors` looks for that.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx
import psutil

CONFIG = Path(__file__).with_name("jupyterhub_config.py")
MARK = "JUPYTER_SERVER_PROXY_HUB_MARK"
PATIENCE = 60.0


@dataclass(kw_only=True)
class Settings:
    """What differs between Hubs; `jupyterhub_config.py` reads it.

    A server runs `command`, `options` and `application`; a test may start one with others of
    the last two. With a `recipe`, more configuration, that says what servers run.
    """

    folder: str
    proxy: list[str]
    command: list[str]
    options: list[str] = field(default_factory=list)
    application: list[str] = field(default_factory=list)
    recipe: str = ""
    python: str = sys.executable
    base_url: str = "/hub-prefix/"
    default_url: str = ""
    internal_ssl: bool = False
    cleanup_servers: bool = True
    culled_group: str = ""
    cull_after: int = 8
    start_timeout: int = 40
    port: int = 0
    hub_port: int = 0
    proxy_port: int = 0
    environment: dict[str, str] = field(default_factory=dict)
    password: str = field(default_factory=secrets.token_hex)
    token: str = field(default_factory=secrets.token_hex)
    friend_token: str = field(default_factory=secrets.token_hex)
    stranger_token: str = field(default_factory=secrets.token_hex)
    proxy_token: str = field(default_factory=secrets.token_hex)


class RunningHub:
    """`url` ends with the Hub's base URL, where everybody comes in."""

    process: subprocess.Popen[bytes]

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = Path(settings.folder)
        self.log_path = self.folder / "hub.log"
        self.mark = secrets.token_hex(8)
        settings.environment.update({MARK: self.mark, **_same_python()})
        settings.port, settings.hub_port, settings.proxy_port = free_ports(3)

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    @property
    def base_url(self) -> str:
        return self.settings.base_url

    @property
    def url(self) -> str:
        return self.site + self.base_url

    def log(self) -> str:
        """All that the Hub, its proxy and the servers have printed."""
        return self.log_path.read_text(errors="replace")

    # --- its life ---

    def start(self) -> None:
        """Start it, and wait until it answers through its proxy."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [self.settings.python, "-m", "jupyterhub", f"--config={CONFIG}"],
                cwd=self.folder,
                env={
                    **{n: v for n, v in os.environ.items() if not n.startswith("JUPYTERHUB")},
                    "HUB_TESTS_SETTINGS": json.dumps(asdict(self.settings)),
                    "PYTHONUNBUFFERED": "1",
                    MARK: self.mark,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._is_ready():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}hub/api/", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def kill_alone(self) -> None:
        """As by an out-of-memory killer: only the Hub itself, at once."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def end(self) -> None:
        """As a service manager does. By default the Hub stops its servers then."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)

    # --- what runs below it ---

    def marked(self, user: str = "", server: str | None = None) -> list[psutil.Process]:
        """Living processes below it, or those of the server of a user only."""
        wanted = {MARK: self.mark}
        if user:
            wanted["JUPYTERHUB_USER"] = user
        if server is not None:
            wanted["JUPYTERHUB_SERVER_NAME"] = server
        return [it for it in psutil.process_iter() if wanted.items() <= environment(it).items()]

    def applications(self, user: str, server: str | None = None) -> list[psutil.Process]:
        """Those of them that the server has started, rather than itself."""
        own = self.settings.command[0]
        return [it for it in self.marked(user, server) if own not in command_line(it)]

    def survivors(self) -> list[str]:
        """The command lines of what has not ended with it, after a moment."""
        _, alive = psutil.wait_procs(self.marked(), timeout=5)
        return [command_line(process) for process in alive]

    def clean_up(self) -> None:
        """Kill everything, so that a failed test leaves nothing."""
        for process in self.marked():
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self.process.wait(PATIENCE)


def _same_python() -> dict[str, str]:
    """Servers get nothing of the Hub's own variables, but have to find the same packages."""
    return {name: value for name in ("PYTHONPATH",) if (value := os.environ.get(name))}


def _same_python() -> dict[str, str]:
    """Servers get nothing of the Hub's own variables, but have to find the same packages."""
    return {name: value for name in ("PYTHONPATH",) if (value := os.environ.get(name))}


def is_started_by(process: psutil.Process, parent: int) -> bool:
    try:
        return process.ppid() == parent
    except psutil.NoSuchProcess:
        return False


def environment(process: psutil.Process) -> dict[str, str]:
    """Its variables; none for one that is ending."""
    try:
        return {} if process.status() == psutil.STATUS_ZOMBIE else process.environ()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return {}


def command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return f"process {process.pid}, gone a moment later"


def free_ports(count: int) -> list[int]:
    """Different ones, free a moment ago. A Hub cannot be told to take whatever is free."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [it.getsockname()[1] for it in sockets]
    for it in sockets:
        it.close()
    return ports


@contextmanager
def running_hub(settings: Settings) -> Iterator[RunningHub]:
    """One that is ended in good order, and has left nothing running then."""
    hub = RunningHub(settings)
    try:
        hub.start()
        yield hub
        hub.end()
        left = hub.survivors()
    finally:
        hub.clean_up()
    assert left == [], f"left behind after SIGTERM: {left}"
