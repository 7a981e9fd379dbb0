"""`GET api/servers/NAME/log`: the last lines, and those that come."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..handlers.catalog import Entry, Removed
from .context import Api
from .deliveries import Delivery, WaitingLines
from .hub import Message, encoded
from .stream import StreamView, Waiting

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
            output = entry.supervisor.output
            self._stop_listening = self.api.deliveries.follow(output, self)

    def hear(self, delivery: Delivery) -> None:
        """See `deliveries.Follower`."""
        self._lines.put(delivery)

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
        lines = self._lines.take()
        states = b"".join(message.data for message in self._states.take())
        if self._is_over and self._lines:
            self.wake()
        return lines + states

    async def _next(self) -> bytes:
        if self._lines:
            self.api.deliveries.give_turn(self)
        return await super()._next()


def last_lines(supervisor: Supervisor | None, count: int) -> list[str]:
    """The last `count` lines, none of a service that never ran."""
    lines = supervisor.output.lines() if supervisor is not None else []
    return lines[max(0, len(lines) - count) :]


def log_file(supervisor: Supervisor | None) -> str | None:
    """Where everything is, once there is something."""
    path = supervisor.output.path if supervisor is not None else ""
    return path if path and os.path.exists(path) else None
