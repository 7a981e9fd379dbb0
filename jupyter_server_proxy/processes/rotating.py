"""A log file that never grows over a stated size: bytes in, old files renamed away.

Blocks on the disk: for a thread, never for the event loop.
"""

from __future__ import annotations

import contextlib
import logging
import os
import urllib.parse

from jupyter_core.paths import jupyter_runtime_dir

# One full file and two older ones for each service: what a home directory will not miss.
LARGEST_FILE = 5 * 1024 * 1024
OLDER_FILES = 2


def log_path(service: str, log_file: str | None) -> str:
    """Where the output of `service` goes: as configured, or below Jupyter's runtime directory."""
    if log_file:
        return os.path.abspath(os.path.expanduser(log_file))
    file_name = urllib.parse.quote(service, safe=" ") or "service"
    return os.path.join(jupyter_runtime_dir(), "server-proxy", f"{file_name}.log")


class RotatingFile:
    """Appends bytes to `path` (mode 0600). After a first failure it warns once and drops them."""

    def __init__(
        self,
        path: str,
        log: logging.Logger,
        *,
        largest: int = LARGEST_FILE,
        older: int = OLDER_FILES,
    ) -> None:
        self.path = path
        self._log = log
        self._largest = largest
        self._older = older
        self._descriptor = -1
        self._size = 0
        self._has_warned = False

    def write(self, data: bytes) -> None:
        """Append; a disk that is full or gone costs this data, and nothing else."""
        try:
            if self._descriptor < 0:
                self._open()
            if self._size and self._size + len(data) > self._largest:
                self._rotate()
            self._size += os.write(self._descriptor, data)
            self._has_warned = False
        except OSError as problem:
            self._warn(problem)

    def close(self) -> None:
        """Close the file; a later `write` opens it again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> None:
        os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._descriptor = os.open(self.path, flags, 0o600)
        self._size = os.fstat(self._descriptor).st_size

    def _rotate(self) -> None:
        self.close()
        for number in range(self._older, 0, -1):
            newer = f"{self.path}.{number - 1}" if number > 1 else self.path
            with contextlib.suppress(FileNotFoundError):
                os.replace(newer, f"{self.path}.{number}")
        self._open()

    def _warn(self, problem: OSError) -> None:
        if not self._has_warned:
            self._has_warned = True
            self._log.warning("%s cannot be written: %s", self.path, problem.strerror)
