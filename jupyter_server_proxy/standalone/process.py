"""The service of the standalone application: as in Jupyter, but at the base URL itself."""

from __future__ import annotations

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
    return process


def _said_in_configuration(options: StandaloneTraits) -> set[str]:
    """What the command line and files say of our own options, be it only their defaults."""
    sections = (options.config.get(name, {}) for name in options.section_names())
    return {key for section in sections for key in section}
