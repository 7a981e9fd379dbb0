"""What passes through the Hub's proxy and ours: streams, messages, sizes, heads."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import jupyterhub
import pytest_asyncio
from _hub.api import HubApi
from _hub.running import RunningHub
from _hub.visitor import NAVIGATION, Visitor, logged_in, visitor

BLOCK = bytes(range(256)) * 256
BLOCKS = 1024  # 64 MiB


@pytest_asyncio.fixture
async def tim(hub: RunningHub, api: HubApi) -> AsyncIterator[Visitor]:
    """Logged in, with a server that runs."""
    await api.start("tim")
    async with logged_in(hub, "tim") as tim:
        assert (await tim.visit(tim.home())).status_code == 200
        yield tim


async def test_events_come_as_they_happen(tim: Visitor) -> None:
    async with tim.client.stream("GET", tim.home("events")) as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "data: listening"
        for word in ("one", "two"):
            assert (await tim.post(tim.home("tell"), content=word)).is_success
            assert await anext(lines) == ""
            assert await anext(lines) == f"data: {word}"


async def test_messages_pass_both_ways_whatever_their_size(tim: Visitor) -> None:
    async with tim.websocket(tim.home("ws")) as socket:
        await socket.recv()
        for message in ("text", b"", BLOCK, BLOCK * 64, "ünï"):
            await socket.send(message)
            assert await socket.recv() == message


async def test_large_uploads_arrive_whole(tim: Visitor) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(BLOCKS):
            yield BLOCK

    digest = hashlib.sha256(BLOCK * BLOCKS).hexdigest()
    for headers in ({"Content-Length": str(len(BLOCK) * BLOCKS)}, {}):
        answer = await tim.client.put(tim.home("upload"), content=body(), headers=headers)
        assert answer.json() == {"size": len(BLOCK) * BLOCKS, "sha256": digest}


async def test_large_downloads_arrive_whole(tim: Visitor) -> None:
    seen = hashlib.sha256()
    path = tim.home(f"download?size={len(BLOCK) * BLOCKS}")
    async with tim.client.stream("GET", path) as answer:
        async for part in answer.aiter_bytes():
            seen.update(part)
    assert seen.hexdigest() == hashlib.sha256(BLOCK * BLOCKS).hexdigest()


async def test_paths_and_queries_pass_as_they_are(tim: Visitor) -> None:
    for path in ("a%2Fb?x=%20+&y", "deep//er/", "%E2%82%AC"):
        assert (await tim.get(tim.home(path))).json()["uri"] == f"/{path}"


async def test_the_application_learns_where_it_is(tim: Visitor) -> None:
    headers = dict((await tim.get(tim.home("x"))).json()["headers"])
    assert headers["X-Forwarded-Context"] == "/hub-prefix/user/tim/"
    assert headers["Host"] == headers["X-Forwarded-Host"] == tim.hub.site.removeprefix("http://")
    assert headers["X-Forwarded-Proto"] == "http"


async def test_every_answer_says_which_hub_it_was_made_for(hub: RunningHub, tim: Visitor) -> None:
    async with visitor(hub, follow_redirects=False) as nobody:
        answers = [
            await nobody.get("user/tim/", headers=NAVIGATION),
            await nobody.post("user/tim/"),
            await tim.get(tim.home("server-proxy/api/servers")),
        ]
    assert [answer.status_code for answer in answers] == [302, 403, 200]
    for answer in answers:
        assert answer.headers["X-JupyterHub-Version"] == jupyterhub.__version__
