"""Which log file is whose: one that a living writer has claimed is nobody else's.

Two Jupyter servers of one person run services of the same name, and must not write to one file,
or rotate it for each other. The claim is a lock on a file beside it, which the system gives up
when its holder dies, whatever kills it. Blocks on the disk: not for the event loop.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

# Nobody has so many servers; whoever does gets no file.
MOST_WRITERS = 50
# Here no lock can be had, by anybody: read-only folders and file systems without locks.
_WITHOUT_LOCKS = frozenset(
    (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP)
)


class Taken(Exception):
    """Somebody else who lives has claimed it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """`path` is for its holder alone until `release`, as far as the file system knows locks."""

    path: str
    _descriptor: int = -1

    def release(self) -> None:
        """Let others have it; once."""
        if self._descriptor < 0:
            return
        if sys.platform == "win32":  # where nothing that is open can be removed
            os.close(self._descriptor)
        with contextlib.suppress(OSError):
            os.unlink(_lock_file(self.path))
        if sys.platform != "win32":
            os.close(self._descriptor)


def claim_file(path: str) -> Claim:
    """`path`, or if somebody else has that, the first of its namesakes that nobody has.

    Devices and pipes are never claimed. Raises OSError.
    """
    if _is_special(path):
        return Claim(path)
    for candidate in _candidates(path):
        try:
            return Claim(candidate, _lock(_lock_file(candidate)))
        except Taken:
            continue
        except OSError as problem:
            if problem.errno not in _WITHOUT_LOCKS:
                raise
            return Claim(candidate)
    raise OSError(errno.EBUSY, "it and all its namesakes are used by others")


def _candidates(path: str) -> Iterator[str]:
    """`app.log`, `app+2.log`, ...: no service's own file is called so, `log_path` sees to that."""
    yield path
    stem, extension = os.path.splitext(path)
    yield from (f"{stem}+{number}{extension}" for number in range(2, MOST_WRITERS + 1))


def _lock_file(path: str) -> str:
    return f"{path}.lock"


def _is_special(path: str) -> bool:
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def _lock(path: str) -> int:
    """The descriptor that holds the lock. Raises Taken, or OSError."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _take(descriptor)
            # Whoever had it may have removed it between the two.
            if _is_at(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_at(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _take(descriptor: int) -> None:
    if sys.platform == "win32":
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as problem:
            raise Taken from problem
    else:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise Taken from problem
