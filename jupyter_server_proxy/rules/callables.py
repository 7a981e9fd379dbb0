"""How the user's callables are called: with the arguments they name. No I/O here.

Every kind of callable works: functions, lambdas, partials, bound and class methods,
objects with `__call__`, keyword-only and positional-only parameters, `async def`. Nothing
here awaits: an awaitable result is the caller's to await. Whoever calls goes through
`callbacks`, which has a clock and knows whom to blame.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .service import UserCallable

# Modules that say nothing about where a callable comes from: configuration files have these.
_NAMELESS_MODULES = frozenset(("__main__", "builtins"))

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments a callable names: those it needs and those it has a default for.

    `*args` and `**kwargs` name nothing and are left empty, and so are parameters that a
    partial has filled in already.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...]


def asked_arguments(callback: UserCallable) -> Asked:
    """What `callback` asks for. Raises ValueError when it cannot be inspected."""
    required: list[str] = []
    optional: list[str] = []
    for parameter in _parameters(callback):
        (required if parameter.default is parameter.empty else optional).append(parameter.name)
    return Asked(tuple(required), tuple(optional))


def check_callable(callback: UserCallable, known: Collection[str]) -> None:
    """Raise ValueError, listing the known arguments, when `callback` needs another one."""
    unknown = [name for name in asked_arguments(callback).required if name not in known]
    if unknown:
        listed = ", ".join(known)
        raise ValueError(
            f"{callable_name(callback)}() asks for {', '.join(unknown)}; "
            f"the arguments it can ask for are {listed}"
        )


def check_takes_one(callback: UserCallable) -> None:
    """Raise ValueError unless `callback` can be called with one positional argument."""
    try:
        inspect.signature(callback).bind(object())
    except TypeError:
        raise ValueError(
            f"{callable_name(callback)}() must take exactly one positional argument"
        ) from None


def call_with_known(callback: UserCallable, known: Mapping[str, Any]) -> Any:
    """Call `callback` with those of `known` that it names, also where it has a default.

    Returns what it returns, which may be awaitable. Raises TypeError naming the missing
    arguments when it needs others, and whatever it raises itself.
    """
    positional: list[Any] = []
    named: dict[str, Any] = {}
    missing: list[str] = []
    is_gap_before = False
    for parameter in _parameters(callback):
        name = parameter.name
        if name not in known:
            is_gap_before = True
            if parameter.default is parameter.empty:
                missing.append(name)
        elif parameter.kind is not parameter.POSITIONAL_ONLY:
            named[name] = known[name]
        elif not is_gap_before:  # one after a gap cannot be reached by position
            positional.append(known[name])
    if missing:
        raise TypeError(
            f"{callable_name(callback)}() missing required positional argument: "
            f"{', '.join(missing)}"
        )
    return callback(*positional, **named)


def callable_name(callback: UserCallable) -> str:
    """A short name for messages; never a repr, which may hold bound secrets."""
    while isinstance(callback, functools.partial):
        callback = callback.func
    return getattr(callback, "__qualname__", None) or type(callback).__qualname__


def blamed_name(callback: UserCallable, package: str = "") -> str:
    """`callback` by name, and whose it is: the `package`'s, else that of its module."""
    name = f"{callable_name(callback)}()"
    if package:
        return f"{name} of package {package}"
    module = _module(callback)
    return f"{name} of module {module}" if module else name


def _module(callback: UserCallable) -> str:
    while isinstance(callback, functools.partial):
        callback = callback.func
    module = getattr(callback, "__module__", None)
    return module if isinstance(module, str) and module not in _NAMELESS_MODULES else ""


def _parameters(callback: UserCallable) -> list[inspect.Parameter]:
    filled = callback.keywords if isinstance(callback, functools.partial) else {}
    return [
        parameter
        for parameter in inspect.signature(callback).parameters.values()
        if parameter.kind not in _VARIADIC and parameter.name not in filled
    ]
