"""Whatever 4.6.0 accepts as a setting is accepted, but for what could never have worked.

`accepted_by_4_6.json` has, for each key and each way to say where the application is, those of
the values below (Python expressions) with which 4.6.0 makes a handler.
"""

from __future__ import annotations

import collections
import functools
import json
import pathlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_server_proxy.config import ServerProcess

ACCEPTED = json.loads((Path(__file__).parent / "accepted_by_4_6.json").read_text())
WHERE: dict[str, dict[str, Any]] = {
    "command": {"command": ["x"]},
    "callable": {"command": lambda port: ["x"]},
    "port": {"port": 1234},
    "unix_socket": {"unix_socket": "/x"},
}

# What makes the difference, with the reason. With 4.6.0 each fails when the service is used.
NEVER_WORKED = (
    r"asks for .+; the arguments it can ask for are",
    r"must take exactly one positional argument",
    r"is no template; known are",
    r"timeout: must be a number of seconds, more than 0",
    r"port: must be 1 to 65535",
    r"unix_socket: must be the path of the socket when there is no command",
    r"must be a pattern of text, not of bytes",
    r"trait of a ServerProcess instance expected a dict or a callable, not the dict \{1: 'a'\}",
)


def zero() -> list[str]:
    return []


def both(port: int, unix_socket: str) -> list[str]:
    return ["x"]


def default(port: int, base_url: str = "/") -> list[str]:
    return ["x"]


def keyword(*, port: int) -> list[str]:
    return ["x"]


def anything(*args: Any) -> list[str]:
    return ["x"]


class Made:
    def method(self, port: int) -> list[str]:
        return ["x"]

    @staticmethod
    def static(port: int) -> list[str]:
        return ["x"]

    @classmethod
    def klass(cls, port: int) -> list[str]:
        return ["x"]

    def __call__(self, port: int) -> list[str]:
        return ["x"]


class Text(str):
    __slots__ = ()


def combinations() -> Iterator[tuple[str, str, str]]:
    for where, keys in ACCEPTED.items():
        for key, values in keys.items():
            for value in values:
                yield where, key, value


def evaluated(expression: str) -> Any:
    modules = {module.__name__: module for module in (collections, functools, pathlib, re)}
    return eval(expression, {**modules, **globals()})


def problem(where: str, key: str, value: object) -> str:
    """Why this setting is refused; "" when it is not."""
    try:
        ServerProcess(**{"name": "app", **WHERE[where], key: value}).make_proxy_handler()
    except Exception as error:
        return str(error)
    return ""


@pytest.mark.parametrize("where", ACCEPTED)
def test_what_4_6_accepts_is_accepted(where: str) -> None:
    refused = {}
    seen = 0
    for given, key, value in combinations():
        if given == where:
            seen += 1
            why = problem(where, key, evaluated(value))
            if why and not any(re.search(reason, why) for reason in NEVER_WORKED):
                refused[f"{key} = {value}"] = why
    assert refused == {}
    assert seen > 20


@pytest.mark.parametrize("reason", NEVER_WORKED)
def test_each_reason_still_stands_for_something(reason: str) -> None:
    assert any(re.search(reason, problem(w, k, evaluated(v))) for w, k, v in combinations())
