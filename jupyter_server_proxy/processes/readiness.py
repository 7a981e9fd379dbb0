"""Finding out when a child is ready, and at which address.

Every function here tries until it succeeds and is ended by cancelling it: the supervisor
has the clock. Nothing is decided here about what a failure means.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..backend.probe import accepts_connections, fetch_status
from ..callbacks import attended, raised
from ..errors import BackendUnreachable, ProxyError
from ..rules.callables import call_with_known
from ..rules.service import (
    CallableReadiness,
    HttpReadiness,
    LogReadiness,
    Origin,
    Readiness,
    TcpReadiness,
    UserCallable,
)
from ..rules.targets import Target, TcpTarget, UnixTarget
from .child import Binding

# Between two tries. The longest must leave room for the answer within 100 ms.
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.04
_PAUSE_GROWTH = 1.2
# A user's own check may be expensive.
_CHECK_PAUSE = 0.1
_CONNECT_TIMEOUT = 2.0
# A request that waits for its answer is given all the time there is. But it may have been lost in
# a server that was not up yet, so two more are sent after so many seconds.
_SECOND_THOUGHTS = (2.0, 8.0)
_FOREVER = 365 * 24 * 3600.0

_Probe = Callable[[Target], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be found out. `fields` are the arguments a readiness callable can ask for.

    `match` is the line a log readiness waits for, looked for since before the child started.
    """

    readiness: Readiness
    binding: Binding
    fields: Mapping[str, Any]
    match: asyncio.Future[str] | None
    log: logging.Logger


async def find_target(question: Question) -> Target:
    """Wait until the child is ready in the sense of its readiness; where it listens then."""
    targets = possible_targets(question.binding)
    match question.readiness:
        case HttpReadiness(path):
            return await _first_to_answer(targets, path)
        case TcpReadiness():
            return await _first_to_succeed(targets, _accepts)
        case LogReadiness():
            if question.match is not None:
                await question.match
            return await _reachable_one(targets)
        case CallableReadiness(check, origin):
            await _until_true(check, origin, question)
            return await _reachable_one(targets)


def possible_targets(binding: Binding) -> tuple[Target, ...]:
    """Where a child with this binding may listen, the likeliest first.

    `localhost` means ::1 to some programs.
    """
    if binding.unix_socket:
        return (UnixTarget(binding.unix_socket),)
    return (TcpTarget("127.0.0.1", binding.port), TcpTarget("::1", binding.port))


def _pauses() -> Iterator[float]:
    """Endless: the seconds to wait between one try and the next."""
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(_LONGEST_PAUSE, pause * _PAUSE_GROWTH)


async def _first_to_succeed(targets: tuple[Target, ...], probe: _Probe) -> Target:
    for pause in _pauses():
        for target in targets:
            try:
                if await probe(target):
                    return target
                break  # it answered, so the others need not be asked
            except BackendUnreachable:
                continue
            except ProxyError:
                break
        await asyncio.sleep(pause)
    raise AssertionError("pauses never end")


async def _accepts(target: Target) -> bool:
    await accepts_connections(target, timeout=_CONNECT_TIMEOUT)
    return True


async def _first_to_answer(targets: tuple[Target, ...], path: str) -> Target:
    async def answers(target: Target) -> bool:
        status = await fetch_status(
            target, path, timeout=_FOREVER, connect_timeout=_CONNECT_TIMEOUT
        )
        return status < 500

    async def ask(delay: float) -> Target:
        await asyncio.sleep(delay)
        return await _first_to_succeed(targets, answers)

    asking = {asyncio.ensure_future(ask(delay)) for delay in (0.0, *_SECOND_THOUGHTS)}
    try:
        done, _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


async def _reachable_one(targets: tuple[Target, ...]) -> Target:
    """The one that accepts a connection, else the likeliest: the child says it is ready."""
    for target in targets:
        try:
            await accepts_connections(target, timeout=_CONNECT_TIMEOUT)
        except ProxyError:
            continue
        return target
    return targets[0]


async def _until_true(check: UserCallable, origin: Origin, question: Question) -> None:
    """Ask the user's own check. What it raises means "not yet": it is told once per kind."""
    told: set[str] = set()
    while True:
        try:
            if await _ask(check, question.fields, origin):
                return
        except (Exception, SystemExit) as problem:
            text = raised(check, origin, problem)
            if text not in told:
                told.add(text)
                question.log.info("%s: not ready: %s", question.fields.get("name"), text)
        await asyncio.sleep(_CHECK_PAUSE)


async def _ask(check: UserCallable, fields: Mapping[str, Any], origin: Origin) -> bool:
    """Plain functions run in a thread, since most of them wait for a network."""
    if inspect.iscoroutinefunction(check):
        return bool(await attended(call_with_known(check, fields), check, origin))
    answer = await _in_own_thread(lambda: call_with_known(check, fields))
    return bool(await attended(answer, check, origin) if inspect.isawaitable(answer) else answer)


async def _in_own_thread(call: Callable[[], Any]) -> Any:
    """Not in the event loop's pool: a check that hangs must not hold up what others do there."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Any] = loop.create_future()

    def settle(set_it: Callable[[Any], None], value: Any) -> None:
        if not answer.done():
            set_it(value)

    def run() -> None:
        outcome: tuple[Callable[[Any], None], Any]
        try:
            outcome = (answer.set_result, call())
        except (Exception, SystemExit) as problem:
            outcome = (answer.set_exception, problem)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=run, name="readiness check", daemon=True).start()
    return await answer
