"""On which TCP ports the programs of this user listen, so that one can be chosen.

Never connects and never fails: what cannot be seen is left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import psutil

_EVERYWHERE = frozenset(("0.0.0.0", "::", "::ffff:0.0.0.0"))  # noqa: S104 - compared with
_LOOPBACK = frozenset(("127.0.0.1", "::1", "::ffff:127.0.0.1"))
# Each kernel of Jupyter listens on five ports that speak another protocol.
_NOT_FOR_BROWSERS = ("ipykernel",)
# Seconds: whoever starts a program and loads the page anew finds it.
GOOD_FOR = 2.0


@dataclass(frozen=True, slots=True, order=True)
class Listening:
    """One port, and the program that listens there."""

    port: int
    pid: int
    program: str


class ListeningNow:
    """One look for all who ask at about the same time. For the event loop's thread."""

    def __init__(self) -> None:
        self._look: asyncio.Task[list[Listening]] | None = None
        self._ended_at = 0.0

    async def find(self) -> list[Listening]:
        """What `find_listening` has found within the last two seconds."""
        look = self._look
        if look is None or (look.done() and time.monotonic() - self._ended_at >= GOOD_FOR):
            look = self._look = asyncio.create_task(
                self._find(), name="server-proxy: listening ports"
            )
        # Whoever else waits for it still does when this one has gone.
        return await asyncio.shield(look)

    async def _find(self) -> list[Listening]:
        try:
            return await asyncio.to_thread(find_listening)
        finally:
            self._ended_at = time.monotonic()


def find_listening() -> list[Listening]:
    """Those of this user's other programs that can be reached at `localhost`, by port.

    Slow (milliseconds): for a thread, not for the event loop.
    """
    found: dict[int, Listening] = {}
    for connection in _connections():
        address = connection.laddr
        pid = connection.pid
        is_reachable = address and address.ip in _EVERYWHERE | _LOOPBACK
        if connection.status != psutil.CONN_LISTEN or not is_reachable or not pid:
            continue
        program = "" if pid == os.getpid() else _program(pid)
        if program and not any(part in program for part in _NOT_FOR_BROWSERS):
            found[address.port] = Listening(address.port, pid, program)
    return sorted(found.values())


def _connections() -> Iterable[Any]:
    try:
        return psutil.net_connections("tcp")
    except (psutil.Error, OSError):  # macOS lets only root see all of them
        return _connections_by_process()


def _connections_by_process() -> Iterator[Any]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            for connection in process.net_connections("tcp"):
                yield _WithPid(connection.laddr, connection.status, process.pid)


@dataclass(frozen=True, slots=True)
class _WithPid:
    laddr: Any
    status: str
    pid: int


def _program(pid: int) -> str:
    """What people call the program, without its arguments, which may be secret; "" when it is
    not this user's."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            if hasattr(os, "getuid") and process.uids().real != os.getuid():
                return ""
            return _named(process.name(), process.cmdline())
    except (psutil.Error, OSError):
        return ""


def _named(name: str, command: list[str]) -> str:
    """`name`, and for an interpreter what it runs."""
    if not name.startswith(("python", "node", "ruby", "perl", "java", "R")):
        return name
    arguments = command[1:]
    if "-m" in arguments[:3] and arguments[-1] != "-m":
        return f"{name} -m {arguments[arguments.index('-m') + 1]}"
    script = next((it for it in arguments if not it.startswith("-")), "")
    return f"{name} {os.path.basename(script)}" if os.path.isfile(script) else name
