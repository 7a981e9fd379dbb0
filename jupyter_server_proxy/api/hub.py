"""Tells everybody who follows `api/events` what happens: each event is put into words once.

Nothing is done while nothing changes or nobody follows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from ..handlers.catalog import Added, Catalog, Change, Entry, Removed, StateOf
from ..handlers.facts import Facts, shown_state, without_output


@dataclass(frozen=True, slots=True)
class Message:
    """What has happened, and how it is sent to who may start the service, and to who may not."""

    change: Change
    data: bytes
    data_without_output: bytes


def encoded(event: str, facts: Facts) -> bytes:
    """An event as it stands in a stream (HTML Living Standard section 9.2)."""
    return f"event: {event}\ndata: {json.dumps(facts)}\n\n".encode()


class Hub:
    """Passes the changes of a catalog on. For the event loop's thread."""

    def __init__(self, catalog: Catalog, describe: Callable[[Entry], Facts]) -> None:
        self._catalog = catalog
        self._describe = describe
        self._followers: dict[object, Callable[[Message], None]] = {}
        self._unsubscribe: Callable[[], None] | None = None

    def follow(self, callback: Callable[[Message], None]) -> Callable[[], None]:
        """Have `callback` called with every event from now on; returns what ends that."""
        key = object()
        self._followers[key] = callback
        if self._unsubscribe is None:
            self._unsubscribe = self._catalog.subscribe(self._tell)

        def unfollow() -> None:
            self._followers.pop(key, None)
            if not self._followers and self._unsubscribe is not None:
                self._unsubscribe()
                self._unsubscribe = None

        return unfollow

    def _tell(self, change: Change) -> None:
        message = self._message(change)
        for callback in list(self._followers.values()):
            callback(message)

    def _message(self, change: Change) -> Message:
        entry = change.entry
        match change:
            case Added():
                return _of_both_kinds(change, "added", self._describe(entry))
            case Removed():
                gone = encoded("removed", {"name": entry.name, "instance": entry.instance})
                return Message(change, gone, gone)
            case StateOf():
                before = shown_state(change.change.before)
                return _of_both_kinds(change, "state", {**self._describe(entry), "before": before})


def _of_both_kinds(change: Change, event: str, facts: Facts) -> Message:
    return Message(change, encoded(event, facts), encoded(event, without_output(facts)))
