"""Whose listening socket is it: the child's tree, somebody else's, or impossible to say.

Reads /proc on Linux and asks psutil elsewhere. Slow (milliseconds): for a thread, not for the
event loop. It never connects and never fails: what cannot be seen is `UNKNOWN`.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum

import psutil

_LISTEN = "0A"
_TABLES = ("/proc/self/net/tcp", "/proc/self/net/tcp6")
# They listen for programs in containers that the child may have asked a daemon to start.
_FORWARDERS = frozenset({"docker-proxy", "rootlessport", "slirp4netns", "pasta", "conmon"})


class Ownership(Enum):
    """What can be said about a listener."""

    OURS = "belongs to the child's tree"
    FOREIGN = "belongs to another program of which we know the name"
    UNKNOWN = "cannot be looked into: another user's, or in another namespace"


@dataclass(frozen=True, slots=True)
class Listener:
    """Who listens on a port. `pid` 0 and `name` "" when that cannot be seen."""

    ownership: Ownership
    pid: int = 0
    name: str = ""

    def __str__(self) -> str:
        if not self.pid:
            return "a process that cannot be looked into"
        return f"process {self.pid}" + (f" ({self.name})" if self.name else "")


def find_listener(port: int, tree: Collection[int] = ()) -> Listener:
    """Who listens on `port`, where `tree` are the pids that count as ours."""
    if sys.platform != "linux":
        return _ask_psutil(port, tree)
    inodes = set(_listening_inodes(port))
    if not inodes:
        return Listener(Ownership.UNKNOWN)
    for pid in tree:
        if inodes & _socket_inodes(pid):
            return Listener(Ownership.OURS, pid)
    for entry in os.listdir("/proc"):
        if entry.isdigit() and inodes & _socket_inodes(int(entry)):
            return _foreign(int(entry))
    return Listener(Ownership.UNKNOWN)


def _listening_inodes(port: int) -> Iterator[str]:
    wanted = f"{port:04X}"
    for table in _TABLES:
        with contextlib.suppress(OSError), open(table, encoding="ascii") as rows:
            next(rows, None)
            for row in rows:
                columns = row.split()
                if columns[3] == _LISTEN and columns[1].rpartition(":")[2] == wanted:
                    yield columns[9]


def _socket_inodes(pid: int) -> set[str]:
    """Of the sockets that `pid` has open; none when it is gone or not ours to see."""
    found = set()
    with contextlib.suppress(OSError):
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                link = os.readlink(f"/proc/{pid}/fd/{descriptor}")
                if link.startswith("socket:["):
                    found.add(link[8:-1])
    return found


def _foreign(pid: int) -> Listener:
    name = _name(pid)
    ownership = Ownership.UNKNOWN if name in _FORWARDERS else Ownership.FOREIGN
    return Listener(ownership, pid, name)


def _name(pid: int) -> str:
    try:
        return str(psutil.Process(pid).name())
    except psutil.Error:
        return ""


def _ask_psutil(port: int, tree: Collection[int]) -> Listener:
    try:
        connections = psutil.net_connections("tcp")
    except (psutil.Error, OSError):  # macOS shows other processes' to root only
        return Listener(Ownership.UNKNOWN)
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,):
            pid = connection.pid or 0
            if pid in tree:
                return Listener(Ownership.OURS, pid)
            if pid:
                return _foreign(pid)
    return Listener(Ownership.UNKNOWN)
