"""The Hub learns of use, of nothing but use, and stops what nobody uses."""

from __future__ import annotations

from datetime import datetime

import pytest
from _hub.api import HubApi, until
from _hub.running import RunningHub
from _hub.visitor import logged_in


async def moved(api: HubApi, user: str, since: datetime) -> datetime:
    """The time of the last activity, once it is later than `since`."""

    async def look() -> datetime | None:
        last = await api.last_activity(user)
        return last if last > since else None

    found = await until(look)
    assert found is not None
    return found


async def test_activity_moves_with_use_only(hub: RunningHub, api: HubApi) -> None:
    """Two servers, of which one is used: its reports show that time passes."""
    async with logged_in(hub, "kim") as kim, logged_in(hub, "lee") as lee:
        for somebody in (kim, lee):
            await api.start(somebody.name)
            before = await api.last_activity(somebody.name)
            await somebody.visit(somebody.home())
            await moved(api, somebody.name, before)
        unused = await api.last_activity("lee")
        used = await api.last_activity("kim")
        for _ in range(3):
            await kim.get(kim.home())
            used = await moved(api, "kim", used)
        assert await api.last_activity("lee") == unused
        await lee.get(lee.home())
        await moved(api, "lee", unused)


@pytest.mark.timeout(180)
async def test_the_idle_are_culled_and_the_used_are_not(hub: RunningHub, api: HubApi) -> None:
    await api.add_user("idle", "busy")
    async with logged_in(hub, "busy") as busy, logged_in(hub, "idle") as idle:
        for somebody in (busy, idle):
            await api.start(somebody.name)
            assert (await somebody.visit(somebody.home())).status_code == 200
        # However long all that took: who is looked at from now on was used a moment ago.
        before = await api.last_activity("busy")
        pid = (await busy.get(busy.home())).json()["pid"]
        await moved(api, "busy", before)
        await api.ask("POST", "groups/culled/users", {"users": ["busy", "idle"]})

        async def has_ended() -> bool:
            assert (await busy.get(busy.home())).json()["pid"] == pid
            return not await api.is_running("idle") and hub.marked("idle") == []

        await until(has_ended)
        assert await api.is_running("busy")
        await api.ask("DELETE", "groups/culled/users", {"users": ["busy", "idle"]})
