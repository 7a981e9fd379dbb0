"""Further instances of a service: each with an address, a process and a log of its own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from ..errors import RequestInvalid, StateForbids
from ..rules.parameters import Value
from ..rules.service import ProcessOptions, Service
from .parameters import given_values
from .server_process import ServerProcess


def check_can_have_instances(
    name: str, process: ServerProcess | None, service: Service | None
) -> ServerProcess:
    """`process`, which is that of `service`. Raises StateForbids where two of it cannot be."""
    if process is None or service is None:
        raise StateForbids(f"{name} does not work, so it can have no instances")
    if type(process).make_proxy_handler is not ServerProcess.make_proxy_handler:
        raise StateForbids(f"{name} is served by a handler of its package, not once more")
    if not service.command:
        raise StateForbids(f"{name} is not started by Jupyter, so it can have no instances")
    if service.process.port or isinstance(service.process.unix_socket, str):
        raise StateForbids(f"{name} has a fixed port or socket, where there can be one of it only")
    return process


def unused_instance(taken: Collection[str]) -> str:
    """The lowest number that is not in `taken`."""
    return next(number for number in map(str, itertools.count(1)) if number not in taken)


def instance_handler(
    process: ServerProcess, instance: str, given: Mapping[str, object]
) -> tuple[Any, dict[str, Any], dict[str, Value]]:
    """The handler class of an instance, the keywords of its route, and its values.

    Raises RequestInvalid, naming each parameter that is wrong.
    """
    base, keywords = process.get_proxy_base_class()
    assert base is not None  # it has a command
    attributes = process.get_proxy_attributes()
    service: Service = attributes["service"]
    try:
        values = given_values(service.parameters, given, root=process.root_dir)
    except ValueError as error:
        raise RequestInvalid(str(error)) from error
    attributes["service"] = replace(
        service,
        instance=instance,
        values={name: str(value) for name, value in values.items()},
        process=_own_log(service.process, instance),
    )
    attributes["proxy_base"] = f"{process.name}/i/{instance}"
    return process.handler_of(base, attributes), keywords, values


def _own_log(options: ProcessOptions, instance: str) -> ProcessOptions:
    """`options`, with a log file beside the service's where that has been said."""
    if not options.log_file:
        return options
    stem, extension = os.path.splitext(options.log_file)
    return replace(options, log_file=f"{stem}.{instance}{extension}")
