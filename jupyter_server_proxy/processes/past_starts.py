"""How long the last starts of each service took, remembered from one Jupyter server to the next.

A small file beside the log files, shared by all servers of one person. Nothing depends on it: one
that is broken or cannot be written costs only what is shown of a start as usual.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
import os
import tempfile
import threading
from typing import Any

from .rotating import log_folder

# Starts that say what is usual: the last few, since programs and their data grow.
USUAL_OF = 5
# Services; those that were started last are kept. This and the next bound the file.
MOST_SERVICES = 200
LONGEST_NAME = 200
LARGEST_FILE = 512 * 1024
_FILE = "starts.json"


class PastStarts:
    """The starts of all services of one Jupyter server; read when first asked for."""

    def __init__(self, log: logging.Logger, *, path: str | None = None) -> None:
        self._log = log
        self._path = path
        self._known: dict[str, list[float]] | None = None
        self._lock = threading.Lock()

    def of(self, name: str) -> list[float]:
        """The seconds that the last starts of the service `name` took."""
        return list(self._remembered().get(name, ()))

    def note(self, name: str, seconds: list[float]) -> None:
        """These are the last starts of `name` now. In the event loop; another thread writes it."""
        if len(name) > LONGEST_NAME:
            return
        kept = [round(it, 3) for it in seconds]
        self._remembered()[name] = kept
        asyncio.get_running_loop().run_in_executor(None, self._save, name, kept)

    def _remembered(self) -> dict[str, list[float]]:
        if self._known is None:
            self._path = self._path or os.path.join(log_folder(), _FILE)
            self._known = self._read()
        return self._known

    def _save(self, name: str, seconds: list[float]) -> None:
        try:
            with self._lock:
                # Other servers write there, too.
                known = self._read()
                known.pop(name, None)
                known[name] = seconds
                self._write(dict(list(known.items())[-MOST_SERVICES:]))
        except OSError as problem:
            self._log.debug("%s cannot be written: %s", self._path, problem.strerror)

    def _read(self) -> dict[str, list[float]]:
        """What the file says, as far as it makes sense."""
        assert self._path is not None
        try:
            with open(self._path, "rb") as file:
                content = json.loads(file.read(LARGEST_FILE))
        except (OSError, ValueError, RecursionError):
            return {}
        found = content.get("starts") if isinstance(content, dict) else None
        if not isinstance(found, dict):
            return {}
        return {name: good for name, it in found.items() if (good := _durations(it))}

    def _write(self, known: dict[str, list[float]]) -> None:
        assert self._path is not None
        folder = os.path.dirname(self._path)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=folder, prefix=".starts-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"starts": known}, file)
            os.replace(draft, self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(draft)
            raise


def _durations(value: Any) -> list[float]:
    """The last few of them, if they are seconds at all."""
    if not isinstance(value, list):
        return []
    return [float(it) for it in value[-USUAL_OF:] if _is_duration(it)]


def _is_duration(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and 0 <= value < 1e6
