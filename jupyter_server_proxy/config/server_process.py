"""`ServerProcess`: one service in the user's words. It starts nothing and opens nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traitlets import Bool, Dict, Instance, Unicode, Union, default, validate
from traitlets.config import LoggingConfigurable

from .. import handlers
from ..errors import ConfigurationError
from ..rules.service import Origin
from .backend_traits import BackendTraits
from .compile import compile_service
from .compile_backend import is_reachable
from .exchange_traits import ExchangeTraits
from .launcher import LauncherEntry, default_path_info
from .problems import assign, unknown_key
from .process_traits import ProcessTraits

# Every configurable object has these; in a service's settings they would mean nothing.
NOT_SETTINGS = frozenset(LoggingConfigurable.class_trait_names())


class ServerProcess(ProcessTraits, BackendTraits, ExchangeTraits, LoggingConfigurable):
    """One service, as configured by a dictionary in `ServerProxy.servers` or by a package.

    An unknown keyword is a warning and is otherwise ignored; a wrong value raises TraitError.
    Subclasses may override `make_proxy_handler`, `get_proxy_base_class` and
    `get_proxy_attributes`.

    `package` is the distribution that offers the service, "" when it was written by somebody;
    `changed_keys` are the keys that were written over the package's. `discovery` sets both.
    """

    package: str = ""
    changed_keys: frozenset[str] = frozenset()
    # What paths among parameters are below; "" is the working directory.
    root_dir: str = ""

    name = Unicode(help="Name of the service, and its place below the base URL.").tag(
        expects="a string"
    )

    launcher_entry = Union(
        [Instance(LauncherEntry), Dict()],
        help="""
        How the service is offered to people: a dictionary (or a ``LauncherEntry``) with the keys
        ``enabled``, ``icon_path``, ``title``, ``path_info`` and ``category``.
        """,
    ).tag(config=True, expects="a dictionary or a LauncherEntry")

    new_browser_tab = Bool(
        True,
        help="""
        Whether the launcher opens the application in a new browser tab; False opens it in a tab of
        JupyterLab. It makes no difference in Notebook.
        """,
    ).tag(config=True, expects="True or False")

    def __init__(self, **settings: Any) -> None:
        known = {key: value for key, value in settings.items() if self.has_trait(key)}
        super().__init__(**known)
        for key in settings.keys() - known.keys():
            self.log.warning("service %r: %s", self.name, unknown_key(key, self.setting_names()))

    @classmethod
    def setting_names(cls) -> list[str]:
        """The keys that a service's dictionary may hold."""
        return [name for name in cls.class_trait_names() if name not in NOT_SETTINGS]

    def origin(self, key: str) -> Origin:
        """Whose the value of `key` is."""
        is_changed = key.partition(".")[0] in self.changed_keys
        return Origin(self.name, key, "" if is_changed else self.package)

    def blamed(self, error: ConfigurationError) -> ConfigurationError:
        """`error`, with the package that it is the fault of."""
        package = self.origin(error.key).package
        return ConfigurationError(error.service, error.key, error.problem, package=package)

    @validate("launcher_entry")
    def _complete_launcher_entry(self, proposal: Any) -> LauncherEntry:
        entry: LauncherEntry | Mapping[str, Any] = proposal["value"]
        if not isinstance(entry, LauncherEntry):
            return self._make_launcher_entry(entry)
        entry.title = entry.title or self.name
        entry.path_info = entry.path_info or default_path_info(self.name)
        return entry

    @default("launcher_entry")
    def _default_launcher_entry(self) -> LauncherEntry:
        return LauncherEntry(title=self.name, path_info=default_path_info(self.name))

    def _make_launcher_entry(self, settings: Mapping[str, Any]) -> LauncherEntry:
        # What is given is kept, even if it is empty: a path of "" opens the base URL.
        entry = self._default_launcher_entry()
        known = {key: value for key, value in settings.items() if key in entry.trait_names()}
        for key in settings.keys() - known.keys():
            text = unknown_key(str(key), entry.trait_names())
            self.log.warning("service %r: launcher_entry: %s", self.name, text)
        for error in assign(entry, known, prefix="launcher_entry."):
            raise error
        return entry

    def get_proxy_base_class(self) -> tuple[type | None, dict[str, Any]]:
        """The handler class that serves this service, and the keywords of its route.

        (None, {}) when nothing says where the application is or how to start it.
        """
        if self.command:
            state: dict[str, Any] = {"state": {}}
            if self.raw_socket_proxy:
                return handlers.SuperviseAndRawSocketHandler, state
            return handlers.SuperviseAndProxyHandler, state
        if not is_reachable(self):
            self.log.warning(
                "service %r has no command, port, unix_socket or backend_url", self.name
            )
            return None, {}
        if self.raw_socket_proxy:
            return handlers.RawSocketHandler, {}
        return handlers.NamedLocalProxyHandler, {}

    def get_proxy_attributes(self) -> dict[str, Any]:
        """The class attributes of this service's handler.

        Raises ConfigurationError when the service is configured in a way that cannot work.
        """
        service = compile_service(self)
        attributes: dict[str, Any] = {
            "name": self.name,
            "command": self.command,
            "proxy_base": self.name,
            "absolute_url": self.absolute_url,
            "mappath": self.mappath,
            "rewrite_response": self.rewrite_response,
            "update_last_activity": self.update_last_activity,
            "exclude_last_activity_patterns": list(service.exclude_last_activity_patterns),
            "request_headers_override": self.request_headers_override,
            "service": service,
        }
        if self.command:
            attributes |= {
                "requested_port": self.port,
                "requested_unix_socket": self.unix_socket,
                "environment": self.environment,
                "timeout": self.timeout,
            }
        else:
            attributes |= {"port": self.port, "unix_socket": self.unix_socket}
        return attributes

    def make_proxy_handler(self) -> tuple[type | None, dict[str, Any]]:
        """The handler class made for this service, and the keywords of its route.

        (None, {}) as `get_proxy_base_class`; raises ConfigurationError as `get_proxy_attributes`.
        """
        base, route_keywords = self.get_proxy_base_class()
        if base is None:
            return None, route_keywords
        return self.handler_of(base, self.get_proxy_attributes()), route_keywords

    def handler_of(self, base: type, attributes: Mapping[str, Any]) -> type:
        """A subclass of `base` with `attributes` as of `get_proxy_attributes`."""
        unbound = {key: _unbound(value) for key, value in attributes.items()}
        return type(f"{self.name}Proxy", (base,), unbound)


