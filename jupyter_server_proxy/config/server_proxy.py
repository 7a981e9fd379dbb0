"""`ServerProxy`: the options of the whole extension. It starts nothing and opens nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from textwrap import dedent, indent
from typing import Any
from warnings import warn

from traitlets import (
    Bool,
    Callable,
    Dict,
    List,
    TraitError,
    Tuple,
    Unicode,
    Union,
    default,
    observe,
    validate,
)
from traitlets.config import LoggingConfigurable

from ..errors import ConfigurationError
from ..rules.hosts import parse_ports
from .server_process import ServerProcess, build_process
from .traits import LogLevel


class JsonDict(Dict):
    """A dictionary that can be given as JSON on the command line, as Python text too."""

    def from_string(self, s: str) -> dict[Any, Any] | None:
        """The dictionary that `s` spells. Raises what traitlets raises for other text."""
        return self.from_string_list([s])  # type: ignore[no-any-return]

    def from_string_list(self, s_list: list[str]) -> Any:
        """The dictionary that the one item of `s_list` spells, else as traitlets does."""
        try:
            value = json.loads(s_list[0]) if len(s_list) == 1 else None
        except ValueError:
            value = None
        return value if isinstance(value, dict) else super().from_string_list(s_list)


ABOUT_SERVERS = """\
The services, by name. The name is the place below the base URL where a service is found. Each
value is a dictionary with the keys below, or a ``ServerProcess``. A service of the same name
from a package is replaced when the dictionary says where the application is (``command``,
``port``, ``backend_url`` or the path in ``unix_socket``), and changed key by key otherwise."""


def _keys_help() -> str:
    entries = [
        f"``{name}``\n{indent(dedent(str(trait.help)).strip(), '    ')}"
        for name, trait in ServerProcess.class_traits().items()
        if name in ServerProcess.setting_names()
    ]
    return "\n\n".join(entries)


class ServerProxy(LoggingConfigurable):
    """The options of the extension, and the services that configuration files describe.

    `broken` holds what is wrong with the services that were left out, for people to see;
    `written` the dictionaries as they were written, by name.
    """

    broken: list[ConfigurationError]
    written: dict[str, Mapping[str, Any]]

    servers = JsonDict(help=f"{ABOUT_SERVERS}\n\n{_keys_help()}").tag(
        config=True, expects="a dictionary of services by name"
    )

    host_allowlist = Union(
        [List(), Callable()],
        help="""
        The hosts that ``/proxy/HOST:PORT/`` may reach: a list of names and addresses, or a
        callable, plain or async, that gets the handler and the host and returns whether it is
        allowed. It should be quick. For example:

            def host_allowlist(handler, host):
                return host.startswith("10.")

            c.ServerProxy.host_allowlist = host_allowlist
        """,
    ).tag(config=True, expects="a list of hosts, or a callable")

    host_whitelist = Union(
        [List(), Callable()],
        help="Deprecated, use ``host_allowlist``.",
    ).tag(config=True, expects="a list of hosts, or a callable")

    allowed_ports = Union(
        [Unicode(), List()],
        default_value=None,
        allow_none=True,
        help="""
        The ports that ``/proxy/PORT/`` and ``/proxy/HOST:PORT/`` may reach: a list of numbers and
        ranges such as ``[8888, "9000-9099"]``, or the same as one string with commas; ``"none"`` or
        an empty list means no port at all, None means every port.
        """,
    ).tag(config=True, expects='None, "none", or ports and ranges such as [8888, "9000-9099"]')

    non_service_rewrite_response = Union(
        [List(), Tuple(), Callable()],
        default_value=(),
        help="""
        A callable, or a list of them, that may change the answers of ``/proxy/`` addresses, as
        ``rewrite_response`` does for a service.
        """,
    ).tag(config=True, expects="a callable, or a list of callables")

    forward_credentials = Bool(
        False,
        help="""
        Whether backends receive Jupyter's own login cookie and token: those of ``/proxy/``
        addresses, and those of services that do not say it themselves. Whoever runs such a backend
        can then act as the user in this Jupyter server.
        """,
    ).tag(config=True, expects="True or False")

    output_log_level = LogLevel(
        "INFO",
        help="""
        The level at which the output of applications is written to Jupyter's own log, for those
        that do not say it themselves: ``"DEBUG"``, ``"INFO"``, ``"WARNING"``, ``"ERROR"``,
        ``"CRITICAL"`` or a number; ``"OFF"`` keeps it out of there.
        """,
    ).tag(config=True, expects='a level such as "INFO", a number, or "OFF"')

    metrics = Bool(
        True,
        help="""
        Whether Jupyter's ``/metrics`` tells how the services do: their starts and failures,
        requests, bytes, tunnels, processor time and memory.
        """,
    ).tag(config=True, expects="True or False")

    def __init__(self, **options: Any) -> None:
        self.broken = []
        self.written = {}
        super().__init__(**options)

    @property
    def root_dir(self) -> str:
        """Jupyter's root directory; "" where there is no Jupyter."""
        return str(getattr(self.parent, "root_dir", ""))

    def report_broken(self, error: ConfigurationError) -> None:
        """Remember, and log, that a service is left out because of `error`."""
        self.broken.append(error)
        self.log.error("%s; this service is left out", error)

    @validate("servers")
    def _build_servers(self, proposal: Any) -> dict[str, ServerProcess]:
        self.broken = []
        self.written = {}
        servers = {}
        for key, settings in proposal["value"].items():
            process = self._build_server(str(key), settings)
            if process is not None:
                servers[str(key)] = process
        return servers

    def _build_server(self, key: str, settings: object) -> ServerProcess | None:
        if isinstance(settings, ServerProcess):
            settings.name = settings.name or key
            return settings
        process, errors = build_process(key, settings, log=self.log)
        for error in errors:
            self.report_broken(error)
        if process is not None and isinstance(settings, Mapping):
            self.written[process.name] = settings
        return process

    @default("host_allowlist")
    def _default_host_allowlist(self) -> list[str]:
        return ["localhost", "127.0.0.1"]

    @validate("allowed_ports")
    def _check_allowed_ports(self, proposal: Any) -> Any:
        try:
            parse_ports(proposal["value"])
        except ValueError as error:
            raise TraitError(f"ServerProxy.allowed_ports: {error}") from error
        return proposal["value"]

    @observe("host_whitelist")
    def _use_host_whitelist(self, change: Any) -> None:
        if self.host_allowlist == change.new:
            return  # the same value under both names: written for old and new releases
        warn(
            f"{type(self).__name__}.host_whitelist is deprecated in jupyter-server-proxy 3.0.0, "
            f"use {type(self).__name__}.host_allowlist instead",
            UserWarning,
            stacklevel=2,
        )
        self.host_allowlist = change.new
