"""What the Hub said is remembered for a while, asked for once, and missed clearly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from _harness.backend import Backend
from _harness.client import connected, fetch
from _harness.hub import Hub
from _harness.hub_login import log_in
from _harness.message import PATIENCE, Message, patiently
from _harness.standalone import Standalone, standalone
from _harness.upgrades import WEBSOCKET

PREFIX = "/user/ann/"
VISIT = [("Accept", "text/html,*/*"), ("Sec-Fetch-Mode", "navigate")]
ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


@pytest_asyncio.fixture
async def proxy(hub: Hub, backend: Backend, tmp_path: Path) -> AsyncIterator[Standalone]:
    backend.answer_with()
    async with behind(hub, backend, tmp_path) as running:
        yield running


def behind(
    hub: Hub, backend: Backend, folder: Path, *, max_age: int = 300, answer_timeout: float = 30
):
    """Remembers for `max_age` seconds, waits `answer_timeout` seconds for the Hub."""
    config = folder / "config.py"
    config.write_text(
        f"c.HubAuth.cache_max_age = {max_age}\n"
        f"c.StandaloneHubOAuth.answer_timeout = {answer_timeout}\n"
    )
    options = ["--port=0", f"--server-port={backend.port}", f"--config={config}"]
    return standalone(folder, *options, base_url=PREFIX, env=hub.environment(PREFIX))


async def until(proxy: Standalone, status: int, *fields: tuple[str, str]) -> Message:
    """Ask again and again until the answer, which is returned, has this status."""
    deadline = time.monotonic() + PATIENCE
    while (answer := await fetch(proxy, "/x", fields=fields)).status != status:
        assert time.monotonic() < deadline, answer.raw
    return answer


async def test_a_hundred_requests_of_one_page_are_one_question(hub: Hub, proxy: Standalone) -> None:
    hub.pause = asyncio.Event()
    fields = [("Authorization", "token token-of-ann")]
    asking = [asyncio.create_task(fetch(proxy, "/x", fields=fields)) for _ in range(100)]
    await patiently(hub.was_asked.wait())
    hub.pause.set()
    assert {answer.status for answer in await asyncio.gather(*asking)} == {200}
    assert hub.asked == {"token-of-ann": 1}


async def test_who_goes_away_takes_the_answer_from_nobody(hub: Hub, proxy: Standalone) -> None:
    hub.pause = asyncio.Event()
    fields = [("Authorization", "token token-of-ann")]
    async with connected(proxy) as first:
        await first.ask("GET", "/x", fields)
        await patiently(hub.was_asked.wait())
        second = asyncio.create_task(fetch(proxy, "/x", fields=fields))
        first.reset()
    hub.pause.set()
    assert (await second).status == 200
    assert hub.asked == {"token-of-ann": 1}


async def test_a_login_is_asked_about_again_when_it_is_old(
    hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    async with behind(hub, backend, tmp_path, max_age=1) as proxy:
        await log_in(proxy, "ann")
        assert (await fetch(proxy, "/x")).status == 200
        hub.revoked.add("token-of-ann")
        await until(proxy, 302)
        # People log in again, programs are refused.
        fields = [("Accept", "application/json")]
        assert (await fetch(proxy, "/x", fields=fields)).status == 403


async def test_a_logout_at_the_hub_counts_at_once(hub: Hub, proxy: Standalone) -> None:
    """The Hub gives every session a cookie, and takes the tokens of one that has ended back."""
    await log_in(proxy, "ann")
    login = proxy.cookie
    proxy.cookie = f"{login}; jupyterhub-session-id=one"
    assert (await fetch(proxy, "/x")).status == 200
    hub.revoked.add("token-of-ann")
    proxy.cookie = f"{login}; jupyterhub-session-id=two"
    assert (await fetch(proxy, "/x")).status == 302


async def test_an_open_tunnel_outlives_its_login(
    hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    """As it says in the documentation: to cut off who is in, the server has to be stopped."""
    async with behind(hub, backend, tmp_path, max_age=1) as proxy:
        await log_in(proxy, "ann")
        async with connected(proxy) as client:
            await client.ask("GET", "/ws", WEBSOCKET)
            peer = await backend.accepted()
            await peer.head()
            await peer.send(ACCEPTED)
            assert (await client.head()).status == 101
            backend.answer_with()
            hub.revoked.add("token-of-ann")
            await until(proxy, 302)
            await peer.send(b"still here")
            assert await client.read(10) == b"still here"


async def test_without_the_hub_who_is_known_goes_on_and_nobody_else_comes_in(
    hub: Hub, proxy: Standalone, backend: Backend
) -> None:
    await log_in(proxy, "ann")
    assert (await fetch(proxy, "/x")).status == 200
    await hub.go_down()
    assert (await fetch(proxy, "/x")).status == 200
    before = backend.connections
    for fields in (
        [*VISIT, ("Cookie", "")],
        [("Authorization", "token token-of-guest"), ("Cookie", "")],
        [*WEBSOCKET, ("Authorization", "token token-of-guest"), ("Cookie", "")],
    ):
        # That the Hub was there a moment ago is remembered, too.
        answer = await until(proxy, 503, *fields)
        assert int(answer.get("Retry-After")) >= 1
        assert b"JupyterHub does not answer" in answer.body
        # Where the Hub is inside, is nobody's business.
        assert str(hub.port).encode() not in answer.raw
        # No cookie for a login that cannot begin.
        assert answer.all("Set-Cookie") == []
    assert backend.connections == before


async def test_a_hub_that_starts_again_finds_its_servers(hub: Hub, proxy: Standalone) -> None:
    """It asks them before it listens, and would stop those that answer with an error."""
    await hub.go_down()
    for fields in ([], [("Accept", "*/*")]):
        assert (await fetch(proxy, "/api", fields=[*fields, ("Cookie", "")])).status < 500


async def test_without_the_hub_logins_expire_all_the_same(
    hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    async with behind(hub, backend, tmp_path, max_age=1) as proxy:
        await log_in(proxy, "ann")
        assert (await fetch(proxy, "/x")).status == 200
        await hub.go_down()
        await until(proxy, 503)


async def test_a_hub_that_does_not_answer_is_no_hub(
    hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    """It accepts connections, as one does that is stopped or has too much to do."""
    backend.answer_with()
    async with behind(hub, backend, tmp_path, answer_timeout=0.5) as proxy:
        asked = await fetch(proxy, "/x", fields=VISIT)
        hub.pause = asyncio.Event()
        program = [("Authorization", "token token-of-ann")]
        answers = [
            await fetch(proxy, "/x", fields=program),
            await fetch(proxy, "/x", fields=[*program, *WEBSOCKET]),
            await log_in(proxy, "ann"),
        ]
        assert [answer.status for answer in answers] == [503, 503, 503]
        assert all(int(answer.get("Retry-After")) >= 1 for answer in answers)
        assert backend.connections == 0
        hub.pause.set()
        assert (await fetch(proxy, "/x", fields=program)).status == 200
        assert asked.status == 302


async def test_the_hub_is_not_asked_about_what_cannot_be_a_token(
    hub: Hub, proxy: Standalone
) -> None:
    for token in ("wrong", "x" * 60_000):
        for _ in range(2):
            answer = await fetch(proxy, "/x", fields=[("Authorization", f"token {token}")])
            assert answer.status in (302, 403)
    assert hub.asked == {"wrong": 1}


async def test_a_hub_in_trouble_is_no_hub(hub: Hub, proxy: Standalone, backend: Backend) -> None:
    hub.status = 500
    fields = [("Authorization", "token token-of-ann")]
    answer = await fetch(proxy, "/x", fields=fields)
    assert (answer.status, backend.connections) == (503, 0)
    # What could not be found out is not remembered.
    hub.status = 200
    assert (await fetch(proxy, "/x", fields=fields)).status == 200


async def test_a_login_that_the_hub_cannot_finish_is_said(hub: Hub, proxy: Standalone) -> None:
    asked = await fetch(proxy, "/x")
    hub.status = 500
    answer = await log_in(proxy, "ann")
    assert asked.status == 302
    assert answer.status == 503
    assert b"/hub/api" not in answer.body