def build_process(
    name: str,
    settings: object,
    *,
    package: str = "",
    changed_keys: frozenset[str] = frozenset(),
    **options: Any,
) -> tuple[ServerProcess | None, list[ConfigurationError]]:
    """The process that `settings` mean, or None and what is wrong with them, key by key.

    `package` and `changed_keys` as in `ServerProcess`; `options` are a configurable's: `log`.
    """
    if not isinstance(settings, Mapping):
        problem = f"must be a dictionary or a ServerProcess, not of type {type(settings).__name__}"
        return None, [ConfigurationError(name, "settings", problem, package=package)]
    process = ServerProcess(name=name, **options)
    process.package, process.changed_keys = package, changed_keys
    known = {}
    for key, value in settings.items():
        if key in ServerProcess.setting_names():
            known[key] = value
        else:
            text = unknown_key(str(key), ServerProcess.setting_names())
            by = process.origin(str(key)).package
            process.log.warning("service %r%s: %s", name, f" of package {by}" if by else "", text)
    # The name goes first: titles and paths that are not given are made from it.
    wrong = assign(process, {"name": known.pop("name", name), **known})
    errors = [ConfigurationError(name, error.key, error.problem) for error in wrong]
    return (None if errors else process), [process.blamed(error) for error in errors]


def _unbound(value: Any) -> Any:
    """`value` as a class attribute that does not become a method."""
    return staticmethod(value) if callable(value) else value


def make_server_process(
    name: str,
    server_process_config: Mapping[str, Any],
    serverproxy_config: Any,  # noqa: ARG001
) -> ServerProcess:
    """The process called `name` that a dictionary describes. Raises TraitError for wrong values."""
    return ServerProcess(**{"name": name, **server_process_config})
