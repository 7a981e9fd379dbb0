"""Every kind of callable gets the arguments it names, and only those."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from jupyter_server_proxy.rules.callables import (
    Asked,
    asked_arguments,
    blamed_name,
    call_with_known,
    callable_name,
    check_callable,
    check_takes_one,
)
from jupyter_server_proxy.utils import call_with_asked_args

KNOWN = {"port": 8123, "unix_socket": "", "base_url": "/b/", "name": "app"}


def two(port: int, base_url: str) -> list[Any]:
    local = base_url
    return [port, local]


def with_default(port: int, base_url: str = "/") -> list[Any]:
    return [port, base_url]


def with_unknown_default(port: int, colour: str = "red") -> list[Any]:
    return [port, colour]


def keyword_only(*, base_url: str, depth: int = 3) -> list[Any]:
    return [base_url, depth]


def positional_only(port: int, colour: str = "red", base_url: str = "/", /) -> list[Any]:
    return [port, colour, base_url]


def variadic(*args: Any, port: int, **kwargs: Any) -> list[Any]:
    return [args, port, kwargs]


def bound_first(prefix: str, port: int) -> list[Any]:
    return [prefix, port]


@functools.wraps(two)
def wrapped(*args: Any, **kwargs: Any) -> list[Any]:
    return ["wrapped", *two(*args, **kwargs)]


class Maker:
    def method(self, port: int) -> list[Any]:
        return [port]

    @classmethod
    def for_class(cls, name: str) -> list[Any]:
        return [cls.__name__, name]

    @staticmethod
    def static(unix_socket: str, port: int) -> list[Any]:
        return [unix_socket, port]

    def __call__(self, base_url: str) -> list[Any]:
        return [base_url]


CASES: list[tuple[Callable[..., Any], list[Any]]] = [
    (two, [8123, "/b/"]),
    (list, []),
    (lambda port: [port], [8123]),
    (with_default, [8123, "/b/"]),
    (with_unknown_default, [8123, "red"]),
    (keyword_only, ["/b/", 3]),
    (positional_only, [8123, "red", "/"]),
    (variadic, [(), 8123, {}]),
    (wrapped, ["wrapped", 8123, "/b/"]),
    (functools.partial(bound_first, "x"), ["x", 8123]),
    (functools.partial(two, port=1), [1, "/b/"]),
    (functools.partial(functools.partial(two, port=1), base_url="/c/"), [1, "/c/"]),
    (Maker().method, [8123]),
    (Maker.for_class, ["Maker", "app"]),
    (Maker.static, ["", 8123]),
    (Maker(), ["/b/"]),
]


@pytest.mark.parametrize(("callback", "result"), CASES)
def test_is_called_with_what_it_names(callback: Callable[..., Any], result: list[Any]) -> None:
    check_callable(callback, KNOWN)
    assert call_with_known(callback, KNOWN) == result


async def test_an_async_callable_returns_what_is_to_be_awaited() -> None:
    async def command(port: int) -> list[str]:
        return [str(port)]

    result = call_with_known(command, KNOWN)
    assert inspect.isawaitable(result)
    assert await result == ["8123"]


@pytest.mark.parametrize(
    "callback",
    [
        lambda prot: prot,
        lambda port, prot: prot,
        functools.partial(lambda port, *, prot: prot, 5),
        Maker.method,
    ],
)
def test_an_unknown_required_argument_lists_the_known_ones(callback: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"asks for (prot|self); ") as caught:
        check_callable(callback, KNOWN)
    assert "can ask for are port, unix_socket, base_url, name" in str(caught.value)
    with pytest.raises(TypeError, match=r"missing required positional argument: (prot|self)"):
        call_with_known(callback, KNOWN)


def test_asked_arguments_tells_needed_from_optional() -> None:
    assert asked_arguments(with_default) == Asked(("port",), ("base_url",))
    assert asked_arguments(variadic) == Asked(("port",), ())
    assert asked_arguments(functools.partial(two, port=1)) == Asked(("base_url",), ())


@pytest.mark.parametrize(
    "callback", [lambda request: True, lambda *a: True, lambda h, x=1: True, Maker().method]
)
def test_takes_one_whatever_its_name(callback: Callable[..., Any]) -> None:
    check_takes_one(callback)


@pytest.mark.parametrize("callback", [lambda: True, lambda a, b: True, lambda *, handler: True])
def test_takes_one_refuses_others(callback: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="exactly one positional argument"):
        check_takes_one(callback)


def test_a_name_for_messages_shows_no_bound_value() -> None:
    secret = functools.partial(functools.partial(bound_first, "s3cret"))
    assert callable_name(secret) == "bound_first"
    assert callable_name(Maker()) == "Maker"
    assert callable_name(Maker().method) == "Maker.method"


def test_what_the_callable_raises_is_its_own() -> None:
    def broken(port: int) -> None:
        raise KeyError("HOME")

    with pytest.raises(KeyError, match="HOME"):
        call_with_known(broken, KNOWN)


def test_the_old_name_names_the_missing_arguments() -> None:
    assert call_with_asked_args(lambda a, b: a * b, {"a": 5, "b": 4, "c": 8}) == 20
    with pytest.raises(TypeError, match="missing required positional argument: x, y"):
        call_with_asked_args(lambda a, x, y: a, {"a": 5})


def test_a_callable_is_put_down_to_its_package_or_its_module() -> None:
    partial = functools.partial(functools.partial(two, port=1))
    assert blamed_name(partial, "dist") == "two() of package dist"
    assert blamed_name(partial) == f"two() of module {__name__}"
    nameless = eval("lambda: 1", {"__name__": "__main__"})
    assert blamed_name(nameless) == "<lambda>()"
