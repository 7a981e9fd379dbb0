"""What a child says: the last lines in memory, all in a file, some of it in Jupyter's log."""

from __future__ import annotations

import asyncio
import collections
import logging
import re
import threading
import time
from collections.abc import Callable

from .pipe import Pipe, Taker
from .ring import KEPT_LINES, Ring, readable
from .rotating import RotatingFile

# Lines per second, and at once, in Jupyter's own log.
_LOGGED_PER_SECOND = 50.0
_LOGGED_AT_ONCE = 200.0

# Between two deliveries in a flood: nobody reads faster, and there may be many who listen.
_BETWEEN_DELIVERIES = 0.1

# New lines, and how many that came before them are left out.
LinesCallback = Callable[[list[str], int], None]


class LogForwarder:
    """Passes lines on to Jupyter's log at a bounded rate, and says how many it left out.

    `level` None: none of them.
    """

    def __init__(self, service: str, log: logging.Logger, level: int | None) -> None:
        self._service = service
        self._log = log
        self._level = level
        self._allowance = _LOGGED_AT_ONCE
        self._last = time.monotonic()
        self._hidden = 0

    def forward(self, lines: list[bytes], left_out: int = 0) -> None:
        """Log those lines that the rate allows; `left_out` more came before them."""
        if self._level is None or not self._log.isEnabledFor(self._level):
            return
        self._hidden += left_out
        now = time.monotonic()
        earned = (now - self._last) * _LOGGED_PER_SECOND
        self._allowance = min(_LOGGED_AT_ONCE, self._allowance + earned)
        self._last = now
        count = min(len(lines), int(self._allowance))
        self._allowance -= count
        if count:
            self.note_hidden()
        for line in lines[:count]:
            self._log.log(self._level, "%s: %s", self._service, readable(line))
        self._hidden += len(lines) - count

    def note_hidden(self) -> None:
        """Say how many lines were left out since the last one shown."""
        if self._hidden and self._level is not None:
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
        self, service: str, *, path: str, log: logging.Logger, level: int | None = logging.INFO
    ) -> None:
        # Whether the file is there when nobody writes any more; if not, it and the older ones are
        # removed, unless there was one before.
        self.is_lasting = True
        self._service = service
        self._log = log
        self._ring = Ring()
        self._file = RotatingFile(path, log)
        self._forwarder = LogForwarder(service, log, level)
        self._callbacks: dict[object, LinesCallback] = {}
        self._patterns: dict[asyncio.Future[str], re.Pattern[str]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        # For the callbacks; and how many have had to make room. In two threads.
        self._pending: collections.deque[bytes] = collections.deque()
        self._left_out = 0
        self._lock = threading.Lock()
        self._is_delivery_due = False
        self._delivered_at = 0.0

    @property
    def path(self) -> str:
        """The file that has everything; another one than at first where that is another's."""
        return self._file.path

    def lines(self) -> list[str]:
        """The last lines, of earlier children too."""
        return self._ring.lines()

    def lines_of_child(self) -> list[str]:
        """The last lines since `begin`."""
        return self._ring.lines_of_child()

    def begin(self) -> None:
        """There is to be another child."""
        self._ring.begin()

    def on_lines(self, callback: LinesCallback) -> Callable[[], None]:
        """Call back in the event loop with new lines, of a flood with the last ones only and how
        many there were before them. Returns what ends it.
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
        self.begin()
        taker = Taker(
            take=self._take,
            left_out=self._note_left_out,
            # Some line is waited for.
            is_lossless=lambda: bool(self._patterns),
            finish=self._finish,
        )
        return Pipe(self._service, taker)

    async def close(self) -> None:
        """No child will write any more: others may have the file, unless it is removed."""
        if self._file.is_claimed:
            await asyncio.to_thread(self._file.release if self.is_lasting else self._file.remove)

    def _take(self, data: bytes) -> None:
        """In the pipe's thread: bytes have come."""
        self._file.write(data)
        lines, left_out = self._ring.feed(data, wants_all=bool(self._patterns))
        if not lines:
            return
        self._forwarder.forward(lines, left_out)
        self._search(lines)
        if self._callbacks:
            self._hand_over(lines, left_out)

    def _hand_over(self, lines: list[bytes], left_out: int) -> None:
        with self._lock:
            self._pending.extend(lines)
            self._left_out += left_out
            while len(self._pending) > KEPT_LINES:
                self._pending.popleft()
                self._left_out += 1
            is_due, self._is_delivery_due = self._is_delivery_due, True
        if not is_due:
            self._call_soon(self._deliver_in_time)

    def _note_left_out(self, count: int) -> None:
        """In the pipe's thread: a flood was too much to keep."""
        self._take(b"\n[%.1f MB of output left out: too much at once]\n" % (count / 1e6))

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

    def _deliver_in_time(self) -> None:
        loop = asyncio.get_running_loop()
        loop.call_at(self._delivered_at + _BETWEEN_DELIVERIES, self._deliver)

    def _deliver(self) -> None:
        self._delivered_at = asyncio.get_running_loop().time()
        with self._lock:
            self._is_delivery_due = False
            taken, left_out = list(self._pending), self._left_out
            self._pending.clear()
            self._left_out = 0
        lines = list(map(readable, taken))
        for callback in list(self._callbacks.values()):
            try:
                callback(lines, left_out)
            except Exception:
                self._log.exception("%s: a follower of its output failed", self._service)

    def _call_soon(self, callback: Callable[..., None], *arguments: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(callback, *arguments)


def _resolve(found: asyncio.Future[str], line: str) -> None:
    if not found.done():
        found.set_result(line)
