"""A log file that never grows over a stated size: bytes in, old files renamed away.

Blocks on the disk: for a thread, never for the event loop.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import threading
import urllib.parse

from jupyter_core.paths import jupyter_runtime_dir

from .claiming import Claim, claim_file

# One full file and two older ones for each service: what a home directory will not miss.
LARGEST_FILE = 5 * 1024 * 1024
OLDER_FILES = 2
# Seconds for a write under way, which hangs where a network file system is dead.
_PATIENCE = 2.0


def log_folder() -> str:
    """Where log files are that nobody has said a place for: below Jupyter's runtime directory."""
    return os.path.join(jupyter_runtime_dir(), "server-proxy")


def log_path(service: str, log_file: str | None) -> str:
    """Where the output of `service` goes: as configured, or in `log_folder`."""
    if log_file:
        return os.path.abspath(os.path.expanduser(log_file))
    file_name = urllib.parse.quote(service, safe=" ") or "service"
    return os.path.join(log_folder(), f"{file_name}.log")


class RotatingFile:
    """Appends bytes to `path` (mode 0600). After a first failure it warns once and drops them.

    `path` is another one from the first write on where somebody else writes to that; it is this
    writer's until `release`. For several threads.
    """

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
        self._lock = threading.Lock()
        self._claim: Claim | None = None
        # Whether there was none before this writer.
        self._is_ours = False
        self._is_regular = True
        self._is_removed = False
        self._descriptor = -1
        self._size = 0
        self._has_warned = False

    @property
    def is_claimed(self) -> bool:
        """Whether there is anything to release."""
        return self._claim is not None

    def write(self, data: bytes) -> None:
        """Append; a disk that is full or gone costs this data, and nothing else."""
        with self._lock:
            if self._is_removed:
                return
            try:
                self._write(data)
                self._has_warned = False
            except OSError as problem:
                self._warn(problem)

    def close(self) -> None:
        """Close the file, which stays this writer's; a later `write` opens it again."""
        with self._lock:
            self._close()

    def release(self) -> None:
        """Close the file, and let others have it, unless a write hangs."""
        self._end(remove=False)

    def remove(self) -> None:
        """Close the file for good, and remove it and the older ones, if there was none before."""
        self._end(remove=True)

    def _end(self, *, remove: bool) -> None:
        if not self._lock.acquire(timeout=_PATIENCE):
            return
        try:
            self._close()
            self._is_removed = self._is_removed or remove
            if remove and self._is_ours:
                self._unlink_all()
            if self._claim is not None:
                claim, self._claim = self._claim, None
                claim.release()
        finally:
            self._lock.release()

    def _write(self, data: bytes) -> None:
        if self._descriptor < 0:
            self._open()
        if self._is_regular and self._size and self._size + len(data) > self._largest:
            self._rotate()
        self._size += os.write(self._descriptor, data)

    def _open(self) -> None:
        os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        if self._claim is None:
            self._claim_file()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._descriptor = os.open(self.path, flags, 0o600)
        status = os.fstat(self._descriptor)
        self._size = status.st_size
        # A device or a pipe has no size, and renaming it away would be wrong.
        self._is_regular = stat.S_ISREG(status.st_mode)

    def _claim_file(self) -> None:
        wanted = self.path
        self._claim = claim_file(wanted)
        self.path = self._claim.path
        self._is_ours = not os.path.exists(self.path)
        if self.path != wanted:
            self._log.info("%s is used by another server; this one uses %s", wanted, self.path)

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _rotate(self) -> None:
        self._close()
        for number in range(self._older, 0, -1):
            newer = f"{self.path}.{number - 1}" if number > 1 else self.path
            with contextlib.suppress(FileNotFoundError):
                os.replace(newer, f"{self.path}.{number}")
        self._open()

    def _unlink_all(self) -> None:
        for path in (self.path, *(f"{self.path}.{n + 1}" for n in range(self._older))):
            with contextlib.suppress(OSError):
                os.unlink(path)

    def _warn(self, problem: OSError) -> None:
        if not self._has_warned:
            self._has_warned = True
            self._log.warning("%s cannot be written: %s", self.path, problem.strerror)
