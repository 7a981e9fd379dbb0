"""What the compiling modules share: blaming a key, paths and patterns. No I/O here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from .server_process import ServerProcess


@contextmanager
def explained(process: ServerProcess, key: str) -> Iterator[None]:
    """Turn a ValueError into a ConfigurationError about `key`."""
    try:
        yield
    except ValueError as error:
        raise ConfigurationError(process.name, key, str(error)) from error


def path_or_none(value: str | os.PathLike[str] | None) -> str | None:
    """`value` as text; None when it is missing or empty."""
    return os.fspath(value) if value else None


def pattern(value: Any) -> re.Pattern[str]:
    """`value` as a compiled pattern of text. Raises ValueError."""
    try:
        compiled = re.compile(value)
    except (re.error, TypeError) as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from error
    if not isinstance(compiled.pattern, str):
        raise ValueError(f"{compiled.pattern!r} must be a pattern of text, not of bytes")
    return compiled
