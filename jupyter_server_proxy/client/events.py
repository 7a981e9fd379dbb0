"""Server-sent events (WHATWG HTML, section 9.2), as they are read by a program. No I/O here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name and its data, which is JSON."""

    name: str
    data: Any


def parse_events(lines: Iterable[bytes]) -> Iterator[Event]:
    """The events in `lines`, each as soon as it is complete; comments and ids are left out.

    Raises ValueError for data that is no JSON.
    """
    name = ""
    data: list[str] = []
    for raw in lines:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if not line:
            if data:
                yield Event(name or "message", json.loads("\n".join(data)))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
