"""A line on the terminal that says how a start is getting on; silent where there is no terminal."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import TextIO

from ..client import Server
from .text import duration, full_name, printable

# How often the seconds are brought up to date.
_TICK = 0.2
_CLEAR = "\r\x1b[K"


class Progress:
    """Shown while it is entered, on standard error; call `note` with what becomes known."""

    def __init__(self, output: TextIO | None = None) -> None:
        self._output = sys.stderr if output is None else output
        self._is_shown = self._output.isatty()
        self._began = time.monotonic()
        self._server: Server | None = None
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="progress", daemon=True)

    def __enter__(self) -> Progress:
        if self._is_shown:
            self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._is_shown:
            self._ticker.join()
            self._write(_CLEAR)

    def note(self, server: Server) -> None:
        """The service, as it is now."""
        self._server = server

    def line(self) -> str:
        """What is shown now, "" for nothing."""
        server = self._server
        if server is None:
            return ""
        usual = server.get("usual_start")
        usually = f" (usually {duration(usual)})" if usual and server["state"] == "starting" else ""
        passed = duration(time.monotonic() - self._began)
        return f"{printable(full_name(server))} is {server['state']}: {passed}{usually}"

    def _tick(self) -> None:
        while not self._ended.wait(_TICK):
            self._write(_CLEAR + self.line())

    def _write(self, text: str) -> None:
        self._output.write(text)
        self._output.flush()
