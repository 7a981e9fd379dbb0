"""The register of the differences to 4.6.0 that are meant.

Each is a change that makes of 4.6.0's record ours, with a title that is a heading of
docs/reference/compatibility.md, where the reason is. A change looks at the case, at what
4.6.0 did and at what is promised, never at what we did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .record import Record

Change = Callable[[Any, Record], None]
NAMED: list[tuple[str, type, Change]] = []


def named(title: str, kind: type) -> Callable[[Change], Change]:
    """Registers a change for cases of this kind. Changes are made in the order given."""

    def add(change: Change) -> Change:
        NAMED.append((title, kind, change))
        return change

    return add
