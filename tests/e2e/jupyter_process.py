"""A real Jupyter server in a process of its own, and the certainty that nothing outlives it.

Every process started under it carries a mark in its environment, so survivors are found
wherever they have gone: another session, another parent, another process group.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn
from urllib.parse import parse_qs, urlsplit

import psutil

_MARK = "JUPYTER_SERVER_PROXY_TEST_MARK"
_CONFIG = Path(__file__).parent / "jupyter_config.py"
# Without this, JupyterLab asks whether it may fetch news, on top of everything else.
_LAB_SETTINGS = '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}'
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/\S*[?&]token=\w+")


class JupyterProcess:
    """Starts `command` and waits until it has printed its address with the token.

    On SIGINT Jupyter shuts down in good order only when a person may have sent it, that is when
    its input is a `terminal`; otherwise it just ends.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        env: Mapping[str, str],
        terminal: bool = False,
    ) -> None:
        self.log = folder / "jupyter.log"
        self._mark = uuid.uuid4().hex
        self._ready = threading.Event()
        keyboard, stdin = os.openpty() if terminal else (-1, subprocess.DEVNULL)
        self._descriptors = [keyboard, stdin] if terminal else []
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # So it is where the tests run in a shell's background, and children would inherit it.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **env, _MARK: self._mark},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._copy_output, daemon=True)
        self._reader.start()
        if not self._ready.wait(60) or not self._address:
            self._give_up("did not start")
        self._wait_until_listening()

    _address = ""

    def _copy_output(self) -> None:
        """Keep the pipe empty, keep the log, and notice the address."""
        assert self.process.stdout is not None
        with self.log.open("w") as log, self.process.stdout as output:
            for line in output:
                log.write(line)
                log.flush()
                if not self._address and (found := _ADDRESS.search(line)):
                    self._address = found.group()
                    self._ready.set()
        self._ready.set()

    def _wait_until_listening(self) -> None:
        """Jupyter prints its address a moment before anybody can connect to it."""
        parts = urlsplit(self._address)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                socket.create_connection((str(parts.hostname), int(parts.port or 0))).close()
            except ConnectionRefusedError:
                time.sleep(0.05)
            else:
                return
        self._give_up("does not listen")

    def _give_up(self, problem: str) -> NoReturn:
        self.kill()
        raise AssertionError(f"Jupyter {problem}:\n{self.output()}")

    @property
    def url(self) -> str:
        """The base URL, ending with a slash."""
        parts = urlsplit(self._address)
        return f"{parts.scheme}://{parts.netloc}/"

    @property
    def token(self) -> str:
        """What a person would paste to log in."""
        return parse_qs(urlsplit(self._address).query)["token"][0]

    def output(self) -> str:
        """All that Jupyter has printed so far."""
        return self.log.read_text() if self.log.exists() else ""

    def interrupt(self) -> None:
        """What Ctrl-C does to the process in the foreground."""
        self.process.send_signal(signal.SIGINT)

    def terminate(self) -> None:
        """What a service manager does."""
        self.process.terminate()

    def wait(self, seconds: float = 40) -> int:
        """The exit code, once it has ended by itself."""
        return self.process.wait(seconds)

    def stop(self) -> list[str]:
        """End it as a service manager would; the command lines of what outlived it."""
        try:
            self.terminate()
            self.wait()
            return self.survivors()
        finally:
            self.kill()

    def marked(self) -> list[psutil.Process]:
        """Every living process that was started by this Jupyter, itself included."""
        return [process for process in psutil.process_iter() if self._has_mark(process)]

    def _has_mark(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return process.environ().get(_MARK) == self._mark
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False

    def survivors(self) -> list[str]:
        """What is still alive although Jupyter has ended, as command lines."""
        return [_command_line(process) for process in self._alive_after(3)]

    def _alive_after(self, seconds: float) -> list[psutil.Process]:
        psutil.wait_procs(self.marked(), timeout=seconds)
        return self.marked()

    def kill(self) -> None:
        """Remove everything at once, so that a failed test leaves nothing behind."""
        for process in self.marked():
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._reader.join(10)
        while self._descriptors:
            os.close(self._descriptors.pop())


def _command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return f"process {process.pid}, gone a moment later"


def start_jupyter(
    folder: Path,
    *,
    config: Path = _CONFIG,
    python: Path | str = sys.executable,
    env: Mapping[str, str] | None = None,
) -> JupyterProcess:
    """The JupyterLab (and Notebook 7) of `python`, with the services of `config`, whatever its
    packages bring, and nothing personal."""
    work = folder / "work"
    work.mkdir()
    overrides = folder / "config" / "labconfig" / "default_setting_overrides.json"
    overrides.parent.mkdir(parents=True)
    overrides.write_text(_LAB_SETTINGS)
    settings = {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "share"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
        "NO_COLOR": "1",
    }
    command = [
        *(str(python), "-m", "jupyterlab", f"--config={config}"),
        f"--ServerApp.root_dir={work}",
        *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", "--ServerApp.open_browser=False"),
        *("--ServerApp.allow_root=True", "--ServerApp.answer_yes=True"),
        "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    return JupyterProcess(command, folder, env={**settings, **(env or {})})
