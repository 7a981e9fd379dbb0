"""`GET api/servers/NAME/log`: the last lines, and those that come."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..handlers.catalog import Entry, Removed
from .context import Api
from .hub import Message, encoded
from .stream import MOST_WAITING, StreamView, Waiting

if TYPE_CHECKING:
    from ..processes.supervisor import Supervisor


class LogView(StreamView):
    """What a service has written. Whoever may start it may read it."""

    action = "execute"
    keep_alive = 15.0

    def initialize(self, api: Api) -> None:
        """See `ApiView`."""
        super().initialize(api)
        self._lines = WaitingLines()
        self._states = Waiting(self)
        self._has_states = False
        self._stop_listening: Callable[[], None] | None = None

    async def get(self, name: str, instance: str | None = None) -> None:
        """Answer `{"lines": [...], "file": ...}`; with `follow`, go on with every line, and
        with `states` with every change of state, too."""
        entry = self.api.find(name, instance)
        tail = self.asked_number("tail", default=sys.maxsize)
        accepts = self.request.headers.get("Accept", "")
        self._has_states = self.asked_flag("states", default=False)
        if self.asked_flag("follow", default="text/event-stream" in accepts):
            await self._follow(entry, tail)
        else:
            supervisor = entry.supervisor
            self.answer({"lines": last_lines(supervisor, tail), "file": log_file(supervisor)})

    async def _follow(self, entry: Entry, tail: int) -> None:
        unfollow = self.api.hub.follow(lambda message: self._note(message, entry))
        self._listen(entry)
        first = encoded("lines", {"lines": last_lines(entry.supervisor, tail)})
        if self._has_states:
            first = encoded("state", self.api.describe(entry)) + first
        try:
            await self.stream(first)
        finally:
            unfollow()
            if self._stop_listening is not None:
                self._stop_listening()

    def _listen(self, entry: Entry) -> None:
        """Some services only get somebody who owns their child with their first request."""
        if self._stop_listening is None and entry.supervisor is not None:
            self._stop_listening = entry.supervisor.output.on_lines(self._hear)

    def _hear(self, lines: list[str]) -> None:
        self._lines.put(lines)
        self.wake()

    def _note(self, message: Message, entry: Entry) -> None:
        if message.change.entry is not entry:
            return
        self._listen(entry)
        if isinstance(message.change, Removed):
            self.abort()
        elif self._has_states:
            self._states.put(message)

    async def take(self) -> bytes:
        """See `StreamView`."""
        lines, left_out = self._lines.take()
        states = b"".join(message.data for message in self._states.take())
        if not lines:
            return states
        more = {"left_out": left_out} if left_out else {}
        return encoded("lines", {"lines": lines, **more}) + states


class WaitingLines:
    """The last lines that wait for one client, bounded in characters, with the number of those
    that had to make room."""

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
