"""The pipe that a child writes its output to, read by a thread of its own.

So neither a slow disk nor a child that writes as fast as it can holds up the event loop. A
child is not held up either: of a flood, what is more than anybody reads is taken out of the
pipe and forgotten, and what was left out is said.
"""

from __future__ import annotations

import asyncio
import os
import select
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

# 5 MB/s are kept, for a small part of a core: far above what a program writes for somebody
# to read, and a minute of it fills the log file and the older ones many times over.
WINDOW = 0.05
KEPT_PER_WINDOW = 256 * 1024
# Above 200 MB/s the child waits after all, or forgetting would take a whole core.
TAKEN_PER_WINDOW = 10 * 1024 * 1024
_CHUNK = 64 * 1024
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
        with _Sink() as sink:
            while not self._closing.is_set():
                if not self._read_for_a_window(wait, sink):
                    break
        self._drain()
        self._taker.finish()

    def _read_for_a_window(self, wait: Callable[[], object], sink: _Sink) -> bool:
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
            else:
                forgotten = 0 if self._taker.is_lossless() else self._forget(sink)
                if not forgotten:
                    break
                taken += forgotten
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
        for _ in range(KEPT_PER_WINDOW // _CHUNK):
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
        try:
            count = sink.swallow(self._readable)
        except BlockingIOError:
            return 0
        self._left_out += count
        return count


class _Sink:
    """Where bytes end that nobody wants: the kernel moves them, where it can."""

    def __enter__(self) -> _Sink:
        self._null = os.open(os.devnull, os.O_WRONLY)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._null)

    def swallow(self, readable: int) -> int:
        """Take what is in a pipe. Raises BlockingIOError when that is nothing."""
        if sys.platform == "linux":
            flags = os.SPLICE_F_NONBLOCK
            return os.splice(readable, self._null, TAKEN_PER_WINDOW, flags=flags)
        return len(os.read(readable, _CHUNK))
