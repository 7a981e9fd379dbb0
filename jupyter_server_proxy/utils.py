"""Kept for packages that import `call_with_asked_args`; the rule is in `rules.callables`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .rules.callables import call_with_known

__all__ = ["call_with_asked_args"]


def call_with_asked_args(callback: Callable[..., Any], args: Mapping[str, Any]) -> Any:
    """Call `callback` with those of `args` that it names.

    Raises TypeError naming the arguments it needs that `args` does not hold.
    """
    return call_with_known(callback, args)
