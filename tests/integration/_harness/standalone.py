"""A standalone proxy in a process of its own; to clients of the tests it is like a Jupyter."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from .message import PATIENCE

LISTENING = re.compile(r"Listening at https?://([^:/]+):(\d+)")


@dataclass
class Standalone:
    """A running one. `cookie` is sent by `client.fetch` unless a test says otherwise."""

    process: subprocess.Popen[bytes]
    log_path: Path
    base_url: str
    host: str = ""
    port: int = 0
    cookie: str = "theme=dark"

    @property
    def netloc(self) -> str:
        return f"{self.host}:{self.port}"

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    async def wait_until_listening(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not (found := LISTENING.search(self.log())):
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            await asyncio.sleep(0.02)
        self.host, self.port = found[1], int(found[2])

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(number)
        return await ended(self.process)


async def ended(process: subprocess.Popen[bytes]) -> int:
    return await asyncio.to_thread(process.wait, PATIENCE)


def start(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> tuple[subprocess.Popen[bytes], Path]:
    """The process, and the file that its output goes to."""
    log_path = folder / "standalone.log"
    inherited = {n: v for n, v in os.environ.items() if not n.startswith("JUPYTERHUB")}
    own = {"HOME": str(folder), "JUPYTER_CONFIG_DIR": str(folder), "PYTHONUNBUFFERED": "1"}
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server_proxy.standalone", *arguments],
            cwd=folder,
            env={**inherited, **own, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return process, log_path


@asynccontextmanager
async def standalone(
    folder: Path, *arguments: str, base_url: str = "/", env: Mapping[str, str] | None = None
) -> AsyncIterator[Standalone]:
    """One that listens on a free port until the end of the block."""
    process, log_path = start(folder, *arguments, env=env)
    running = Standalone(process, log_path, base_url)
    try:
        await running.wait_until_listening()
        yield running
    finally:
        if process.poll() is None:
            await running.end()
    log = running.log()
    assert "Traceback" not in log, log
