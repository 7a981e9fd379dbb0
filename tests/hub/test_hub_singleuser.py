"""JupyterHub's own server for people, with this extension inside: services, ports, pages, API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from _hub.api import HubApi, hub_api, until
from _hub.places import GUEST, SINGLEUSER
from _hub.running import RunningHub, Settings, running_hub
from _hub.visitor import Visitor, logged_in, refused_websocket, visitor

CONFIG = """
c.ServerApp.allow_root = True
c.ServerProxy.servers = {{
    "guest": {{"command": {guest}, "launcher_entry": {{"title": "The guest"}}}},
    "gated": {{"command": {guest} + ["--gate={gate}"]}},
}}
"""


@pytest.fixture(scope="module", params=[False, True], ids=["http", "internal_ssl"])
def internal_ssl(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def folder(internal_ssl: bool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("singleuser-hub")


@pytest.fixture(scope="module")
def hub(folder: Path, internal_ssl: bool, proxy_command: list[str]) -> Iterator[RunningHub]:
    """Whose servers are Jupyter."""
    config = folder / "config"
    config.mkdir()
    text = CONFIG.format(guest=GUEST, gate=folder / "gate")
    (config / "jupyter_server_config.py").write_text(text)
    settings = Settings(
        folder=str(folder),
        proxy=proxy_command,
        command=SINGLEUSER,
        internal_ssl=internal_ssl,
        environment={"JUPYTER_CONFIG_DIR": str(config), "JUPYTER_DATA_DIR": str(folder / "data")},
    )
    with running_hub(settings) as hub:
        yield hub


@pytest_asyncio.fixture
async def api(hub: RunningHub) -> AsyncIterator[HubApi]:
    async with hub_api(hub) as api:
        yield api


@pytest_asyncio.fixture
async def sue(hub: RunningHub, api: HubApi) -> AsyncIterator[Visitor]:
    """Logged in at her Jupyter."""
    await api.start("sue")
    async with logged_in(hub, "sue") as sue:
        assert (await sue.visit(sue.home("guest/"))).status_code == 200
        yield sue


async def test_nobody_comes_in_without_a_login(hub: RunningHub, api: HubApi) -> None:
    await api.start("una")
    async with visitor(hub) as nobody:
        for path in ("user/una/guest/x", "user/una/proxy/1/"):
            page = await nobody.look(path)
            assert str(page.url).startswith(f"{hub.url}hub/login")
            assert (await nobody.post(path, content=b"x")).status_code == 403
        assert await refused_websocket(nobody, "user/una/guest/ws") == 403
    async with logged_in(hub, "mallory") as mallory:
        assert (await mallory.look("user/una/guest/")).status_code == 403
    assert guests(hub, "una") == []


def guests(hub: RunningHub, user: str) -> list[int]:
    return [it.pid for it in hub.applications(user) if GUEST[1] in it.cmdline()]


async def test_services_are_behind_the_prefix_of_the_server(sue: Visitor) -> None:
    told = (await sue.visit(sue.home("guest/deep?x=1"))).json()
    headers = dict(told["headers"])
    assert (told["user"], told["uri"]) == ("sue", "/deep?x=1")
    assert headers["X-Forwarded-Context"] == "/hub-prefix/user/sue/guest"
    async with sue.websocket(sue.home("guest/ws?a=1")) as socket:
        assert '"uri": "/ws?a=1"' in str(await socket.recv())
        await socket.send(b"hello")
        assert await socket.recv() == b"hello"


async def test_ports_are_proxied_too(sue: Visitor, hub: RunningHub) -> None:
    await sue.visit(sue.home("guest/"))
    ports = [
        int(argument.removeprefix("--port="))
        for process in hub.applications("sue")
        for argument in process.cmdline()
        if argument.startswith("--port=")
    ]
    told = (await sue.get(sue.home(f"proxy/{ports[0]}/x"))).json()
    assert (told["user"], told["uri"]) == ("sue", "/x")


async def test_an_application_sees_no_credential_of_the_hub(
    sue: Visitor, api: HubApi, hub: RunningHub
) -> None:
    token = await api.token("sue", "access:servers!server=sue/")
    path = sue.home("guest/x")
    sue.client.cookies.set("theme", "dark", domain="127.0.0.1", path="/")
    sent = sue.client.build_request("GET", path).headers["Cookie"]
    assert "jupyterhub-user-sue" in sent
    assert "_xsrf" in sent
    headers = (await sue.visit(path)).json()["headers"]
    assert ["Cookie", "theme=dark"] in headers
    async with visitor(hub) as program:
        bearing = {"Authorization": f"token {token}"}
        told = (await program.get(f"{path}?a=1&token={token}", headers=bearing)).json()
    assert told["uri"] == "/x?a=1"
    for _name, value in headers + told["headers"]:
        assert "jupyterhub-" not in value
        assert "_xsrf" not in value
        assert token not in value


async def test_a_slow_service_has_a_start_page(sue: Visitor, folder: Path) -> None:
    page = await sue.look(sue.home("gated/page"))
    assert page.status_code == 503
    (folder / "gate").touch()

    async def is_open() -> bool:
        page = await sue.look(sue.home("gated/page"))
        return page.status_code == 200 and "The guest of sue" in page.text

    await until(is_open)


async def test_the_api_takes_tokens_of_the_hub(hub: RunningHub, api: HubApi, sue: Visitor) -> None:
    await sue.visit(sue.home("guest/"))
    good = await api.token("sue", "access:servers!server=sue/")
    bad = await api.token("sue", "read:users!user=sue")
    address = sue.home("server-proxy/api/servers")
    async with visitor(hub) as program:
        answers = [
            await program.get(f"{address}/guest", headers={"Authorization": f"token {token}"})
            for token in (good, bad)
        ]
        assert [answer.status_code for answer in answers] == [200, 403]
        assert answers[0].json()["state"] == "ready"
        stop = f"{address}/guest/stop"
        answer = await program.post(stop, headers={"Authorization": f"token {good}"})
        assert answer.is_success
        answer = await program.get(f"{address}/guest", headers={"Authorization": f"token {good}"})
        assert answer.json()["state"] == "stopped"


async def test_the_end_of_the_server_is_the_end_of_its_services(
    hub: RunningHub, api: HubApi
) -> None:
    await api.start("ed", "named")
    async with logged_in(hub, "ed") as ed:
        told = (await ed.visit(ed.home("guest/", "named"))).json()
    assert (told["user"], told["server"]) == ("ed", "named")
    assert told["pid"] in guests(hub, "ed")
    await api.stop("ed", "named")
    assert hub.marked("ed") == []
