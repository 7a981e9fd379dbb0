"""What it takes to launch a child, and what a launched one can do. No platform differences here.

`_posix.py` and `_windows.py` each make a `Child`; `Guardian.spawn` picks the right one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ..rules.service import Readiness


@dataclass(frozen=True, slots=True)
class Launch:
    """A command, fully rendered: nothing is added to `env`, `cwd` None is Jupyter's own.

    `timeout` (seconds from the start to ready) and `readiness` are said by some launches; None
    means as the service's options say.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str | None = None
    timeout: float | None = None
    readiness: Readiness | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """Where the child is told to listen: `port` is 0 with a unix socket, which is "" with TCP."""

    port: int
    unix_socket: str


@dataclass(frozen=True, slots=True)
class SpawnRequest:
    """Everything about one start. `grace`: seconds from `stop_signal` to SIGKILL.

    `output` is the file descriptor that becomes stdout and stderr; `remove` are a private
    directory and what is in it, removed by the guardian if Jupyter dies.
    """

    launch: Launch
    output: int
    stop_signal: int
    grace: float
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended. `returncode` is negative for a signal, None when nobody could see it.

    `left` are processes of its tree that could not be killed (another user's, or stuck in
    the kernel).
    """

    returncode: int | None
    left: tuple[int, ...] = ()


class SpawnRefused(Exception):
    """The operating system would not start the command; the message says why, in words."""


class LaunchDeclined(Exception):
    """There is nothing to start: whoever was asked for the launch does not want a child.

    The message says who, in words.
    """


class Child(Protocol):
    """A running command with its whole tree of processes."""

    @property
    def pid(self) -> int:
        """The command's own process."""

    def terminate(self) -> None:
        """Send the stop signal to the process group. Never waits, never raises."""

    def kill(self) -> None:
        """Kill the whole tree. Never waits, never raises."""

    def tree(self) -> frozenset[int]:
        """The pids that belong to it now. Reads /proc: for a thread, not for the event loop."""

    async def wait(self) -> Ended:
        """Wait until nothing of the tree is left; may be called once."""
