"""A mark in the environment of every child, inherited by its whole tree.

The guardian does not need it: the kernel tells it who its descendants are. It is for the day
the guardian itself was killed, and for people who wonder where a process comes from.
"""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Mapping

import psutil

MARKER = "JUPYTER_SERVER_PROXY_CHILD"


def new_marker(environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """A value no other child carries, and `environment` with it."""
    value = secrets.token_hex(8)
    return value, {**environment, MARKER: value}


def marked_processes(value: str) -> list[psutil.Process]:
    """Everybody who carries `value`, as far as this user may see. Slow: for a thread."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARKER) == value:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def end_marked(value: str) -> None:
    """Kill everybody who carries `value`; repeated, since they may fork meanwhile. For a thread."""
    for _ in range(5):
        remaining = [p for p in marked_processes(value) if p.pid != os.getpid()]
        for process in remaining:
            try:
                process.send_signal(signal.SIGKILL)
            except psutil.Error:
                continue
        if not remaining:
            return
        psutil.wait_procs(remaining, timeout=1)
