"""All supervisors of this Jupyter server, by name; started together and closed together."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterator

from ..errors import ProxyError, ShuttingDown
from .guardian import Guardian
from .past_starts import PastStarts
from .supervisor import Supervisor


class Registry:
    """Services in the order in which they were added. For the event loop's thread."""

    def __init__(self, *, guardian: Guardian, log: logging.Logger) -> None:
        self.guardian = guardian
        self.past = PastStarts(log)
        self._log = log
        self._supervisors: dict[str, Supervisor] = {}
        self._starting: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<Registry of {len(self._supervisors)} services>"

    def __iter__(self) -> Iterator[Supervisor]:
        return iter(list(self._supervisors.values()))

    def add(self, supervisor: Supervisor) -> None:
        """Add one. Raises ValueError when there is a service of that name already."""
        if supervisor.name in self._supervisors:
            raise ValueError(f"there is a service {supervisor.name!r} already")
        self._supervisors[supervisor.name] = supervisor

    def unused_name(self, name: str) -> str:
        """`name`, with a number if there is a service of that name already."""
        numbered = (f"{name} ({number})" for number in itertools.count(2))
        return next(n for n in itertools.chain((name,), numbered) if n not in self._supervisors)

    async def remove(self, name: str) -> None:
        """Close the service `name` and forget it. Raises KeyError."""
        await self._supervisors.pop(name).close()

    def get(self, name: str) -> Supervisor | None:
        """The service of that name, if there is one."""
        return self._supervisors.get(name)

    def names(self) -> list[str]:
        """All names, in order."""
        return list(self._supervisors)

    def start_automatic(self) -> None:
        """Begin to start those with `autostart` or `keep_warm`; does not wait.

        A failure is in the log only.
        """
        for supervisor in self:
            if supervisor.options.autostart or supervisor.options.keep_warm:
                task = asyncio.get_running_loop().create_task(
                    self._start(supervisor), name=f"autostart of {supervisor.name}"
                )
                self._starting.add(task)
                task.add_done_callback(self._starting.discard)

    async def close_all(self, *, grace: float) -> None:
        """Close all services at the same time, each with `grace` seconds to end by itself."""
        await asyncio.gather(*(supervisor.close(grace=grace) for supervisor in self))
        if self._starting:
            await asyncio.wait(self._starting)

    async def _start(self, supervisor: Supervisor) -> None:
        try:
            await supervisor.ensure_ready()
        except ShuttingDown:
            return  # Nobody wants it any more.
        except ProxyError as problem:
            self._log.warning("%s: autostart failed: %s", supervisor.name, problem.title)
