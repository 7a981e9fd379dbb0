"""The guarantee that nothing outlives Jupyter, however Jupyter ends.

A `Guardian` starts children, each below a guardian process of its own (docs/adr/0002-guardian.md).
It keeps no list: what it has started ends with Jupyter because of who its parent is.
"""

from __future__ import annotations

import asyncio
import logging
import sys

from .child import Child, SpawnRequest

if sys.platform == "win32":
    from ._windows import spawn
else:
    from ._posix import spawn


class Guardian:
    """Starts children that cannot outlive this process."""

    def __init__(self, *, log: logging.Logger) -> None:
        self._log = log

    async def spawn(self, request: SpawnRequest, name: str) -> Child:
        """Start a child without holding up the event loop. Raises SpawnRefused.

        To be awaited to its end: a child started by a call that was cancelled is ended again.
        """
        starting: asyncio.Future[Child] = asyncio.ensure_future(asyncio.to_thread(spawn, request))
        try:
            child = await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(_end_unwanted)
            raise
        self._log.debug("%s: started %r", name, child)
        return child


def _end_unwanted(starting: asyncio.Future[Child]) -> None:
    if not starting.cancelled() and starting.exception() is None:
        starting.result().kill()
