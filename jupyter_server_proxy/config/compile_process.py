"""The part of compiling that is about the life of a service's process. No I/O here."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from ..rules.callables import check_callable
from ..rules.service import (
    CallableReadiness,
    HttpReadiness,
    LogReadiness,
    ProcessOptions,
    Readiness,
    RestartPolicy,
    TcpReadiness,
)
from ..rules.targets import is_port
from ..rules.wording import described
from .checks import explained, path_or_none, pattern
from .traits import level_number

if TYPE_CHECKING:
    from .server_process import ServerProcess

# As good as for ever, in seconds, and still a time that clocks can add.
LONGEST_TIMEOUT = 10.0 * 365 * 24 * 3600

READINESS_ARGUMENTS = ("port", "unix_socket", "base_url", "name", "url")


def process_options(process: ServerProcess) -> ProcessOptions:
    """The process options of `process`. Raises ConfigurationError."""
    with explained(process, "port"):
        if process.port and not is_port(process.port):
            raise ValueError(f"must be 1 to 65535, or 0 for any free one, not {process.port}")
    log_file = path_or_none(process.log_file)
    return ProcessOptions(
        timeout=_timeout(process),
        port=process.port,
        unix_socket=process.unix_socket or False,
        readiness=_readiness(process),
        stop_signal=_stop_signal(process),
        stop_timeout=process.stop_timeout,
        restart=RestartPolicy(process.restart),
        idle_timeout=process.idle_timeout,
        max_lifetime=process.max_lifetime,
        autostart=process.autostart,
        keep_warm=process.keep_warm,
        output_log_level=level_number(
            "INFO" if process.output_log_level is None else process.output_log_level
        ),
        log_file=os.path.expanduser(log_file) if log_file else None,
    )


def _timeout(process: ServerProcess) -> float:
    seconds = min(process.timeout, LONGEST_TIMEOUT)
    # Packages for programs that run already may say anything: there it means nothing.
    if process.command and not seconds > 0:
        problem = f"must be a number of seconds, more than 0, not {process.timeout!r}"
        raise ConfigurationError(process.name, "timeout", problem)
    return seconds


def _readiness(process: ServerProcess) -> Readiness:
    value = process.readiness
    with explained(process, "readiness"):
        if callable(value):
            check_callable(value, READINESS_ARGUMENTS)
            return CallableReadiness(value, process.origin("readiness"))
        if isinstance(value, Mapping):
            return LogReadiness(_log_pattern(value))
        if value not in ("http", "tcp"):
            expected = '"http", "tcp", {"log": "regular expression"} or a callable'
            raise ValueError(f"must be {expected}, not {described(value)}")
    # A raw service speaks no HTTP, so nothing better than a connection can be asked for.
    if value == "tcp" or process.raw_socket_proxy:
        return TcpReadiness()
    with explained(process, "ready_path"):
        if not process.ready_path.startswith("/"):
            raise ValueError(f'must start with "/", unlike {process.ready_path!r}')
    return HttpReadiness(process.ready_path)


def _log_pattern(value: Mapping[Any, Any]) -> re.Pattern[str]:
    if set(value) != {"log"}:
        raise ValueError('must be {"log": "regular expression"} when it is a dictionary')
    return pattern(value["log"])


def _stop_signal(process: ServerProcess) -> int:
    value = process.stop_signal
    with explained(process, "stop_signal"):
        try:
            if isinstance(value, int):
                return signal.Signals(value)
            name = value.upper()
            return signal.Signals[name if name.startswith("SIG") else f"SIG{name}"]
        except (ValueError, KeyError):
            raise ValueError(f"{value!r} is no signal; use one such as TERM, INT or HUP") from None
