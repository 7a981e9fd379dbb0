"""Who comes in at a server on a real Hub, and who does not."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from urllib.parse import urlsplit

from _hub.api import HubApi
from _hub.places import APPS, SHARES
from _hub.running import RunningHub
from _hub.visitor import logged_in, refused_websocket, visitor

# Where our own pages have what only they are told.
XSRF = re.compile(r'"xsrf": ("[^"]*")')
RAW = {
    "options": ["--raw-socket-proxy"],
    "command": ["--", sys.executable, str(APPS / "raw_echo.py"), "{port}"],
}


def path_of(page: object) -> str:
    return urlsplit(str(page.url)).path


async def test_people_log_in_and_come_to_where_they_wanted_to_be(
    hub: RunningHub, api: HubApi
) -> None:
    await api.start("ann")
    async with visitor(hub, "ann") as ann:
        page = await ann.visit("user/ann/deep?x=1")
        assert path_of(page) == "/hub-prefix/hub/login"
        assert hub.applications("ann") == []
        await ann.log_in(page)
        page = await ann.visit("user/ann/deep?x=1")
        assert (page.status_code, str(page.url)) == (200, f"{hub.url}user/ann/deep?x=1")
        told = page.json()
    assert (told["user"], told["uri"]) == ("ann", "/deep?x=1")
    assert hub.applications("ann", "") != []


async def test_the_hub_starts_the_server_of_whoever_logs_in(hub: RunningHub) -> None:
    async with logged_in(hub, "abe") as abe:
        page = await abe.visit("hub/spawn/abe?next=%2Fhub-prefix%2Fuser%2Fabe%2Fpage")
        assert page.status_code == 200
        deadline = asyncio.get_running_loop().time() + 60
        while "The guest of abe" not in page.text:
            assert asyncio.get_running_loop().time() < deadline, page.text
            await asyncio.sleep(0.2)
            page = await abe.visit("user/abe/page")


async def test_several_people_have_a_process_each(hub: RunningHub, api: HubApi) -> None:
    names = [f"many-{number}" for number in range(4)]

    async def use(name: str) -> set[tuple[str, int]]:
        await api.start(name)
        async with logged_in(hub, name) as somebody:
            await somebody.visit(somebody.home())
            answers = await asyncio.gather(*(somebody.get(somebody.home(f"{i}")) for i in range(9)))
        assert sorted(answer.json()["uri"] for answer in answers) == [f"/{i}" for i in range(9)]
        return {(answer.json()["user"], answer.json()["pid"]) for answer in answers}

    used = await asyncio.gather(*(use(name) for name in names))
    assert [len(of_one) for of_one in used] == [1] * len(names)
    owners = [user for of_one in used for user, _ in of_one]
    assert owners == names
    assert len({pid for of_one in used for _, pid in of_one}) == len(names)


async def test_nobody_gets_into_the_server_of_somebody_else(hub: RunningHub, api: HubApi) -> None:
    await api.start("bea")
    async with logged_in(hub, "bob") as bob:
        assert (await bob.visit("user/bea/")).status_code == 403
        assert (await bob.post("user/bea/tell", content=b"x")).status_code == 403
        assert await refused_websocket(bob, "user/bea/ws") == 403
    assert hub.applications("bea") == []


async def test_a_login_at_one_server_is_none_at_another(hub: RunningHub, api: HubApi) -> None:
    """Although the browser may be made to send the cookies of one to the other."""
    await api.start("bea")
    await api.start("bill")
    async with logged_in(hub, "bill") as bill:
        assert (await bill.visit("user/bill/")).status_code == 200
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in bill.client.cookies.jar)
        for name in ("bill", "bea"):
            cookies = cookies.replace(f"jupyterhub-user-{name}=", "jupyterhub-user-bea=")
    async with visitor(hub) as nobody:
        answer = await nobody.post("user/bea/tell", headers={"Cookie": cookies}, content=b"x")
    assert answer.status_code == 403
    assert hub.applications("bea") == []


async def test_a_websocket_needs_a_login_before_anything_starts(
    hub: RunningHub, api: HubApi
) -> None:
    await api.start("cleo")
    async with visitor(hub, "cleo") as nobody:
        assert await refused_websocket(nobody, "user/cleo/ws") == 403
        assert hub.applications("cleo") == []
    async with logged_in(hub, "cleo") as cleo:
        await cleo.visit("user/cleo/")
        async with cleo.websocket("user/cleo/ws?a=1") as socket:
            assert '"uri": "/ws?a=1"' in str(await socket.recv())


async def test_a_raw_stream_needs_a_login_before_anything_starts(
    hub: RunningHub, api: HubApi
) -> None:
    await api.start("rob", **RAW)
    async with visitor(hub, "rob") as nobody:
        assert await refused_websocket(nobody, "user/rob/") == 403
        assert hub.applications("rob") == []
    async with logged_in(hub, "rob") as rob:
        await rob.visit("user/rob/")
        async with rob.websocket("user/rob/") as socket:
            await socket.send(b"hello")
            assert await socket.recv() == b"hello"


@SHARES
async def test_a_shared_server_lets_its_guest_in(hub: RunningHub, api: HubApi) -> None:
    await api.start("dan")
    await api.add_user("dora")
    async with logged_in(hub, "dora") as dora:
        assert (await dora.visit("user/dan/")).status_code == 403
        await api.ask("POST", "shares/dan/", {"user": "dora"})
        page = await dora.visit("user/dan/")
        assert (page.status_code, page.json()["user"]) == (200, "dan")
        async with dora.websocket("user/dan/ws") as socket:
            assert str(page.json()["pid"]) in str(await socket.recv())
        servers = "user/dan/server-proxy/api/servers"
        (guests,) = (await dora.get(servers)).json()["servers"]
        async with logged_in(hub, "dan") as dan:
            await dan.visit("user/dan/")
            (owners,) = (await dan.get(servers)).json()["servers"]
        # A guest uses the application; how it is started is the owner's.
        assert (guests["state"], guests["command"]) == ("ready", "")
        assert owners["command"]
        log = f"{servers}/{guests['name']}/log"
        assert (await dora.get(log)).status_code == 403


# --- what other pages may not do --------------------------------------------------------------


async def test_other_pages_can_neither_connect_nor_change_anything(
    hub: RunningHub, api: HubApi
) -> None:
    """Be they of another site, or of the server of somebody else on this Hub."""
    await api.start("eve")
    async with logged_in(hub, "eve") as eve:
        start_page = await eve.look("user/eve/")
        pid = (await eve.visit("user/eve/")).json()["pid"]
        servers = "user/eve/server-proxy/api/servers"
        name = (await eve.get(servers)).json()["servers"][0]["name"]
        own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Origin": hub.site}
        foreign = {**own, "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
        told = {"X-XSRFToken": json.loads(XSRF.findall(start_page.text)[0])}

        async def restart(headers: dict[str, str]) -> int:
            return (await eve.post(f"{servers}/{name}/restart", headers=headers)).status_code

        assert await refused_websocket(eve, "user/eve/ws", Origin=foreign["Origin"]) == 403
        assert [await restart(it) for it in ({}, foreign, own, {**foreign, **told})] == [403] * 4
        assert (await eve.post("user/eve/tell", headers=foreign)).status_code == 403
        assert (await eve.post("user/eve/tell", headers=own)).status_code == 200
        assert (await eve.get("user/eve/")).json()["pid"] == pid
        assert await restart({**own, **told}) in (200, 202)
        assert (await eve.get("user/eve/")).json()["pid"] != pid


async def test_a_login_that_this_browser_did_not_begin_is_refused(
    hub: RunningHub, api: HubApi
) -> None:
    await api.start("eve")
    async with logged_in(hub, "eve") as eve:
        page = await eve.get("user/eve/oauth_callback?code=made-up&state=made-up")
        assert page.status_code in (400, 403)
        assert (await eve.post("user/eve/tell", content=b"x")).status_code == 403
