"""Calling other people's code: functions of configuration files and of packages.

They run in Jupyter's own event loop, so they are watched by a clock, and what they raise is
put down to them by name. Nothing here decides what a failure means for a request or a start.
"""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tornado import web
from traitlets.log import get_logger

from .errors import CallableFailed, ProxyError
from .rules.callables import blamed_name, call_with_known
from .rules.service import Origin, UserCallable

# Longer than this nobody waits without noticing. Half a second is what a page may take to react
# before people think that it hangs.
HELD_UP_SECONDS = 0.5

# By name, what may be passed to a callable that asks for it; or everything, by position.
Arguments = Mapping[str, Any] | tuple[Any, ...]

# What has been logged, so that a page with a hundred requests is not a hundred messages. Keys are
# names, of which there are no more than the configuration has.
_told: set[tuple[str, ...]] = set()


def call_now(callback: UserCallable, arguments: Arguments, origin: Origin) -> Any:
    """What `callback` returns; an awaitable that comes to it when it is async.

    Raises CallableFailed, naming it, when it raises. A ProxyError and Tornado's HTTPError and
    Finish are meant for the client and pass.
    """
    with _blamed(callback, origin), _watched(callback, origin):
        if isinstance(arguments, tuple):
            outcome = callback(*arguments)
        else:
            outcome = call_with_known(callback, arguments)
    return _settled(outcome, callback, origin) if inspect.isawaitable(outcome) else outcome


async def call(callback: UserCallable, arguments: Arguments, origin: Origin) -> Any:
    """What `callback`, plain or async, comes to. Raises as `call_now` does."""
    outcome = call_now(callback, arguments, origin)
    return await outcome if inspect.isawaitable(outcome) else outcome


async def _settled(outcome: Awaitable[Any], callback: UserCallable, origin: Origin) -> Any:
    """What `outcome`, which `callback` has returned, comes to. Raises as `call_now` does."""
    with _blamed(callback, origin):
        return await attended(outcome, callback, origin)


async def attended(outcome: Awaitable[Any], callback: UserCallable, origin: Origin) -> Any:
    """Await what an async `callback` returned, and report it when it holds up the event loop."""
    if isinstance(outcome, Coroutine):
        return await _Steps(outcome, lambda: _watched(callback, origin))
    return await outcome


def returned_nonsense(callback: UserCallable, origin: Origin, problem: str) -> CallableFailed:
    """The error for a result of no use; `problem` says what would have been right."""
    return CallableFailed(str(origin), f"{blamed_name(callback, origin.package)} {problem}")


def raised(callback: UserCallable, origin: Origin, error: BaseException) -> str:
    """That `callback` raised `error`, in words."""
    text = f"{type(error).__name__}: {error}".removesuffix(": ")
    return f"{blamed_name(callback, origin.package)} raised {text}"


@contextmanager
def _blamed(callback: UserCallable, origin: Origin) -> Iterator[None]:
    try:
        yield
    except (ProxyError, web.HTTPError, web.Finish):
        raise
    except (Exception, SystemExit) as error:  # sys.exit() in a callable must not end Jupyter
        name = blamed_name(callback, origin.package)
        if _is_first((str(origin), name, type(error).__name__)):
            get_logger().warning("server-proxy: %s: %s raised", origin, name, exc_info=True)
        raise CallableFailed(str(origin), raised(callback, origin, error)) from error


@contextmanager
def _watched(callback: UserCallable, origin: Origin) -> Iterator[None]:
    """Report it, once for each doubling, when the event loop is held up inside."""
    start = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - start
        if seconds > HELD_UP_SECONDS:
            _report_held_up(blamed_name(callback, origin.package), origin, seconds)


def _report_held_up(name: str, origin: Origin, seconds: float) -> None:
    magnitude = math.floor(math.log2(seconds / HELD_UP_SECONDS))
    if _is_first((str(origin), name, f"2^{magnitude}")):
        get_logger().warning(
            "server-proxy: %s: %s held up Jupyter for %.1f s; meanwhile nobody was served. "
            "It should be quick, or async",
            origin, name, seconds,
        )  # fmt: skip


def _is_first(what: tuple[str, ...]) -> bool:
    is_first = what not in _told
    _told.add(what)
    return is_first


class _Steps(Generator[Any, Any, Any]):
    """A coroutine of which every step, from one `await` to the next, is watched."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], watch: Callable[[], Any]) -> None:
        self._coroutine = coroutine
        self._watch = watch

    def __await__(self) -> Generator[Any, Any, Any]:
        return self

    def send(self, value: Any) -> Any:
        """Go on with `value` as what was awaited."""
        with self._watch():
            return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        """Go on with an exception, such as a cancellation."""
        with self._watch():
            return self._coroutine.throw(*error)
