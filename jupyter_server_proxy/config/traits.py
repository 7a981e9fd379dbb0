"""The kinds of values that services are configured with. No I/O here."""

from __future__ import annotations

import math
import pathlib
from typing import Any

from traitlets import Callable, Dict, Float, Instance, List, TraitError, Unicode, Union


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
