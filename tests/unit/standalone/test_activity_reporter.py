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

from jupyter_server_proxy.standalone.activity import ActivityReporter, Timetable
from jupyter_server_proxy.standalone.environment import HubEnvironment

NOON = datetime(2026, 1, 2, 12, tzinfo=timezone.utc)
LOG = logging.getLogger("tests")


INTERVAL = 300.0


class Hub:
    """`bodies` are the reports that came; `status` is what they are answered."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, object]] = []
        self.arrived: asyncio.Queue[None] = asyncio.Queue()
        self.tokens: set[str] = set()
        self.status = 200
        self.url = ""
        self.gate = asyncio.Event()
        self.gate.set()


class Activity(web.RequestHandler):
    async def post(self) -> None:
        hub: Hub = self.settings["hub"]
        await hub.gate.wait()
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


class World:
    """When the application was last used, and what the clock shows."""

    last: datetime | None = None
    now = 1000.0
    # How much of it passes between two looks at the clock.
    pace = 0.0

    def clock(self) -> float:
        self.now += self.pace
        return self.now

    def use(self) -> None:
        self.last = (self.last or NOON) + timedelta(seconds=1)

    def reporter(
        self, hub: Hub, *, server_name: str = "", interval: float = INTERVAL
    ) -> ActivityReporter:
        environment = HubEnvironment(api_token="t", activity_url=hub.url, server_name=server_name)
        return ActivityReporter(
            lambda: self.last,
            environment,
            interval=interval,
            log=LOG,
            clock=self.clock,
            chance=lambda: 0.5,
        )


@pytest.fixture
def world() -> World:
    return World()


# --- what is told ---------------------------------------------------------------------------


@pytest.mark.parametrize("server_name", ["", "second"])
async def test_it_tells_when_the_application_was_used(
    hub: Hub, world: World, server_name: str
) -> None:
    world.last = NOON
    await world.reporter(hub, server_name=server_name).report()
    moment = "2026-01-02T12:00:00Z"
    assert hub.bodies == [
        {"servers": {server_name: {"last_activity": moment}}, "last_activity": moment}
    ]
    assert hub.tokens == {"token t"}


async def test_it_is_silent_until_there_was_activity(hub: Hub, world: World) -> None:
    await world.reporter(hub).look()
    assert hub.bodies == []


async def test_it_says_the_same_only_once(hub: Hub, world: World) -> None:
    world.use()
    reports = world.reporter(hub)
    await reports.report()
    await reports.report()
    assert len(hub.bodies) == 1
    world.use()
    await reports.report()
    assert len(hub.bodies) == 2


# --- when it is told ------------------------------------------------------------------------


async def test_steady_use_is_told_once_in_an_interval_and_new_use_at_the_next_look(
    hub: Hub, world: World
) -> None:
    reports = world.reporter(hub)
    for _ in range(int(INTERVAL)):
        world.use()
        await reports.look()
        world.now += 1
    assert len(hub.bodies) == 1
    world.use()
    await reports.look()
    assert len(hub.bodies) == 2
    world.now += 10 * INTERVAL
    await reports.look()
    assert len(hub.bodies) == 2
    world.use()
    await reports.look()
    assert len(hub.bodies) == 3


def test_servers_that_began_together_do_not_report_together() -> None:
    dues = set()
    for chance in (0.0, 0.25, 0.5, 0.75, 0.99):
        timetable = Timetable(INTERVAL)
        timetable.note_success(0.0, chance)
        dues.add(timetable.due)
    assert len(dues) == 5
    assert 0.9 * INTERVAL == min(dues) < max(dues) < 1.1 * INTERVAL


def test_a_hub_that_does_not_answer_is_asked_ever_more_rarely() -> None:
    timetable, now, pauses = Timetable(INTERVAL), 0.0, []
    for _ in range(12):
        timetable.note_failure(now, 1.0)
        pauses.append(timetable.due - now)
        now = timetable.due
        assert timetable.is_due(now)
        assert not timetable.is_due(now - 1)
    assert pauses == [5, 10, 20, 40, 80, 160, *[300] * 6]
    timetable.note_failure(0.0, 0.0)
    assert timetable.due == INTERVAL / 2


# --- failures -------------------------------------------------------------------------------


async def test_what_could_not_be_told_is_told_the_next_time(hub: Hub, world: World) -> None:
    world.use()
    reports = world.reporter(hub)
    hub.status = 503
    await reports.look()
    hub.status = 200
    await reports.look()
    assert len(hub.bodies) == 1
    world.now += 5
    await reports.look()
    await reports.look()
    assert len(hub.bodies) == 2


async def test_an_hour_without_a_hub_is_two_lines_in_the_log(
    hub: Hub, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    reports = world.reporter(hub)
    hub.status = 503
    for _ in range(360):
        world.use()
        await reports.look()
        world.now += 10
    asked = len(hub.bodies)
    assert 10 < asked < 30
    hub.status = 200
    world.now += INTERVAL
    await reports.look()
    first, last = [record.getMessage() for record in caplog.records if record.name == LOG.name]
    assert first.startswith("Activity could not be reported to JupyterHub")
    assert last == f"Activity is reported to JupyterHub again, after {asked} failures"


# --- its life -------------------------------------------------------------------------------


async def test_it_goes_on_until_it_is_cancelled(hub: Hub, world: World) -> None:
    world.pace = 1.0
    task = asyncio.create_task(world.reporter(hub, interval=0.001).run())
    for _ in range(3):
        world.use()
        await hub.arrived.get()
    task.cancel()
    await asyncio.wait((task,))
    assert task.cancelled()


async def test_the_last_use_is_told_when_it_ends(hub: Hub, world: World) -> None:
    task = asyncio.create_task(world.reporter(hub).run())
    await asyncio.sleep(0)
    world.use()
    task.cancel()
    await asyncio.wait((task,))
    assert len(hub.bodies) == 1


async def test_a_hub_that_is_silent_does_not_keep_it_from_ending(
    hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_server_proxy.standalone.activity.LAST_REPORT_SECONDS", 0.05)
    hub.gate.clear()
    task = asyncio.create_task(world.reporter(hub).run())
    await asyncio.sleep(0)
    world.use()
    task.cancel()
    _, pending = await asyncio.wait((task,), timeout=10)
    hub.gate.set()
    assert not pending
