"""Telling Jupyter that somebody is using a proxied application.

JupyterHub and Jupyter's own idle shutdown read `last_activity_times`. Failed requests, pings
and silence are no activity.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any

from jupyter_server._tz import utcnow

from ..callbacks import call_now
from ..rules.frames import is_control_frame
from ..rules.service import Origin

KEY = "jupyter-server-proxy"
SECONDS_BETWEEN_NOTES = 1.0

# What async callables are thinking about; the event loop itself holds on to no task.
_deciding: set[asyncio.Task[None]] = set()


class ActivityRequest:
    """What an `update_last_activity` callable is given: the handler, plus `.path`."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler
        self.request = handler.request
        self.path: str = handler.request.path

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handler, name)


def record(settings: dict[str, Any]) -> None:
    """Note that there is activity now."""
    settings.setdefault("last_activity_times", {})[KEY] = utcnow()


def says_so(update: Callable[[Any], Any], handler: Any, origin: Origin) -> bool:
    """Whether `update`, which may be async, says that this request counts: False until it has
    said so, which is then recorded. One that fails has been logged and counts, so that a bug in it
    does not get a server culled."""
    try:
        said = call_now(update, (ActivityRequest(handler),), origin)
    except Exception:
        return True
    if not inspect.isawaitable(said):
        return bool(said)
    deciding = asyncio.create_task(_record_if(said, handler.settings), name=str(origin))
    _deciding.add(deciding)
    deciding.add_done_callback(_deciding.discard)
    return False


async def _record_if(said: Awaitable[Any], settings: dict[str, Any]) -> None:
    try:
        is_counted = bool(await said)
    except Exception:
        is_counted = True
    if is_counted:
        record(settings)


class TunnelObserver:
    """Called with every chunk of a tunnel; notes activity at most once a second.

    A chunk that is exactly one websocket control frame (ping, pong, close) is none.
    """

    __slots__ = ("_next", "_note", "_other")

    def __init__(self, note: Callable[[], None], other: TunnelObserver | None = None) -> None:
        self._note = note
        # Whoever else wants to know at the same times.
        self._other = other
        self._next = 0.0

    def __call__(self, chunk: bytes) -> None:
        """A chunk moved, in either direction."""
        now = time.monotonic()
        if now >= self._next and not is_control_frame(chunk):
            self._next = now + SECONDS_BETWEEN_NOTES
            self._note()
            if self._other is not None:
                self._other(chunk)
