"""Asking a service's callables about one request, and checking what they say.

The handlers decide when; `callbacks` does the calling.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from ..callbacks import call, returned_nonsense
from ..rules.service import Origin, UserCallable


async def call_for_path(mappath: UserCallable, path: str, origin: Origin) -> str:
    """The path that `mappath` says instead of `path`. Raises CallableFailed."""
    mapped = await call(mappath, {"path": path}, origin)
    if not isinstance(mapped, str):
        problem = f"returned {type(mapped).__name__}, not a string"
        raise returned_nonsense(mappath, origin, problem)
    return mapped


def check_headers(headers: object, override: Any, origin: Origin) -> Mapping[str, str]:
    """`headers`, which came of `override`. Raises CallableFailed unless they are headers."""
    problem = _wrong_headers(headers)
    if problem:
        raise returned_nonsense(override, origin, f"returned {problem}")
    return headers  # type: ignore[return-value]  # checked


def _wrong_headers(headers: object) -> str:
    """What is wrong; never a value, which may be a secret."""
    if inspect.iscoroutine(headers):
        headers.close()
        return "a coroutine; it has to be a plain function"
    if not isinstance(headers, Mapping):
        return f"{type(headers).__name__}, not a dictionary"
    for name, value in headers.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            return f"{type(value).__name__} for {name!r}, not a string"
    return ""
