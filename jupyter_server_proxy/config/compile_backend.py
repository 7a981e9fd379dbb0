"""The part of compiling that is about where a backend is. It looks whether files exist."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from ..rules.targets import TcpTarget, TlsOptions, parse_backend_url
from .checks import explained, path_or_none
from .launcher import default_path_info

if TYPE_CHECKING:
    from .server_process import ServerProcess

TLS_KEYS = ("backend_ca_file", "backend_cert_file", "backend_key_file", "backend_server_name")


def is_reachable(process: ServerProcess) -> bool:
    """Whether anything says where the application listens, or how to start it."""
    has_socket = isinstance(process.unix_socket, str) and process.unix_socket != ""
    return bool(process.command or process.port or has_socket or process.backend_url)


def is_link(process: ServerProcess) -> bool:
    """Whether it is nothing but a launcher entry that opens another address."""
    own_paths = ("", process.name, default_path_info(process.name))
    return not is_reachable(process) and process.launcher_entry.path_info not in own_paths


def check_reachable(process: ServerProcess) -> None:
    """Raise ConfigurationError unless it is clear, in exactly one way, where the backend is."""
    if process.unix_socket is True and not process.command:
        raise ConfigurationError(
            process.name, "unix_socket", "must be the path of the socket when there is no command"
        )
    if not is_reachable(process):
        raise ConfigurationError(
            process.name, "command", "is missing, and so are port, unix_socket and backend_url"
        )
    for key in ("command", "port", "unix_socket"):
        if process.backend_url and getattr(process, key):
            raise ConfigurationError(
                process.name, "backend_url", f"cannot be used together with {key}"
            )


def remote_target(process: ServerProcess) -> TcpTarget | None:
    """The target that `backend_url` and its TLS keys mean, if any. Raises ConfigurationError."""
    tls = TlsOptions(
        ca_file=_existing_file(process, "backend_ca_file"),
        cert_file=_existing_file(process, "backend_cert_file"),
        key_file=_existing_file(process, "backend_key_file"),
        verify=process.backend_verify,
        server_name=process.backend_server_name or None,
    )
    target = None
    if process.backend_url:
        with explained(process, "backend_url"):
            target = parse_backend_url(process.backend_url, tls)
    if target is None or target.tls is None:
        _refuse_tls_keys(process)
    if tls.key_file and not tls.cert_file:
        raise ConfigurationError(
            process.name, "backend_key_file", "is of no use without backend_cert_file"
        )
    return target


def _refuse_tls_keys(process: ServerProcess) -> None:
    said = [key for key in TLS_KEYS if getattr(process, key)]
    if not process.backend_verify:
        said.append("backend_verify")
    for key in said:
        raise ConfigurationError(process.name, key, "is of no use without an https:// backend_url")


def _existing_file(process: ServerProcess, key: str) -> str | None:
    path = path_or_none(getattr(process, key))
    if path is None:
        return None
    path = os.path.expanduser(path)
    if not os.path.isfile(path):
        raise ConfigurationError(process.name, key, f"there is no file {path!r}")
    return path
