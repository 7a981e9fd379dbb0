"""What a service is, once its configuration has been checked. No I/O here.

`config.compile` makes these from the user's words; everything below reads them and never
looks at traitlets. A callable in a field is the user's own and is only ever called through
`callbacks`.
"""

from __future__ import annotations

import logging
import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any

from .parameters import Parameter
from .targets import Target

UserCallable = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a callable was configured for: the service ("" for none), the key of its settings,
    and the package that offers the service ("" for what an administrator wrote)."""

    service: str
    key: str
    package: str = ""

    def __str__(self) -> str:
        return f"service {self.service!r}: {self.key}" if self.service else self.key


class RestartPolicy(Enum):
    """What happens after the child ended by itself."""

    ON_FAILURE = "on-failure"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class HttpReadiness:
    """Ready when a GET of `path` gets any answer below 500."""

    path: str = "/"


@dataclass(frozen=True, slots=True)
class TcpReadiness:
    """Ready when a connection is accepted."""


@dataclass(frozen=True, slots=True)
class LogReadiness:
    """Ready when a line of output matches `pattern`."""

    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class CallableReadiness:
    """Ready when `check`, plain or async, returns something true."""

    check: UserCallable
    origin: Origin = field(default=Origin("", "readiness"), compare=False)


Readiness = HttpReadiness | TcpReadiness | LogReadiness | CallableReadiness


@dataclass(frozen=True, slots=True)
class Launcher:
    """The launcher entry: how the service is offered to people."""

    enabled: bool
    icon_path: str
    title: str
    path_info: str
    category: str


_NOTHING: Mapping[str, Any] = MappingProxyType({})


def _nothing() -> Mapping[str, Any]:
    # A factory, because Python before 3.12 takes a mapping proxy for a mutable default.
    return _NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessOptions:
    """The life of one service's child. All durations are seconds.

    `timeout`: from spawn to ready. `stop_timeout`: from `stop_signal` to SIGKILL.
    `idle_timeout`, `max_lifetime`: 0 means never. `port` 0 means any free one;
    `unix_socket` True means one in a private directory, a string a path, False none.
    `output_log_level` None keeps output out of Jupyter's log.
    """

    timeout: float = 60.0
    port: int = 0
    unix_socket: bool | str = False
    readiness: Readiness = field(default_factory=HttpReadiness)
    stop_signal: int = signal.SIGTERM
    stop_timeout: float = 10.0
    restart: RestartPolicy = RestartPolicy.ON_FAILURE
    idle_timeout: float = 0.0
    max_lifetime: float = 0.0
    autostart: bool = False
    keep_warm: bool = False
    output_log_level: int | None = logging.INFO
    log_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One configured web application.

    `command` empty means it is not ours to start: then `target` (from `backend_url`) or
    `process.port` or `process.unix_socket` says where it listens. Templates such as
    `{port}` are still in `command`, `environment`, `cwd` and `request_headers_override`;
    they have been checked, and are rendered when a port is known.

    `parameters` are what instances of it may be given, `values` what this one was given, as
    text: templates as well, in `command`, `cwd` and the values of `environment`. `instance` is
    the name of an instance, "" for the service itself.

    `package` offers the service, "" when an administrator wrote it; `changed_keys` are those
    that an administrator wrote over the package's.
    """

    name: str
    launcher: Launcher
    command: tuple[str, ...] | UserCallable = ()
    environment: Mapping[str, str | None] | UserCallable = field(default_factory=_nothing)
    cwd: str | UserCallable | None = None
    process: ProcessOptions = field(default_factory=ProcessOptions)
    target: Target | None = None
    absolute_url: bool = False
    mappath: Mapping[str, str] | UserCallable = field(default_factory=_nothing)
    request_headers_override: Mapping[str, str] | UserCallable = field(default_factory=_nothing)
    rewrite_response: tuple[UserCallable, ...] = ()
    rewrite_content_types: tuple[str, ...] = ()
    rewrite_limit: int = 64 * 1024 * 1024
    update_last_activity: bool | UserCallable = True
    exclude_last_activity_patterns: tuple[re.Pattern[str], ...] = ()
    raw_socket_proxy: bool = False
    forward_credentials: bool = False
    connect_timeout: float = 10.0
    response_timeout: float = 0.0
    tunnel_idle_timeout: float = 0.0
    max_connections: int = 0
    new_browser_tab: bool = True
    start_page: bool = True
    parameters: Mapping[str, Parameter] = field(default_factory=_nothing)
    values: Mapping[str, str] = field(default_factory=_nothing)
    instance: str = ""
    package: str = ""
    changed_keys: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """What it is called in logs: instances by both names."""
        return f"{self.name}/{self.instance}" if self.instance else self.name

    def origin(self, key: str) -> Origin:
        """Whose the callable in `key` is."""
        return Origin(self.name, key, "" if key in self.changed_keys else self.package)
