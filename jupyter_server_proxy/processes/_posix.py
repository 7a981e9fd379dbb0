"""A child on Linux and macOS: started through its guardian (see `_guard.py`).

Jupyter's own signal handling is not touched: no SIGCHLD handler, no child watcher, no thread per
child. The guardian is an ordinary child of Jupyter, everything else is the guardian's.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import socket
import subprocess
import sys

from ._guard import descendants
from .child import Ended, Launch, SpawnRefused, SpawnRequest
from .marker import MARKER, end_marked, new_marker

_SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_guard.py")
# For the guardian's interpreter to start and for exec, on a very slow file system.
_SPAWN_PATIENCE = 60.0
_END_PATIENCE = 5.0


class _Listener(asyncio.Protocol):
    """Collects what the guardian says until it is gone."""

    def __init__(self) -> None:
        self.text = bytearray()
        self.is_over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.text += data

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.is_over.done():
            self.is_over.set_result(None)


class PosixChild:
    """One guardian and what lives below it."""

    def __init__(
        self, guardian: subprocess.Popen[bytes], control: socket.socket, pid: int, marker: str
    ) -> None:
        self._guardian = guardian
        self._control = control
        self._pid = pid
        self._marker = marker

    def __repr__(self) -> str:
        return f"<PosixChild {self._pid} guarded by {self._guardian.pid}>"

    @property
    def pid(self) -> int:
        """The command's own process."""
        return self._pid

    def terminate(self) -> None:
        """Send the stop signal to the process group. Never waits, never raises."""
        self._command(b"T")

    def kill(self) -> None:
        """Kill the whole tree. Never waits, never raises."""
        self._command(b"K")

    def tree(self) -> frozenset[int]:
        """The pids that belong to it now, orphans and other sessions included. For a thread."""
        return frozenset(descendants(self._guardian.pid))

    async def wait(self) -> Ended:
        """Wait until nothing of the tree is left; may be called once."""
        loop = asyncio.get_running_loop()
        transport, listener = await loop.create_unix_connection(_Listener, sock=self._control)
        try:
            await listener.is_over
        finally:
            transport.close()
        await asyncio.to_thread(self._bury)
        said = dict(line.split(" ", 1) for line in listener.text.decode().splitlines())
        code = said.get("exit")
        return Ended(
            returncode=int(code) if code is not None else None,
            left=tuple(map(int, said.get("left", "").split())),
        )

    def _bury(self) -> None:
        """Reap the guardian; if it did not end by itself, do its work."""
        if self._guardian.wait() != 0:
            end_marked(self._marker)

    def _command(self, byte: bytes) -> None:
        with contextlib.suppress(OSError):  # a guardian that is gone has nothing left to end
            self._control.send(byte)


def spawn(request: SpawnRequest) -> PosixChild:
    """Start the command of `request`.

    Blocks for some 20 ms: for a thread. Raises SpawnRefused.
    """
    ours, theirs = socket.socketpair()
    marker, environment = new_marker(request.launch.env)
    with theirs:
        guardian = _start_guardian(theirs, request.output)
    try:
        ours.settimeout(_SPAWN_PATIENCE)
        ours.sendall(_encoded(request, environment))
        pid = _read_verdict(ours, request.launch)
    except (OSError, SpawnRefused) as problem:
        ours.close()  # which the guardian takes for Jupyter's end
        _await_end(guardian)
        if isinstance(problem, SpawnRefused):
            raise
        raise SpawnRefused(f"the guardian process failed: {problem}") from problem
    ours.setblocking(False)
    return PosixChild(guardian, ours, pid, marker)


def _start_guardian(control: socket.socket, output: int) -> subprocess.Popen[bytes]:
    # By descriptor and not by path, so that whoever kills everything with "jupyter" in its
    # command line does not kill those who clean up after exactly that.
    script = os.open(_SCRIPT, os.O_RDONLY)
    try:
        return subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", "-B", f"/dev/fd/{script}"),
                *(str(os.getpid()), str(script), "proxy-guardian"),
            ],
            env={key: value for key, value in os.environ.items() if key != MARKER},
            cwd="/",
            stdin=control.fileno(),
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=(script,),
        )
    except OSError as problem:
        raise SpawnRefused(f"no process can be started: {problem.strerror}") from problem
    finally:
        os.close(script)


def _await_end(guardian: subprocess.Popen[bytes]) -> None:
    try:
        guardian.wait(_END_PATIENCE)
    except subprocess.TimeoutExpired:  # it hangs in a dead file system, before the exec
        guardian.kill()


def _encoded(request: SpawnRequest, environment: dict[str, str]) -> bytes:
    """The request as `_guard.read_request` reads it. Raises SpawnRefused for a NUL byte."""
    launch = request.launch
    fields = [str(request.stop_signal), str(request.grace), launch.cwd or _current_directory()]
    for items in (
        launch.argv,
        [f"{key}={value}" for key, value in environment.items()],
        request.remove,
    ):
        fields += [str(len(items)), *items]
    if any("\0" in field for field in fields):
        raise SpawnRefused("the command or its environment holds a NUL character")
    data = b"\0".join(map(os.fsencode, fields))
    return b"%010d" % len(data) + data


def _current_directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:  # removed under Jupyter's feet
        return "/"


def _read_verdict(control: socket.socket, launch: Launch) -> int:
    """The child's pid from the guardian's first line. Raises SpawnRefused."""
    line = b""
    while not line.endswith(b"\n"):
        byte = control.recv(1)  # one at a time: what follows is `wait`'s
        if not byte:
            raise SpawnRefused("the guardian process ended at once")
        line += byte
    word, _, rest = line.decode().strip().partition(" ")
    if word == "pid":
        return int(rest)
    number, _, doing = rest.partition(" ")
    raise SpawnRefused(_refusal(int(number), doing, launch))


def _refusal(number: int, doing: str, launch: Launch) -> str:
    if doing == "cwd":
        return f"the working directory {launch.cwd!r} cannot be entered: {os.strerror(number)}"
    program = launch.argv[0]
    if number != errno.ENOENT:
        return f"{program!r} cannot be run: {os.strerror(number)}"
    if shutil.which(program, path=launch.env.get("PATH")):
        return f"{program!r} cannot be run: the interpreter in its first line is missing"
    return f"there is no program {program!r} (searched in PATH of the service's environment)"
