"""A child on Windows: a process group of its own, in a job that dies with Jupyter.

Never imported elsewhere. Not covered by the test suite, which runs on Linux: kept small for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import signal
import subprocess
import sys

import psutil

from .child import Ended, SpawnRefused, SpawnRequest
from .marker import new_marker

assert sys.platform == "win32"

_KILL_ON_JOB_CLOSE = 0x2000
_EXTENDED_LIMIT_INFORMATION = 9
# Size of JOBOBJECT_EXTENDED_LIMIT_INFORMATION, and where its LimitFlags stand, on 64 bits.
_LIMITS_SIZE, _FLAGS_OFFSET = 144, 16


def _join_job(process: subprocess.Popen[bytes]) -> int:
    """Put `process` and all it will start into a job that ends when Jupyter's handle closes."""
    kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel32.CreateJobObjectW.restype = ctypes.c_void_p
    job = kernel32.CreateJobObjectW(None, None)
    limits = ctypes.create_string_buffer(_LIMITS_SIZE)
    ctypes.c_uint32.from_buffer(limits, _FLAGS_OFFSET).value = _KILL_ON_JOB_CLOSE
    kernel32.SetInformationJobObject(
        ctypes.c_void_p(job), _EXTENDED_LIMIT_INFORMATION, limits, _LIMITS_SIZE
    )
    handle = ctypes.c_void_p(int(process._handle))  # type: ignore[attr-defined]  # noqa: SLF001 - the only way to it
    kernel32.AssignProcessToJobObject(ctypes.c_void_p(job), handle)
    return int(job)


class WindowsChild:
    """A process and the job around it."""

    def __init__(self, process: subprocess.Popen[bytes], job: int) -> None:
        self._process = process
        self._job = job

    @property
    def pid(self) -> int:
        """The command's own process."""
        return self._process.pid

    def terminate(self) -> None:
        """Send Ctrl-Break to the process group. Never waits, never raises."""
        with contextlib.suppress(OSError):
            self._process.send_signal(signal.CTRL_BREAK_EVENT)

    def kill(self) -> None:
        """Kill the whole tree. Never waits, never raises."""
        ctypes.WinDLL("kernel32").TerminateJobObject(ctypes.c_void_p(self._job), 1)

    def tree(self) -> frozenset[int]:
        """The pids that belong to it now."""
        try:
            below = psutil.Process(self.pid).children(recursive=True)
        except psutil.Error:
            below = []
        return frozenset({self.pid, *(process.pid for process in below)})

    async def wait(self) -> Ended:
        """Wait until the command has ended, then end what it left; may be called once."""
        code = await asyncio.to_thread(self._process.wait)
        self.kill()
        ctypes.WinDLL("kernel32").CloseHandle(ctypes.c_void_p(self._job))
        return Ended(code)


def spawn(request: SpawnRequest) -> WindowsChild:
    """Start the command of `request`. Raises SpawnRefused."""
    _, environment = new_marker(request.launch.env)
    try:
        process = subprocess.Popen(
            list(request.launch.argv),
            env=environment,
            cwd=request.launch.cwd,
            stdin=subprocess.DEVNULL,
            stdout=request.output,
            stderr=request.output,
            creationflags=subprocess.CREATE_NEW_PROCESS_GROUP,
        )
    except OSError as problem:
        raise SpawnRefused(f"{request.launch.argv[0]!r} cannot be run: {problem}") from problem
    return WindowsChild(process, _join_job(process))
