"""A Hub that dies and comes back, while its servers live on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from _hub.api import hub_api
from _hub.places import GUEST, STANDALONE
from _hub.running import RunningHub, Settings, running_hub
from _hub.visitor import logged_in, visitor


@pytest.fixture
def own_hub(
    proxy_command: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningHub]:
    settings = Settings(
        folder=str(tmp_path_factory.mktemp("hub-that-dies")),
        proxy=proxy_command,
        command=STANDALONE,
        application=["--", *GUEST],
        internal_ssl=True,
    )
    with running_hub(settings) as hub:
        yield hub


async def test_servers_outlive_a_hub_that_dies(own_hub: RunningHub) -> None:
    hub = own_hub
    async with hub_api(hub) as api, logged_in(hub, "ann") as ann, visitor(hub) as program:
        for name in ("ann", "bob"):
            await api.start(name)
        token = await api.token("ann", "access:servers!server=ann/")
        pid = (await ann.visit("user/ann/")).json()["pid"]
        hub.kill_alone()

        # Who was let in a moment ago still is; who is new cannot be, and is told so.
        assert (await ann.get("user/ann/")).json()["pid"] == pid
        async with ann.websocket("user/ann/ws") as socket:
            assert str(pid) in str(await socket.recv())
        refused = await program.post("user/ann/tell", headers={"Authorization": f"token {token}"})
        assert refused.status_code == 503
        assert "Retry-After" in refused.headers
        assert str(hub.settings.hub_port) not in refused.text
        assert (await program.look("user/ann/")).status_code == 503
        assert hub.applications("bob") == []

        hub.start()
        assert (await ann.get("user/ann/")).json()["pid"] == pid
        answer = await program.get("user/ann/", headers={"Authorization": f"token {token}"})
        assert (answer.status_code, answer.json()["pid"]) == (200, pid)
    async with logged_in(hub, "bob") as bob:
        assert (await bob.visit("user/bob/")).json()["user"] == "bob"
