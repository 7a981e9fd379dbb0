"""From the user's words to a `Service`: everything that can be known to be wrong is found here."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from ..rules import templates
from ..rules.callables import callable_name, check_callable, check_takes_one
from ..rules.service import Launcher, Service
from .checks import explained, path_or_none, pattern
from .compile_backend import check_reachable, remote_target
from .compile_process import process_options
from .parameters import declared_parameters, default_values

if TYPE_CHECKING:
    from .server_process import ServerProcess

# What the callables of each key can ask for; who calls them passes exactly these.
CWD_ARGUMENTS = HEADER_ARGUMENTS = ("port", "unix_socket", "base_url", "name")
LAUNCH_ARGUMENTS = (*CWD_ARGUMENTS, "cwd")
MAPPATH_ARGUMENTS = ("path",)
REWRITE_ARGUMENTS = ("response", "request", "orig_response", "host", "port", "path")


def compile_service(process: ServerProcess) -> Service:
    """The service that `process` describes.

    Raises ConfigurationError, naming the service, the key and what is right, for the first
    thing that cannot work.
    """
    check_reachable(process)
    # What is there for a process that is never started is not looked at.
    has_process = bool(process.command)
    parameters = declared_parameters(process)
    values = default_values(parameters, root=process.root_dir)
    return Service(
        name=process.name,
        launcher=_launcher(process),
        command=_templated(process, "command", LAUNCH_ARGUMENTS, tuple, parameters),
        environment=(
            _templated(process, "environment", LAUNCH_ARGUMENTS, dict, parameters)
            if has_process
            else {}
        ),
        cwd=(
            _templated(process, "cwd", CWD_ARGUMENTS, path_or_none, parameters)
            if has_process
            else None
        ),
        process=process_options(process),
        target=remote_target(process),
        absolute_url=process.absolute_url,
        mappath=_mappath(process),
        request_headers_override=_headers_override(process),
        rewrite_response=_rewrite_response(process),
        rewrite_content_types=_content_types(process),
        rewrite_limit=process.rewrite_response_limit,
        update_last_activity=_update_last_activity(process),
        exclude_last_activity_patterns=_activity_patterns(process),
        raw_socket_proxy=process.raw_socket_proxy,
        forward_credentials=bool(process.forward_credentials),
        connect_timeout=process.connect_timeout,
        response_timeout=process.response_timeout,
        tunnel_idle_timeout=process.tunnel_idle_timeout,
        max_connections=process.max_connections,
        new_browser_tab=process.new_browser_tab,
        start_page=process.start_page,
        parameters=parameters,
        values={name: str(value) for name, value in values.items()},
        package=process.package,
        changed_keys=process.changed_keys,
    )


def _templated(
    process: ServerProcess,
    key: str,
    arguments: Iterable[str],
    shape: Callable[[Any], Any],
    parameters: Collection[str] = (),
) -> Any:
    value = getattr(process, key)
    with explained(process, key):
        if callable(value):
            check_callable(value, (*arguments, *parameters))
            return value
        templates.check(value, parameters)
    return shape(value)


def _headers_override(process: ServerProcess) -> Any:
    with explained(process, "request_headers_override"):
        if inspect.iscoroutinefunction(process.request_headers_override):
            name = callable_name(process.request_headers_override)
            raise ValueError(f"{name}() is async; it has to be a plain function")
    return _templated(process, "request_headers_override", HEADER_ARGUMENTS, dict)


def _launcher(process: ServerProcess) -> Launcher:
    entry = process.launcher_entry
    return Launcher(
        enabled=entry.enabled,
        icon_path=entry.icon_path,
        title=entry.title,
        path_info=entry.path_info,
        category=entry.category,
    )


def _mappath(process: ServerProcess) -> Any:
    with explained(process, "mappath"):
        if not callable(process.mappath):
            return dict(process.mappath)
        check_callable(process.mappath, MAPPATH_ARGUMENTS)
        return process.mappath


def _rewrite_response(process: ServerProcess) -> tuple[Callable[..., Any], ...]:
    value = process.rewrite_response
    rewrites = (value,) if callable(value) else tuple(value)
    with explained(process, "rewrite_response"):
        for rewrite in rewrites:
            check_callable(rewrite, REWRITE_ARGUMENTS)
    return rewrites


def _content_types(process: ServerProcess) -> tuple[str, ...]:
    for content_type in process.rewrite_response_content_types:
        if not re.fullmatch(r"[^/;\s]+/[^/;\s]+", content_type):
            raise ConfigurationError(
                process.name,
                "rewrite_response_content_types",
                f'{content_type!r} is no content type such as "text/html" or "text/*"',
            )
    return tuple(content_type.lower() for content_type in process.rewrite_response_content_types)


def _update_last_activity(process: ServerProcess) -> Any:
    with explained(process, "update_last_activity"):
        if callable(process.update_last_activity):
            check_takes_one(process.update_last_activity)
    return process.update_last_activity


def _activity_patterns(process: ServerProcess) -> tuple[re.Pattern[str], ...]:
    with explained(process, "exclude_last_activity_patterns"):
        return tuple(pattern(item) for item in process.exclude_last_activity_patterns)
