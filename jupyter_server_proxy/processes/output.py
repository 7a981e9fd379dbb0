"""What a child says: the last lines in memory, everything in a file, some of it in Jupyter's log.

One thread per running child reads its pipe, so neither a slow disk nor a child that writes as
fast as it can holds up the event loop. A flood is slowed down to `_BYTES_PER_WINDOW`, as a
terminal would; then the pipe is full and the child waits.
"""

from __future__ import annotations

import asyncio
import collections
import logging
import os
import re
import select
import sys
import threading
import time
from collections.abc import Callable

from .rotating import RotatingFile

KEPT_LINES = 1000
KEPT_BYTES = 1024 * 1024
LONGEST_LINE = 4096
# 10 MB/s, for a small part of a core: far above what a program writes for somebody to read.
_WINDOW = 0.05
_BYTES_PER_WINDOW = 512 * 1024
_CHUNK = 64 * 1024
# Lines per second, and at once, in Jupyter's own log.
_LOGGED_PER_SECOND = 50.0
_LOGGED_AT_ONCE = 200.0
# A thread that hangs in a dead network file system must not keep anybody waiting.
_CLOSE_PATIENCE = 2.0

HAS_POLL = sys.platform != "win32"

LinesCallback = Callable[[list[str]], None]


class Ring:
    """The last lines, bounded in number and size. For several threads."""

    def __init__(self, *, lines: int = KEPT_LINES, size: int = KEPT_BYTES) -> None:
        self._lines: collections.deque[bytes] = collections.deque()
        self._most_lines = lines
        self._most_size = size
        self._size = 0
        self._partial = b""
        self._lock = threading.Lock()

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes as they come; the lines that are complete now, cut where very long."""
        with self._lock:
            *complete, rest = (self._partial + data).split(b"\n")
            self._partial = last_drawn(rest)[: LONGEST_LINE + 1]
            lines = [line[: LONGEST_LINE + 1] for line in map(last_drawn, complete)]
            self._extend(lines[-self._most_lines :])
            return lines

    def finish(self) -> None:
        """The unfinished line at the end of a child's output is a line too."""
        with self._lock:
            if self._partial:
                self._extend([self._partial])
                self._partial = b""

    def lines(self) -> list[str]:
        """The last lines, an unfinished one (a prompt) included."""
        with self._lock:
            lines = [*self._lines, *([self._partial] if self._partial else ())]
        return [readable(line) for line in lines]

    def _extend(self, lines: list[bytes]) -> None:
        self._lines.extend(lines)
        self._size += sum(map(len, lines))
        while len(self._lines) > self._most_lines or self._size > self._most_size:
            self._size -= len(self._lines.popleft())


def last_drawn(line: bytes) -> bytes:
    """What a terminal would show of a line that is drawn again and again (a progress bar)."""
    if b"\r" not in line:
        return line
    return line.rstrip(b"\r").rpartition(b"\r")[2] + (b"\r" if line.endswith(b"\r") else b"")


def readable(line: bytes) -> str:
    """A line for people."""
    text = line[:LONGEST_LINE].decode("utf-8", "replace").rstrip("\r")
    return text + " …" if len(line) > LONGEST_LINE else text


class LogForwarder:
    """Passes lines on to Jupyter's log at a bounded rate, and says how many it left out."""

    def __init__(self, service: str, log: logging.Logger, level: int) -> None:
        self._service = service
        self._log = log
        self._level = level
        self._allowance = _LOGGED_AT_ONCE
        self._last = time.monotonic()
        self._hidden = 0

    def forward(self, lines: list[bytes]) -> None:
        """Log those lines that the rate allows."""
        if not self._log.isEnabledFor(self._level):
            return
        now = time.monotonic()
        earned = (now - self._last) * _LOGGED_PER_SECOND
        self._allowance = min(_LOGGED_AT_ONCE, self._allowance + earned)
        self._last = now
        count = min(len(lines), int(self._allowance))
        self._allowance -= count
        if count and self._hidden:
            self.note_hidden()
        for line in lines[:count]:
            self._log.log(self._level, "%s: %s", self._service, readable(line))
        self._hidden += len(lines) - count

    def note_hidden(self) -> None:
        """Say how many lines were left out since the last one shown."""
        if self._hidden:
            self._log.log(
                self._level,
                "%s: %d lines not shown (they are in its log file)",
                self._service,
                self._hidden,
            )
            self._hidden = 0


