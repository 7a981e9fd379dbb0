"""When JupyterHub is told of activity, and what."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone

import pytest
import pytest_asyncio
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from jupyter_server_proxy.standalone.activity import ActivityReporter
from jupyter_server_proxy.standalone.environment import HubEnvironment

NOON = datetime(2026, 1, 2, 12, tzinfo=timezone.utc)
LOG = logging.getLogger("tests")


class Hub:
    """`bodies` are the reports that came; `status` is what they are answered."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, object]] = []
        self.arrived: asyncio.Queue[None] = asyncio.Queue()
        self.tokens: set[str] = set()
        self.status = 200
        self.url = ""


class Activity(web.RequestHandler):
    def post(self) -> None:
        hub: Hub = self.settings["hub"]
        hub.bodies.append(json.loads(self.request.body))
        hub.tokens.add(self.request.headers["Authorization"])
        self.set_status(hub.status)
        hub.arrived.put_nowait(None)


@pytest_asyncio.fixture
async def hub() -> AsyncIterator[Hub]:
    hub = Hub()
    sockets = bind_sockets(0, "127.0.0.1")
    hub.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}/activity"
    server = HTTPServer(web.Application([("/activity", Activity)], hub=hub))
    server.add_sockets(sockets)
    yield hub
    server.stop()
    await server.close_all_connections()


class Clock:
    last: datetime | None = None

    def __call__(self) -> datetime | None:
        return self.last


def reporter(hub: Hub, clock: Clock, server_name: str = "") -> ActivityReporter:
    environment = HubEnvironment(server_name=server_name, api_token="t", activity_url=hub.url)
    return ActivityReporter(clock, environment, log=LOG)


@pytest.mark.parametrize("server_name", ["", "lab"])
async def test_it_says_when_and_for_which_server(hub: Hub, server_name: str) -> None:
    clock = Clock()
    clock.last = NOON
    await reporter(hub, clock, server_name).report()
    moment = "2026-01-02T12:00:00Z"
    assert hub.bodies == [
        {"servers": {server_name: {"last_activity": moment}}, "last_activity": moment}
    ]
    assert hub.tokens == {"token t"}


async def test_it_is_silent_until_there_was_activity(hub: Hub) -> None:
    await reporter(hub, Clock()).report()
    assert hub.bodies == []


async def test_it_says_the_same_only_once(hub: Hub) -> None:
    clock = Clock()
    clock.last = NOON
    reports = reporter(hub, clock)
    await reports.report()
    await reports.report()
    assert len(hub.bodies) == 1
    clock.last = NOON + timedelta(seconds=1)
    await reports.report()
    assert len(hub.bodies) == 2


async def test_what_could_not_be_told_is_told_the_next_time(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    clock.last = NOON
    reports = reporter(hub, clock)
    hub.status = 503
    await reports.report()
    assert "could not be reported" in caplog.text
    hub.status = 200
    await reports.report()
    await reports.report()
    assert len(hub.bodies) == 2


async def test_it_goes_on_until_it_is_cancelled(hub: Hub) -> None:
    moments = iter(range(1000))

    def ever_later() -> datetime:
        return NOON + timedelta(seconds=next(moments))

    environment = HubEnvironment(api_token="t", activity_url=hub.url)
    task = asyncio.create_task(ActivityReporter(ever_later, environment, log=LOG).run(0.001))
    for _ in range(3):
        await hub.arrived.get()
    task.cancel()
    await asyncio.wait((task,))
    assert task.cancelled()
