"""What all routes of the REST API share."""

from __future__ import annotations

import asyncio
import difflib
import logging
from collections.abc import Coroutine, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ProxyError, ServiceUnknown, StateForbids
from ..handlers.catalog import Catalog, Entry
from ..handlers.facts import Addresses, Facts, describe
from ..handlers.runtime import Runtime
from .deliveries import Deliveries
from .hub import Hub

if TYPE_CHECKING:
    from ..processes.supervisor import Supervisor
    from ..processes.tree import TreeMeter


class Manager(Protocol):
    """Who adds and removes services; `config.runtime_services` says what each may raise."""

    def add(self, settings: Mapping[str, Any], *, is_saved: bool) -> Entry:
        """Add a service."""

    async def remove(self, name: str) -> None:
        """Remove one."""

    def add_instance(
        self, name: str, instance: str | None = None, *, given: Mapping[str, object]
    ) -> Entry:
        """Add an instance of one."""

    async def remove_instance(self, name: str, instance: str) -> None:
        """Remove one."""


class Api:
    """The services of one application, as the API knows them. For the event loop's thread."""

    def __init__(
        self, runtime: Runtime, addresses: Addresses, *, manager: Manager | None = None
    ) -> None:
        self.runtime = runtime
        # None in an application whose services are always the same.
        self.manager = manager
        self.addresses = runtime.addresses = addresses
        self.hub = Hub(runtime.catalog, self.describe)
        self.deliveries = Deliveries()
        self._begun: set[asyncio.Task[None]] = set()

    @cached_property
    def _meter(self) -> TreeMeter:
        # Imported by whoever asks first: a server that nobody asks need not wait.
        from ..processes.tree import TreeMeter  # noqa: PLC0415

        return TreeMeter()

    @property
    def catalog(self) -> Catalog:
        """All services, also those that cannot work."""
        return self.runtime.catalog

    @property
    def log(self) -> logging.Logger:
        """Jupyter's."""
        return self.runtime.log

    def find(self, name: str, instance: str | None = None) -> Entry:
        """The service of that name, or its instance. Raises ServiceUnknown."""
        entry = self.catalog.get(name, instance)
        if entry is not None:
            return entry
        if instance is not None and self.catalog.get(name) is not None:
            known = [e.instance for e in self.catalog if e.name == name and e.instance]
            raise ServiceUnknown(f"{name} has no instance {instance!r}{_nearest(instance, known)}")
        known = [entry.name for entry in self.catalog if entry.instance is None]
        raise ServiceUnknown(f"There is no service {name!r}{_nearest(name, known)}")

    def find_supervisor(self, entry: Entry) -> Supervisor:
        """Who owns the child of `entry`. Raises StateForbids where nobody does."""
        if entry.problem:
            raise StateForbids(f"{entry.name} is broken: {entry.problem}")
        if entry.supervisor is not None:
            return entry.supervisor
        if entry.service is not None and entry.service.command:
            raise StateForbids(f"{entry.name} is started by the first visit to it only")
        raise StateForbids(f"{entry.name} is not started and stopped by Jupyter")

    def describe(self, entry: Entry) -> Facts:
        """What is told about one service."""
        return describe(entry, self.addresses)

    async def measure(self, entries: Iterable[Entry]) -> list[Facts]:
        """What is told about services when somebody asks for it: with processor and memory."""
        described = [self.describe(entry) for entry in entries]
        uses = await self._meter.measure(facts["pid"] for facts in described if facts["pid"])
        for facts in described:
            use = uses.get(facts["pid"])
            if use is not None:
                facts |= {"cpu_percent": use.cpu_percent, "rss": use.rss}
        return described

    def begin(self, work: Coroutine[Any, Any, Any], *, name: str) -> None:
        """Let `work` go on when its request has been answered; a failure is in the log already."""
        task = asyncio.get_running_loop().create_task(_quietly(work), name=name)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)


async def _quietly(work: Coroutine[Any, Any, Any]) -> None:
    try:
        await work
    except ProxyError:
        return


def _nearest(name: str, known: list[str]) -> str:
    """The end of a message about an unknown name."""
    nearest = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""
