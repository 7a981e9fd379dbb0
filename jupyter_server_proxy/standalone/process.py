"""The service of the standalone application: as in Jupyter, but at the base URL itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from ..config import ServerProcess
from ..handlers.relaying import RelayingHandler
from .traits import StandaloneTraits, service_options


class StandaloneProcess(ServerProcess):
    """A service whose routes have `gate` mixed in."""

    gate: type[RelayingHandler]

    def __init__(self, *, gate: type[RelayingHandler], **settings: Any) -> None:
        super().__init__(**settings)
        self.gate = gate

    def get_proxy_base_class(self) -> tuple[type | None, dict[str, Any]]:
        """See `ServerProcess`."""
        base, keywords = super().get_proxy_base_class()
        if base is None:
            return None, keywords
        return type(f"Standalone{base.__name__}", (self.gate, base), {}), keywords

    def get_proxy_attributes(self) -> dict[str, Any]:
        """See `ServerProcess`."""
        return {**super().get_proxy_attributes(), "proxy_base": "/"}


def make_process(
    options: StandaloneTraits, *, name: str, gate: type[RelayingHandler]
) -> StandaloneProcess:
    """The service that `options` describe. Raises TraitError for what cannot be.

    Options that were not given may come from the `ServerProcess` section of configuration
    files.
    """
    process = StandaloneProcess(gate=gate, name=name, parent=options)
    said = _said_in_configuration(options)
    for key in service_options():
        value = getattr(options, key)
        if key in said or value != getattr(type(options), key).default(options):
            setattr(process, key, value)
    process.port = options.server_port
    process.launcher_entry.title = _title(options, process)
    return process


def _title(options: StandaloneTraits, process: StandaloneProcess) -> str:
    """What pages call the application: what is said, else the name of its program."""
    said = process.launcher_entry.title
    if options.title or said != process.name:
        return str(options.title or said)
    command = options.command if isinstance(options.command, list) else []
    return program_name(command) or process.name


def program_name(command: Sequence[str]) -> str:
    """The name of the program that `command` starts, for people: of what Python runs, rather than
    Python's. "" when it says none."""
    words = [PurePath(str(word)).name for word in command]
    if len(words) > 1 and re.fullmatch(r"python[\d.]*(\.exe)?", words[0]):
        words = words[2:] if words[1] == "-m" else words[1:]
    return words[0] if words and not words[0].startswith("-") else ""


def _said_in_configuration(options: StandaloneTraits) -> set[str]:
    """What the command line and files say of our own options, be it only their defaults."""
    sections = (options.config.get(name, {}) for name in options.section_names())
    return {key for section in sections for key in section}
