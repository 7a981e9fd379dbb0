"""The services that launchers are told of, and their icons: they may become more and fewer."""

from __future__ import annotations

from collections.abc import Iterable

from .server_process import ServerProcess


class Listed:
    """`processes` and `icons` are the same objects for as long as Jupyter runs."""

    def __init__(self, processes: Iterable[ServerProcess]) -> None:
        self.processes: list[ServerProcess] = []
        self.icons: dict[str, str] = {}
        for process in processes:
            self.add(process)

    def add(self, process: ServerProcess) -> None:
        """One more."""
        self.processes.append(process)
        entry = process.launcher_entry
        if entry.enabled and entry.icon_path:
            self.icons[process.name] = entry.icon_path

    def remove(self, name: str) -> None:
        """One less, if it is there."""
        self.processes[:] = [process for process in self.processes if process.name != name]
        self.icons.pop(name, None)

    def find(self, name: str) -> ServerProcess | None:
        """The one of that name."""
        return next((process for process in self.processes if process.name == name), None)
