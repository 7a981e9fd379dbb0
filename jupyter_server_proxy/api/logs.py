"""`GET api/servers/NAME/log`: the last lines, and those that come."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING

from ..processes.output import KEPT_LINES
from .context import Api
from .hub import encoded
from .stream import MOST_WAITING, StreamView

if TYPE_CHECKING:
    from ..processes.supervisor import Supervisor


class LogView(StreamView):
    """What a service has written. Whoever may start it may read it."""

    action = "execute"
    keep_alive = 15.0

    def initialize(self, api: Api) -> None:
        """See `ApiView`."""
        super().initialize(api)
        self._waiting = WaitingLines()

    async def get(self, name: str, instance: str | None = None) -> None:
        """Answer `{"lines": [...], "file": ...}`; with `follow`, go on with every line."""
        supervisor = self.api.find(name, instance).supervisor
        tail = self.asked_number("tail", KEPT_LINES)
        accepts = self.request.headers.get("Accept", "")
        if not self.asked_flag("follow", "text/event-stream" in accepts):
            self.answer({"lines": last_lines(supervisor, tail), "file": log_file(supervisor)})
        elif supervisor is None:
            await self.stream(encoded("lines", {"lines": []}))
        else:
            await self._follow(supervisor, tail)

    async def _follow(self, supervisor: Supervisor, tail: int) -> None:
        unsubscribe = supervisor.output.on_lines(self._heard)
        try:
            await self.stream(encoded("lines", {"lines": last_lines(supervisor, tail)}))
        finally:
            unsubscribe()

    def _heard(self, lines: list[str]) -> None:
        self._waiting.put(lines)
        self.wake()

    async def take(self) -> bytes:
        """See `StreamView`."""
        lines, left_out = self._waiting.take()
        more = {"left_out": left_out} if left_out else {}
        return encoded("lines", {"lines": lines, **more})


class WaitingLines:
    """The last lines that wait for one client, bounded in bytes, with the number of those that
    had to make room."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._size = 0
        self._left_out = 0

    def put(self, lines: list[str]) -> None:
        """More lines."""
        for line in lines:
            self._lines.append(line)
            self._size += len(line) + 1
        while self._size > MOST_WAITING:
            self._size -= len(self._lines.popleft()) + 1
            self._left_out += 1

    def take(self) -> tuple[list[str], int]:
        """All that are left, and how many were left out before them."""
        taken = list(self._lines), self._left_out
        self._lines.clear()
        self._size = self._left_out = 0
        return taken


def last_lines(supervisor: Supervisor | None, count: int) -> list[str]:
    """The last `count` lines, none of a service that never ran."""
    lines = supervisor.output.lines() if supervisor is not None else []
    return lines[max(0, len(lines) - count) :]


def log_file(supervisor: Supervisor | None) -> str | None:
    """Where everything is, once there is something."""
    path = supervisor.output.path if supervisor is not None else ""
    return path if path and os.path.exists(path) else None
