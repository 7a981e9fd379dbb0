"""A value that somebody got wrong, and a duration, in words. No I/O here.

A value is described by type and, where it is plain, by value; what is inside an environment or a
header is never shown, because it may be a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLAIN = (type(None), bool, int, float)
SHOWN_CHARACTERS = 60


def described(value: object) -> str:
    """`value` for a message: what it is, and the first piece of it that stands out."""
    if isinstance(value, PLAIN):
        return repr(value)
    if isinstance(value, str):
        return f"the string {_shortened(value)}"
    if isinstance(value, Mapping):
        return f"a dictionary{_odd_entry(value)}"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__}{_odd_item(value)}"
    return f"an object of type {type(value).__qualname__}"


def _shortened(text: str) -> str:
    return repr(text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "...")


def _odd_entry(value: Mapping[Any, Any]) -> str:
    for key, item in value.items():
        if not isinstance(key, str):
            return f" with the key {key!r}"
        if not isinstance(item, str):
            return f" whose {key!r} is of type {type(item).__name__}"
    return ""


def _odd_item(value: list[Any] | tuple[Any, ...]) -> str:
    for index, item in enumerate(value):
        if item is None:
            return f" whose item {index} is None (is the program installed?)"
        if not isinstance(item, str):
            return f" whose item {index} is of type {type(item).__name__}"
    return ""


def spoken_seconds(seconds: float) -> str:
    """A duration as people say it: in its largest unit of which it is a whole number, else
    rounded."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and (seconds % size == 0 or seconds >= 10 * size):
            return f"{round(seconds / size)} {unit}"
    return f"{seconds:.3g} s"
