"""Who comes in at a server on a real Hub, and who does not."""

from __future__ import annotations

from urllib.parse import urlsplit

from _hub.api import HubApi
from _hub.running import RunningHub
from _hub.visitor import logged_in, visitor


async def test_people_log_in_at_the_hub_and_get_their_own_process(
    hub: RunningHub, api: HubApi
) -> None:
    async with visitor(hub, "ann") as ann:
        page = await ann.get("user/ann/deep?x=1")
        assert urlsplit(str(page.url)).path == "/hub-prefix/hub/login"
        await ann.log_in()
        await api.start("ann")
        answer = await ann.visit("user/ann/deep?x=1")
    assert answer.status_code == 200
    assert hub.applications("ann", "") != []
    told = answer.json()
    assert (told["user"], told["uri"]) == ("ann", "/deep?x=1")


async def test_nobody_gets_into_the_server_of_somebody_else(hub: RunningHub, api: HubApi) -> None:
    await api.start("bea")
    async with logged_in(hub, "bob") as bob:
        refused = await bob.visit("user/bea/")
    assert refused.status_code == 403
    assert hub.applications("bea") == []
