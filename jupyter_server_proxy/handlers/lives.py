"""What the processes of each service have been through, those of its instances included.

Sums of what supervisors count; nothing here starts or stops anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..processes.durations import Durations
from .catalog import Catalog, Change, Removed

if TYPE_CHECKING:
    from ..processes.supervisor import Supervisor


class Lives:
    """Numbers of some supervisors, added up."""

    def __init__(self) -> None:
        self.starts = self.failures = self.restarts = 0
        self.durations = Durations()

    def add(self, supervisor: Supervisor) -> None:
        """One more."""
        self.starts += supervisor.generation
        self.failures += supervisor.failures
        self.restarts += supervisor.restarts
        self.durations.add(supervisor.durations)

    def copy(self) -> Lives:
        """The same numbers, to go on from."""
        lives = Lives()
        lives.starts, lives.failures, lives.restarts = self.starts, self.failures, self.restarts
        lives.durations.add(self.durations)
        return lives


class LivesByService:
    """What is counted never becomes less while a service is there: what instances have done that
    were removed meanwhile stays with it."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._past: dict[str, Lives] = {}
        catalog.subscribe(self._note)

    def now(self) -> dict[str, Lives]:
        """Of every service that there is or was a process of, by its name."""
        lives = {name: past.copy() for name, past in self._past.items()}
        for entry in self._catalog:
            if entry.supervisor is not None:
                lives.setdefault(entry.name, Lives()).add(entry.supervisor)
        return lives

    def _note(self, change: Change) -> None:
        if not isinstance(change, Removed):
            return
        entry = change.entry
        if self._catalog.get(entry.name) is None:
            self._past.pop(entry.name, None)
        elif entry.supervisor is not None:
            self._past.setdefault(entry.name, Lives()).add(entry.supervisor)
