"""What a program of a person's own has to look like for the server to start it.

The server has another folder and another search path than whoever asks it, so both are made
explicit here, on the asking side.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from .address import Address

_PYTHON = re.compile(r"(?:python|pypy)[\d.]*(?:\.exe)?$")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def define(
    name: str, command: Sequence[str], address: Address, *, keys: Mapping[str, Any]
) -> dict[str, Any]:
    """The body that adds the service `name`. `keys` are those of the configuration, and win.

    On the server's own machine relative paths mean what they mean here, and the program is the
    one that would be started here.
    """
    argv = list(command)
    definition: dict[str, Any] = {"name": name, "command": argv}
    if address.is_here:
        argv[0] = find_program(argv[0])
        definition["cwd"] = os.getcwd()
    return {**definition, **keys}


def make_paths_explicit(
    values: Mapping[str, Any], declared: Mapping[str, Any], address: Address
) -> dict[str, Any]:
    """`values` of parameters, where a relative path that leads somewhere from here is a whole one.

    For the server, relative paths begin at its root directory. `declared` says which are paths.
    """

    def explicit(key: str, value: Any) -> Any:
        is_path = isinstance(value, str) and declared.get(key, {}).get("type") == "path"
        return os.path.abspath(value) if is_path and os.path.exists(value) else value

    if not address.is_here:
        return dict(values)
    return {key: explicit(key, value) for key, value in values.items()}


def find_program(program: str) -> str:
    """`program` as a path, if there is one: beside our own Python first, then on PATH.

    A kernel's environment need not be on the server's PATH, often not even on its own.
    """
    if os.path.dirname(program):
        return os.path.abspath(program) if os.path.exists(program) else program
    beside = os.path.dirname(sys.executable)
    return shutil.which(program, path=beside) or shutil.which(program) or program


def suggest_name(command: Sequence[str]) -> str:
    """A name for the service that `command` is, made of what is most telling in it."""
    program = os.path.basename(command[0])
    rest = list(command[1:])
    if _PYTHON.match(program) and rest:
        program = rest[1] if rest[0] == "-m" and len(rest) > 1 else _first_script(rest) or program
    stem = os.path.splitext(os.path.basename(program))[0]
    return _NOT_IN_NAMES.sub("-", stem).strip("-.") or "app"


def _first_script(arguments: list[str]) -> str:
    return next((text for text in arguments if text.endswith(".py")), "")
