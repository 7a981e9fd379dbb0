"""Which services there are, whoever offers them, and what happens to them.

What is listed, counted and shown is read from here. Nothing here starts or stops anything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..rules.service import Service

if TYPE_CHECKING:
    from ..processes.supervisor import StateChanged, Supervisor


class Source(Enum):
    """Who says that there is such a service."""

    CONFIG = "config"
    PACKAGE = "package"
    RUNTIME = "runtime"


@dataclass(slots=True, eq=False)
class Entry:
    """One service, or one instance of it.

    `problem` says why one cannot work, and is "" for all others. `service` is None then, and where
    a package makes the whole handler. `supervisor` is None where nothing is ours to start, or
    not before the first request. `values` are an instance's.
    """

    name: str
    source: Source
    service: Service | None = None
    supervisor: Supervisor | None = None
    package: str = ""
    problem: str = ""
    instance: str | None = None
    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Added:
    """There is a new service or instance."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Removed:
    """A service or instance is there no more."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class StateOf:
    """The state of a service's child has changed."""

    entry: Entry
    change: StateChanged


Change = Added | Removed | StateOf


class Catalog:
    """Services in the order in which they were added. For the event loop's thread."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._entries: dict[tuple[str, str | None], Entry] = {}
        self._subscribers: dict[object, Callable[[Change], None]] = {}
        self._unsubscribe: dict[Entry, Callable[[], None]] = {}

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._entries.values()))

    def get(self, name: str, instance: str | None = None) -> Entry | None:
        """The service of that name, or one of its instances, if there is one."""
        return self._entries.get((name, instance))

    def entry_of(self, supervisor: Supervisor) -> Entry:
        """What `supervisor` is for, also when that is not listed, or not any more."""
        for entry in self._entries.values():
            if entry.supervisor is supervisor:
                return entry
        return Entry(supervisor.name, Source.CONFIG, supervisor=supervisor)

    def add(self, entry: Entry) -> None:
        """Add one. Raises ValueError when there is one of that name already."""
        key = (entry.name, entry.instance)
        if key in self._entries:
            raise ValueError(f"there is a service {entry.name!r} already")
        self._entries[key] = entry
        self._follow(entry)
        self._tell(Added(entry))

    def remove(self, name: str, instance: str | None = None) -> Entry:
        """Forget one; its child is the caller's to close. Raises KeyError."""
        entry = self._entries.pop((name, instance))
        self._unsubscribe.pop(entry, lambda: None)()
        self._tell(Removed(entry))
        return entry

    def note_supervisor(self, service: Service, supervisor: Supervisor) -> None:
        """`service`, known or not, has got who owns its child."""
        entry = self._entries.get((service.name, service.instance or None))
        if entry is not None and entry.supervisor is None and entry.service in (None, service):
            entry.supervisor = supervisor
            self._follow(entry)
        elif self.get(supervisor.name) is None:
            source = Source.PACKAGE if service.package else Source.CONFIG
            self.add(Entry(supervisor.name, source, service, supervisor, service.package))

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Have `callback` called after every change; returns what ends that."""
        key = object()
        self._subscribers[key] = callback

        def unsubscribe() -> None:
            self._subscribers.pop(key, None)

        return unsubscribe

    def _follow(self, entry: Entry) -> None:
        if entry.supervisor is not None:
            self._unsubscribe[entry] = entry.supervisor.subscribe(
                lambda change: self._tell(StateOf(entry, change))
            )

    def _tell(self, change: Change) -> None:
        for callback in list(self._subscribers.values()):
            try:
                callback(change)
            except Exception:
                self._log.exception("server-proxy: a subscriber of the catalog failed")