class Output:
    """The output of one service over all its children. Methods are for the event loop's thread."""

    def __init__(
        self, service: str, *, path: str, log: logging.Logger, level: int = logging.INFO
    ) -> None:
        self.path = path
        self._service = service
        self._log = log
        self._ring = Ring()
        self._file = RotatingFile(path, log)
        self._forwarder = LogForwarder(service, log, level)
        self._callbacks: dict[object, LinesCallback] = {}
        self._patterns: dict[asyncio.Future[str], re.Pattern[str]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pending: collections.deque[bytes] = collections.deque(maxlen=KEPT_LINES)
        self._is_delivery_due = False

    def lines(self) -> list[str]:
        """The last lines, of earlier children too."""
        return self._ring.lines()

    def on_lines(self, callback: LinesCallback) -> Callable[[], None]:
        """Call back in the event loop with new lines, the last ones only in a flood.

        Returns what ends it.
        """
        key = object()
        self._callbacks[key] = callback
        return lambda: self._callbacks.pop(key, None) and None

    def first_match(self, pattern: re.Pattern[str]) -> asyncio.Future[str]:
        """The first line from now on in which `pattern` is found; no line is passed over."""
        found: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._patterns[found] = pattern
        found.add_done_callback(lambda done: self._patterns.pop(done, None))
        return found

    def open_pipe(self) -> Pipe:
        """A new pipe for a child, read from now on."""
        self._loop = asyncio.get_running_loop()
        return Pipe(self._service, self._take, self._finish)

    def _take(self, data: bytes) -> None:
        """In the pipe's thread: bytes have come."""
        self._file.write(data)
        lines = self._ring.feed(data)
        if not lines:
            return
        self._forwarder.forward(lines)
        self._search(lines)
        if self._callbacks:
            self._pending.extend(lines)
            if not self._is_delivery_due:
                self._is_delivery_due = True
                self._call_soon(self._deliver)

    def _finish(self) -> None:
        """In the pipe's thread: no more will come."""
        self._ring.finish()
        self._forwarder.note_hidden()
        self._file.close()

    def _search(self, lines: list[bytes]) -> None:
        for found, pattern in list(self._patterns.items()):
            line = next(filter(pattern.search, map(readable, lines)), None)
            if line is not None:
                self._patterns.pop(found, None)
                self._call_soon(_resolve, found, line)

    def _deliver(self) -> None:
        self._is_delivery_due = False
        lines = []
        while self._pending:
            lines.append(readable(self._pending.popleft()))
        for callback in list(self._callbacks.values()):
            callback(lines)

    def _call_soon(self, callback: Callable[..., None], *arguments: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(callback, *arguments)


def _resolve(found: asyncio.Future[str], line: str) -> None:
    if not found.done():
        found.set_result(line)


class Pipe:
    """One child's stdout and stderr, read by a thread until `close`."""

    def __init__(
        self, service: str, take: Callable[[bytes], None], finish: Callable[[], None]
    ) -> None:
        self._readable, self.writable = os.pipe()
        if HAS_POLL:
            os.set_blocking(self._readable, False)
        self._wake_readable, self._wake_writable = os.pipe()
        self._take = take
        self._finish = finish
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
        window, taken = time.monotonic(), 0
        while not self._closing.is_set():
            wait()
            data = self._read()
            if data == b"":
                break
            taken += len(data or b"")
            now = time.monotonic()
            if now - window >= _WINDOW:
                window, taken = now, 0
            elif taken > _BYTES_PER_WINDOW:
                self._closing.wait(window + _WINDOW - now)
        self._drain()
        self._finish()

    def _waiter(self) -> Callable[[], object]:
        """What waits until there is something to read, or `close` was called."""
        if not HAS_POLL:  # then reading blocks, until the job's end closes the pipe
            return lambda: None
        poll = select.poll()
        poll.register(self._readable, select.POLLIN)
        poll.register(self._wake_readable, select.POLLIN)
        return poll.poll

    def _drain(self) -> None:
        for _ in range(_BYTES_PER_WINDOW // _CHUNK):
            if not self._read():
                return

    def _read(self) -> bytes | None:
        """Some bytes, none at the end of the file, None when there are none yet."""
        try:
            data = os.read(self._readable, _CHUNK)
        except BlockingIOError:
            return None
        if data:
            self._take(data)
        return data
