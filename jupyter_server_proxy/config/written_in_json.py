"""Services that programs describe in JSON: as strict as can be, since somebody reads the answer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import ConfigurationError, RequestInvalid
from ..rules.parameters import is_text
from ..rules.wording import described
from .compile import compile_service
from .discovery import adopt
from .launcher import LauncherEntry
from .problems import nearest
from .server_process import ServerProcess, build_process
from .server_proxy import ServerProxy

# Their values are functions, which JSON has none of.
CALLABLES_ONLY = ("rewrite_response",)
LONGEST_NAME = 100
# These follow the name of a service in the REST API.
TAKEN_INSTANCES = frozenset(("start", "stop", "restart", "log"))
_OR_CALLABLE = re.compile(r",? or a callable(?: that returns one)?(?=,|$)")


def process_from_json(settings: Mapping[str, Any], proxy: ServerProxy) -> ServerProcess:
    """The process that `settings` mean. Raises RequestInvalid, naming every key that is wrong
    and what would be right."""
    name = settings.get("name")
    wrong = [_wrong_name(name), *_unknown(settings), *_no_text(settings)]
    known = {key: value for key, value in settings.items() if key in ServerProcess.setting_names()}
    process, errors = build_process(str(name), known, log=proxy.log)
    wrong += [f"{error.key}: {error.problem}" for error in errors if error.key != "name"]
    if process is not None and not any(wrong):
        adopt(process, proxy)
        wrong += _cannot_work(process)
    if any(wrong):
        raise RequestInvalid(
            "; ".join(_OR_CALLABLE.sub("", problem) for problem in wrong if problem)
        )
    assert process is not None
    return process


def check_name(name: object) -> str:
    """`name`, if it can be a segment of a path. Raises ValueError."""
    if not isinstance(name, str):
        raise ValueError(f"must be a string, not {described(name)}")
    if not name or name in (".", "..") or "/" in name or name != name.strip():
        raise ValueError(f"must be one segment of a path, without a slash, not {described(name)}")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"must not be longer than {LONGEST_NAME} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise ValueError("must not hold control characters")
    return name


def check_instance_name(name: object) -> None:
    """Raise RequestInvalid for what cannot be the name of an instance."""
    try:
        if check_name(name) in TAKEN_INSTANCES:
            raise ValueError(f"{name!r} means something else already")
    except ValueError as error:
        raise RequestInvalid(f"instance: {error}") from error


def _wrong_name(name: object) -> str:
    if name is None:
        return "name: is missing"
    try:
        check_name(name)
    except ValueError as error:
        return f"name: {error}"
    return ""


def _unknown(settings: Mapping[str, Any]) -> list[str]:
    keys = ServerProcess.setting_names()
    wrong = [
        f"{key}: there is no such key{nearest(key, keys)}" for key in settings if key not in keys
    ]
    wrong += [f"{key}: cannot be said in JSON" for key in settings if key in CALLABLES_ONLY]
    launcher = settings.get("launcher_entry")
    if isinstance(launcher, Mapping):
        known = LauncherEntry.class_trait_names()
        wrong += [
            f"launcher_entry.{key}: there is no such key{nearest(key, known)}"
            for key in launcher
            if key not in known
        ]
    return wrong


def _no_text(settings: Mapping[str, Any]) -> list[str]:
    """Keys whose values hold what no argument, variable or path can hold, and no log either."""
    return [
        f"{key}: must not hold a NUL or half a character"
        for key, value in settings.items()
        if key != "name" and not all(map(is_text, _texts(value)))
    ]


def _texts(value: Any) -> Iterator[str]:
    """All strings in a JSON value, however deep."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            waiting += [*item, *item.values()]


def _cannot_work(process: ServerProcess) -> list[str]:
    try:
        compile_service(process)
    except ConfigurationError as error:
        return [f"{error.key}: {error.problem}"]
    return []
