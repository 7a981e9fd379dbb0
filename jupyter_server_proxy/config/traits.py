"""The kinds of values that services are configured with. No I/O here."""

from __future__ import annotations

import logging
import math
import pathlib
from typing import Any

from traitlets import Callable, Dict, Float, Instance, List, TraitError, TraitType, Unicode, Union


class Seconds(Float):  # type: ignore[type-arg]  # no generic class in older traitlets
    """A finite number of seconds, 0 or more; more than 0 with `is_positive`."""

    def __init__(self, default_value: float, *, is_positive: bool = False, help: str) -> None:
        super().__init__(default_value, help=help)
        self.is_positive = is_positive
        self.info_text = f"a number of seconds, {'more than 0' if is_positive else '0 or more'}"

    def validate(self, obj: Any, value: Any) -> float:
        """`value` as a float. Raises TraitError when it is no such number."""
        seconds = float(super().validate(obj, value))
        is_fit = seconds > 0 if self.is_positive else seconds >= 0
        if not (is_fit and math.isfinite(seconds)):
            raise TraitError(f"{self.name} must be {self.info_text}, not {value!r}")
        return seconds


LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "OFF")


class LogLevel(TraitType):  # type: ignore[type-arg]  # no generic class in older traitlets
    """A level of Python's logging, by name or number, or "OFF"."""

    info_text = "one of " + ", ".join(f'"{name}"' for name in LEVELS) + ", or a number"

    def validate(self, obj: Any, value: Any) -> str | int:
        """`value`, a name in capitals. Raises TraitError when it is no level."""
        name = value.upper() if isinstance(value, str) else value
        if name in LEVELS or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            return name
        raise TraitError(f"{self.name} must be {self.info_text}, not {value!r}")

    def from_string(self, s: str) -> str | int | None:
        """What stands on a command line."""
        return int(s) if s.isdecimal() else s


def level_number(level: str | int) -> int | None:
    """What `logging` calls a level; None for "OFF"."""
    if level == "OFF":
        return None
    return level if isinstance(level, int) else int(getattr(logging, level))


def file_path(**options: Any) -> Any:
    """A trait for the path of a file or directory, "" for none."""
    trait = Union([Unicode(), Instance(pathlib.PurePath)], default_value="", **options)
    return trait.tag(config=True, expects="a path, as a string or a Path")


def secret_texts_or_callable(**options: Any) -> Any:
    """A trait for a dictionary of strings, never shown, or a callable that returns one."""
    trait = Union([Dict(Unicode(), key_trait=Unicode()), Callable()], default_value={}, **options)
    return trait.tag(config=True, expects="a dictionary of strings, or a callable", secret=True)


def callables(**options: Any) -> Any:
    """A trait for one callable or a list of them."""
    trait = Union([Callable(), List(Callable())], default_value=[], **options)
    return trait.tag(config=True, expects="a callable, or a list of callables")
