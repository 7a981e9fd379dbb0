"""Starting programs, stopping all of them, and reading their memory.

Every program gets its own session and a parent-death signal, so that nothing is left
running even when the benchmark itself is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from .model import CannotMeasureError

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_STOP_GRACE = 5.0
_LIBC = ctypes.CDLL(None)


@dataclass(frozen=True, slots=True)
class Program:
    """A running program and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def family(self) -> list[psutil.Process]:
        """The process and all below it."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def rss(self) -> int:
        """Bytes now, of the whole family."""
        return sum(one.memory_info().rss for one in self.family())

    def cpu(self) -> float:
        """Seconds of processor time so far, of the whole family."""
        times = [one.cpu_times() for one in self.family()]
        return sum(one.user + one.system for one in times)

    def is_running(self) -> bool:
        return self.process.poll() is None

    def check(self) -> None:
        """Raises CannotMeasureError when it has ended."""
        if not self.is_running():
            raise CannotMeasureError(f"{self.name} ended: {self.tail()}")

    def tail(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(
    name: str, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """The program while the block runs; its whole process group is gone afterwards."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            # Not ours: `python -m` would put this source tree on the path of the released package.
            cwd=log.parent,
            start_new_session=True,
            # Only the main thread starts programs, and it lives as long as they may.
            preexec_fn=_die_with_parent,  # noqa: PLW1509
        )
    try:
        yield Program(name, process, log)
    finally:
        _stop(process)


def wait_listening(program: Program, port: int, *, timeout: float = 60.0) -> None:
    """Returns once 127.0.0.1:`port` accepts; raises CannotMeasureError if it never does."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        program.check()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise CannotMeasureError(f"{program.name} did not listen within {timeout:g} s")


def forget_peak(program: Program) -> None:
    """Starts a new peak of resident memory for each process of the family (proc(5), clear_refs)."""
    for one in program.family():
        Path(f"/proc/{one.pid}/clear_refs").write_text("5")


def peak_rss(program: Program) -> int:
    """Bytes: the sum of each process's peak since `forget_peak` (or since its start)."""
    return sum(_peak(one.pid) for one in program.family())


def _peak(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_GRACE)
            break
    # Members that outlived their leader.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
