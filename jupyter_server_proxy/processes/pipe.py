"""The pipe that a child writes its output to, read by a thread of its own.

So neither a slow disk nor a child that writes as fast as it can holds up the event loop. A
child is not held up either: of a flood, what is more than anybody reads is taken out of the
pipe and forgotten, and what was left out is said.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import os
import select
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

if sys.platform != "win32":
    import fcntl
    import termios

# 5 MB/s are kept, for a small part of a core: far above what a program writes for somebody
# to read, and a minute of it fills the log file and the older ones many times over.
WINDOW = 0.05
KEPT_PER_WINDOW = 256 * 1024
# Above 200 MB/s the child waits after all, or forgetting would take a whole core.
TAKEN_PER_WINDOW = 10 * 1024 * 1024
_CHUNK = 64 * 1024
# The last of a flood stays in the pipe until there is room for it: it may be why the child ended.
_SPARED = 32 * 1024
# While a flood is forgotten the pipe is this large, as far as the system allows, so that it need
# not be emptied more often than this many seconds apart.
_FLOOD_PIPE = 1024 * 1024
_NAP = 0.002
# A thread that hangs in a dead network file system must not keep anybody waiting.
_CLOSE_PATIENCE = 2.0

HAS_POLL = sys.platform != "win32"


@dataclass(frozen=True, slots=True)
class Taker:
    """Whom a pipe serves. Everything is called in the pipe's thread.

    `take` gets what was read, `left_out` how many bytes were forgotten since, `finish` comes last.
    `is_lossless` says that nothing may be forgotten now; then a flood is slowed down instead.
    """

    take: Callable[[bytes], None]
    left_out: Callable[[int], None]
    is_lossless: Callable[[], bool]
    finish: Callable[[], None]


class Pipe:
    """One child's stdout and stderr, read by a thread until `close`."""

    def __init__(self, service: str, taker: Taker) -> None:
        self._readable, self.writable = os.pipe()
        if HAS_POLL:
            os.set_blocking(self._readable, False)
        self._wake_readable, self._wake_writable = os.pipe()
        self._taker = taker
        self._left_out = 0
        self._closing = threading.Event()
        # A daemon only for the case of a disk that hangs: `close` waits for it.
        self._thread = threading.Thread(
            target=self._read_all, name=f"output of {service}", daemon=True
        )
        self._thread.start()

    def close_writable(self) -> None:
        """The child has its own copy now, or never will."""
        if self.writable >= 0:
            os.close(self.writable)
            self.writable = -1

    async def close(self) -> None:
        """Read what is there already, then end, whoever may still hold the other end."""
        self.close_writable()
        self._closing.set()
        os.write(self._wake_writable, b"x")
        await asyncio.to_thread(self._thread.join, _CLOSE_PATIENCE)
        if not self._thread.is_alive():
            for descriptor in (self._readable, self._wake_readable, self._wake_writable):
                os.close(descriptor)

    def _read_all(self) -> None:
        wait = self._waiter()
        with contextlib.ExitStack() as stack:
            sink = stack.enter_context(_Sink(self._readable)) if HAS_POLL else None
            while not self._closing.is_set():
                if not self._read_for_a_window(wait, sink):
                    break
        self._drain()
        self._taker.finish()

    def _read_for_a_window(self, wait: Callable[[], object], sink: _Sink | None) -> bool:
        """Read until the window is over or full; False at the end of the output."""
        end = time.monotonic() + WINDOW
        kept = taken = 0
        while taken < TAKEN_PER_WINDOW:
            wait()
            if self._closing.is_set() or time.monotonic() >= end:
                return True
            if kept < KEPT_PER_WINDOW:
                data = self._read()
                if data == b"":
                    return False
                kept = taken = kept + len(data or b"")
            elif sink is None or self._taker.is_lossless():
                break
            else:
                taken += self._forget(sink)
                self._closing.wait(_NAP)
        self._closing.wait(max(0.0, end - time.monotonic()))
        return True

    def _waiter(self) -> Callable[[], object]:
        """What waits until there is something to read, or `close` was called."""
        if not HAS_POLL:  # then reading blocks, until the job's end closes the pipe
            return lambda: None
        poll = select.poll()
        poll.register(self._readable, select.POLLIN)
        poll.register(self._wake_readable, select.POLLIN)
        return poll.poll

    def _drain(self) -> None:
        """Read what is in the pipe; not for ever, since somebody else may go on writing."""
        for _ in range(_FLOOD_PIPE // _CHUNK):
            if not self._read():
                return

    def _read(self) -> bytes | None:
        """Some bytes, none at the end of the file, None when there are none yet."""
        try:
            data = os.read(self._readable, _CHUNK)
        except BlockingIOError:
            return None
        if self._left_out:
            self._taker.left_out(self._left_out)
            self._left_out = 0
        if data:
            self._taker.take(data)
        return data

    def _forget(self, sink: _Sink) -> int:
        """Take bytes out of the pipe for nobody: how many."""
        count = sink.swallow()
        self._left_out += count
        return count


class _Sink:
    """Where bytes of a pipe end that nobody wants: the kernel moves them, where it can."""

    def __init__(self, readable: int) -> None:
        self._readable = readable
        self._null = -1

    def __enter__(self) -> _Sink:
        return self

    def __exit__(self, *_: object) -> None:
        if self._null >= 0:
            os.close(self._null)

    def swallow(self) -> int:
        """Take what is in the pipe but the last of it: how much that was."""
        if self._null < 0:
            self._null = os.open(os.devnull, os.O_WRONLY)
            _enlarge(self._readable)
        count = _waiting(self._readable) - _SPARED
        if count <= 0:
            return 0
        if sys.platform == "linux":
            return os.splice(self._readable, self._null, count, flags=os.SPLICE_F_NONBLOCK)
        return len(os.read(self._readable, count))


def _waiting(readable: int) -> int:
    """How many bytes can be read from a pipe."""
    if sys.platform == "win32":
        return 0
    size = array.array("i", [0])
    fcntl.ioctl(readable, termios.FIONREAD, size)
    return size[0]


def _enlarge(pipe: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _FLOOD_PIPE)
