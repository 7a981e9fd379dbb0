"""Calling other people's code: what it is given, what is said about it, what passes."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable
from typing import Any

import pytest
from tornado import web

from jupyter_server_proxy import callbacks
from jupyter_server_proxy.callbacks import attended, call, call_now, returned_nonsense
from jupyter_server_proxy.errors import CallableFailed, HostNotAllowed
from jupyter_server_proxy.rules.service import Origin

MAPPATH = Origin("app", "mappath", "jupyter-app-proxy")


class Clock:
    """Time passes only in callables that say so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def hold_up(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(callbacks.time, "perf_counter", clock)
    return clock


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "_told", set())


def texts(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def later(path: str) -> str:
    await asyncio.sleep(0)
    return path + "later"


async def test_what_is_named_is_given_and_what_is_awaitable_is_awaited() -> None:
    assert await call(lambda path: path + "x", {"path": "/", "port": 1}, MAPPATH) == "/x"
    assert await call(lambda handler, host: (handler, host), (1, 2), MAPPATH) == (1, 2)
    assert await call(later, {"path": "/"}, MAPPATH) == "/later"
    assert await call(functools.partial(later, "/p/"), {}, MAPPATH) == "/p/later"
    assert call_now(lambda path: path, {"path": "/"}, MAPPATH) == "/"
    assert await call_now(later, {"path": "/"}, MAPPATH) == "/later"

    done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    done.set_result("a future")
    assert await call(lambda: done, {}, MAPPATH) == "a future"


def breaks() -> None:
    raise KeyError("licence")


async def breaks_later() -> None:
    await asyncio.sleep(0)
    raise OSError


def exits() -> None:
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("callback", "said"),
    [
        (breaks, "raised KeyError: 'licence'"),
        (breaks_later, "raised OSError"),
        (exits, "raised SystemExit: 3"),
        (lambda other: other, "raised TypeError: "),
    ],
)
async def test_what_raises_is_named_with_its_package(
    callback: Callable[..., Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        with pytest.raises(CallableFailed) as caught:
            await call(callback, {}, MAPPATH)
    message = caught.value.message
    assert message.startswith("service 'app': mappath: ")
    assert f"{callback.__qualname__}() of package jupyter-app-proxy {said}" in message
    assert caught.value.problem == message.removeprefix("service 'app': mappath: ")
    (record,) = caplog.records  # where it raised is told once
    assert record.exc_info is not None


async def test_without_a_package_the_module_is_named() -> None:
    with pytest.raises(CallableFailed, match=r"^host_allowlist: breaks\(\) of module .+ raised"):
        await call(breaks, {}, Origin("", "host_allowlist"))
    configured: dict[str, Any] = {}
    exec("def in_a_config_file(): raise ValueError", configured)
    with pytest.raises(CallableFailed, match=r"mappath: in_a_config_file\(\) raised ValueError$"):
        await call(configured["in_a_config_file"], {}, Origin("app", "mappath"))


@pytest.mark.parametrize(
    "meant", [web.HTTPError(418), web.Finish(), HostNotAllowed("no"), asyncio.CancelledError()]
)
async def test_what_is_meant_for_the_client_passes(meant: BaseException) -> None:
    def refuses() -> None:
        raise meant

    with pytest.raises(type(meant)) as caught:
        await call(refuses, {}, MAPPATH)
    assert caught.value is meant


def test_a_result_of_no_use_is_put_down_to_who_returned_it() -> None:
    error = returned_nonsense(breaks, MAPPATH, "returned int, not a string")
    assert error.message == (
        "service 'app': mappath: breaks() of package jupyter-app-proxy returned int, not a string"
    )


async def test_who_holds_up_the_event_loop_is_named_once_for_each_doubling(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    durations = iter((0.4, 0.7, 0.8, 1.2, 0.6))

    def slow() -> None:
        clock.hold_up(next(durations))

    for _ in range(5):
        await call(slow, {}, MAPPATH)
    first, second = texts(caplog)
    name = "slow() of package jupyter-app-proxy"
    assert first.startswith("server-proxy: service 'app': mappath: ")
    assert f"{name} held up Jupyter for 0.7 s" in first
    assert f"{name} held up Jupyter for 1.2 s" in second


async def test_only_what_an_async_callable_does_itself_counts(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async def waits(seconds: float) -> str:
        other = asyncio.get_running_loop().create_task(holds_up_elsewhere())
        await other
        clock.hold_up(seconds)
        return "done"

    async def holds_up_elsewhere() -> None:
        clock.hold_up(9)

    assert await call(waits, {"seconds": 0.1}, MAPPATH) == "done"
    assert texts(caplog) == []
    assert await attended(waits(3), waits, MAPPATH) == "done"
    (text,) = texts(caplog)
    assert "held up Jupyter for 3.0 s" in text


async def test_one_that_raises_late_is_reported_as_slow_too(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def slow_and_broken() -> None:
        clock.hold_up(2)
        raise ValueError

    with pytest.raises(CallableFailed):
        await call(slow_and_broken, {}, MAPPATH)
    assert sorted("held up" in text for text in texts(caplog)) == [False, True]


async def test_cancelling_reaches_the_callable() -> None:
    is_waiting = asyncio.Event()
    seen: list[str] = []

    async def waits_for_ever() -> None:
        is_waiting.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            seen.append("cleaned up")

    task = asyncio.create_task(call(waits_for_ever, {}, MAPPATH))
    await is_waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cleaned up"]
