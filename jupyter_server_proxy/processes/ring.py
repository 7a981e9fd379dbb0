"""The last lines of a child's output, as a terminal would show them, bounded in memory. No I/O."""

from __future__ import annotations

import collections
import threading

KEPT_LINES = 1000
KEPT_BYTES = 1024 * 1024
LONGEST_LINE = 4096


class Ring:
    """The last lines, bounded in number and size. For several threads."""

    def __init__(self, *, lines: int = KEPT_LINES, size: int = KEPT_BYTES) -> None:
        self._lines: collections.deque[bytes] = collections.deque()
        self._most_lines = lines
        self._most_size = size
        self._size = 0
        # How many of them, at the front, are of earlier children.
        self._earlier = 0
        self._partial = b""
        self._lock = threading.Lock()

    def feed(self, data: bytes, *, wants_all: bool = False) -> tuple[list[bytes], int]:
        """Take bytes as they come.

        The lines that are complete now, cut where very long, and how many are left out before
        them: of more lines than are kept only the last ones are looked at, unless `wants_all`.
        """
        with self._lock:
            data = self._partial + data
            most = self._most_lines
            *complete, rest = data.rsplit(b"\n", -1 if wants_all else most + 1)
            is_cut = len(complete) > most and not wants_all
            left_out = complete.pop(0).count(b"\n") + 1 if is_cut else 0
            self._partial = last_drawn(rest)[: LONGEST_LINE + 1]
            lines = [last_drawn(line)[: LONGEST_LINE + 1] for line in complete]
            self._extend(lines[-self._most_lines :])
            return lines, left_out

    def finish(self) -> None:
        """The unfinished line at the end of a child's output is a line too."""
        with self._lock:
            if self._partial:
                self._extend([self._partial])
                self._partial = b""

    def begin(self) -> None:
        """What comes from now on is another child's."""
        self.finish()
        with self._lock:
            self._earlier = len(self._lines)

    def lines(self) -> list[str]:
        """The last lines, an unfinished one (a prompt) included."""
        return list(map(readable, self._snapshot()[0]))

    def lines_of_child(self) -> list[str]:
        """Those of them that are the last child's."""
        lines, earlier = self._snapshot()
        return list(map(readable, lines[earlier:]))

    def _snapshot(self) -> tuple[list[bytes], int]:
        with self._lock:
            return [*self._lines, *([self._partial] if self._partial else ())], self._earlier

    def _extend(self, lines: list[bytes]) -> None:
        self._lines.extend(lines)
        self._size += sum(map(len, lines))
        while len(self._lines) > self._most_lines or self._size > self._most_size:
            self._size -= len(self._lines.popleft())
            self._earlier = max(0, self._earlier - 1)


def last_drawn(line: bytes) -> bytes:
    """What a terminal would show of a line that is drawn again and again (a progress bar)."""
    if b"\r" not in line:
        return line
    return line.rstrip(b"\r").rpartition(b"\r")[2] + (b"\r" if line.endswith(b"\r") else b"")


def readable(line: bytes) -> str:
    """A line for people."""
    text = line[:LONGEST_LINE].decode("utf-8", "replace").rstrip("\r")
    return text + " …" if len(line) > LONGEST_LINE else text
