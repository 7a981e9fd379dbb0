"""Asking for a start, stop or restart, and following the service until it is done.

What happens is told by the server's events; nothing is polled, and no request has to stay open
for as long as a slow program needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .api import Client, Server
from .events import Event
from .problems import ActionFailed, ServerUnreachable

OnChange = Callable[[Server], None]

_WANTED = {
    "start": frozenset(("ready", "unmanaged")),
    "restart": frozenset(("ready", "unmanaged")),
    "stop": frozenset(("stopped", "closed")),
}
# Where a service that is to run has come to an end instead.
_OVER = frozenset(("failed", "broken", "closed"))


class Following:
    """What has become of one action so far."""

    def __init__(self, action: str, name: str, instance: str | None) -> None:
        self._action = action
        self._key = (name, instance)
        self._generation = -1
        self._was_running = False
        self._is_asked = False

    def note_before(self, server: Server) -> None:
        """How things were before anything was asked for."""
        self._generation = int(server.get("generation") or 0)

    def note_answer(self, server: Server) -> bool:
        """What the server answered at once; whether that was all."""
        self._is_asked = True
        return self._is_done(server)

    def note_event(self, event: Event) -> Server | None:
        """The service, if the event is about it."""
        if event.name == "removed" and self._is_ours(event.data):
            raise ActionFailed(f"{self._key[0]} was removed meanwhile", {})
        if event.name != "state" or not self._is_ours(event.data):
            return None
        found: Server = event.data
        return found

    def is_over(self, server: Server) -> bool:
        """Whether the service has got where it should. Raises ActionFailed when it cannot."""
        state = server["state"]
        if self._is_done(server):
            return True
        if self._action == "stop":
            return False
        if state in _OVER:
            raise ActionFailed(describe_failure(server), server)
        if state == "stopped" and self._was_running and self._action == "start":
            raise ActionFailed(f"{server['name']} was stopped while it was starting", server)
        self._was_running = self._was_running or state == "starting"
        return False

    def _is_done(self, server: Server) -> bool:
        is_wanted = server["state"] in _WANTED[self._action]
        if self._action == "restart" and server["state"] == "ready":
            return int(server.get("generation") or 0) > self._generation
        return is_wanted

    def _is_ours(self, data: Any) -> bool:
        return (data.get("name"), data.get("instance")) == self._key


def carry_out(
    client: Client,
    action: str,
    name: str,
    instance: str | None = None,
    *,
    on_change: OnChange | None = None,
) -> Server:
    """Do `action` ("start", "stop" or "restart") and return when it is done.

    `on_change` gets what is known of the service whenever its state has changed. Raises
    ActionFailed when the service has failed instead, and what `Client` raises.
    """
    following = Following(action, name, instance)
    tell = on_change or (lambda _server: None)
    # The stream is open before anything is asked for, so that nothing can be missed.
    with client.events() as events:
        before = client.server(name, instance)
        following.note_before(before)
        tell(before)
        server = client.act(action, name, instance)
        if following.note_answer(server):
            return server
        for event in events:
            changed = following.note_event(event)
            if changed is not None:
                tell(changed)
                if following.is_over(changed):
                    return client.server(name, instance)
    raise ServerUnreachable(f"{client.address} has ended meanwhile")


def describe_failure(server: Server) -> str:
    """Why a service does not run: what went wrong, and the last lines that it wrote."""
    failure = server.get("last_failure")
    if not failure:
        return f"{server['name']} is {server['state']}{_reason(server.get('problem'))}"
    lines = [f"{server['name']} has failed{_reason(failure.get('reason'))}"]
    words = failure.get("words")
    if words and words not in lines[0]:
        lines.append(f"  {words}")
    output = failure.get("output") or []
    if output:
        lines.append("Its last lines:")
        lines += [f"  {line}" for line in output]
    return "\n".join(lines)


def _reason(text: Any) -> str:
    return f": {text}" if text else ""
