"""Unix sockets for children: private directories, and paths that somebody configured.

Quick file system calls and one connect to a local socket, which never waits. No ports here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import stat
import tempfile
from dataclasses import dataclass

from .child import SpawnRefused

# The address of a unix socket holds 104 bytes on macOS and 108 on Linux, one of them a NUL.
LONGEST_PATH = 100
_NAME = "s"
_PREFIX = "jsp-"


@dataclass(frozen=True, slots=True)
class SocketDirectory:
    """A directory that only this user can enter, with the place for one socket in it."""

    path: str

    @property
    def socket(self) -> str:
        """Where the child shall listen."""
        return os.path.join(self.path, _NAME)

    def remove(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)


def make_socket_directory() -> SocketDirectory:
    """A new one (mode 0700), below the runtime directory if the path stays short enough.

    Raises SpawnRefused.
    """
    problems = []
    for parent in (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"):  # noqa: S108 - mkdtemp makes it private
        if not parent or len(os.fsencode(parent)) + len(_PREFIX) + 12 > LONGEST_PATH:
            continue
        try:
            return SocketDirectory(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        except OSError as problem:
            problems.append(f"{parent}: {problem.strerror}")
    raise SpawnRefused(f"no directory for a unix socket can be made ({'; '.join(problems)})")


def claim_socket_path(path: str) -> None:
    """Make sure that a child can listen at `path`: what a dead one left behind is removed.

    Raises SpawnRefused when that cannot be.
    """
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise SpawnRefused(f"the unix_socket path {path!r} is longer than {LONGEST_PATH} bytes")
    parent = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(parent):
        raise SpawnRefused(f"the directory {parent!r} of the unix_socket does not exist")
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise SpawnRefused(f"{path!r} is there already and is not a socket")
    if is_listened_on(path):
        raise SpawnRefused(f"another program listens on the unix_socket {path!r} already")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def is_listened_on(path: str) -> bool:
    """Whether connections to `path` are accepted, or would be if there were room or leave."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
        return True
