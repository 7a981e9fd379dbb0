"""Programs with tokens of the Hub, and what of all credentials an application gets to see."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from _hub.api import HubApi
from _hub.running import RunningHub
from _hub.visitor import logged_in, visitor


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"token {token}"}


async def test_a_token_needs_the_scope_of_this_server(hub: RunningHub, api: HubApi) -> None:
    await api.start("tess")
    await api.start("tess", "other")
    good = await api.token("tess", "access:servers!server=tess/")
    wrong = {
        "another scope": await api.token("tess", "read:users!user=tess"),
        "another server": await api.token("tess", "access:servers!server=tess/other"),
        "made up": "0123456789abcdef",
    }
    async with visitor(hub) as program:
        for what, token in wrong.items():
            answer = await program.post("user/tess/tell", headers=bearing(token), content=b"x")
            assert answer.status_code == 403, what
        assert hub.applications("tess", "") == []
        answer = await program.post("user/tess/x", headers=bearing(good), content=b"body")
    assert (answer.status_code, answer.json()["body"]) == (200, "body")


async def test_a_service_comes_in_by_its_role(hub: RunningHub, api: HubApi) -> None:
    await api.start("fay")
    async with visitor(hub) as program:
        stranger = bearing(hub.settings.stranger_token)
        assert (await program.post("user/fay/tell", headers=stranger)).status_code == 403
        assert hub.applications("fay") == []
        friend = bearing(hub.settings.friend_token)
        answer = await program.get("user/fay/x", headers=friend)
    assert (answer.status_code, answer.json()["user"]) == (200, "fay")


async def test_a_websocket_may_be_opened_with_a_token(hub: RunningHub, api: HubApi) -> None:
    await api.start("fay")
    async with (
        visitor(hub) as program,
        program.websocket(
            "user/fay/ws", {**bearing(hub.settings.friend_token), "Origin": ""}
        ) as socket,
    ):
        assert '"uri": "/ws"' in str(await socket.recv())


async def test_an_expired_or_revoked_token_lets_nobody_in(hub: RunningHub, api: HubApi) -> None:
    await api.start("tess")
    made = await api.ask("POST", "users/tess/tokens", {"scopes": ["access:servers!server=tess/"]})
    token = made.json()
    await api.ask("DELETE", f"users/tess/tokens/{token['id']}")
    async with visitor(hub) as program:
        answer = await program.post("user/tess/tell", headers=bearing(token["token"]))
    assert answer.status_code == 403


def assert_nothing_of_the_hub(headers: Iterable[list[str]], secrets: Iterable[str]) -> None:
    """`headers` as the application got them."""
    for name, value in headers:
        assert "jupyterhub-" not in value, name
        assert "_xsrf" not in value, name
        for secret in secrets:
            assert secret not in value, name


@pytest.mark.parametrize("server", ["", "named"])
async def test_the_application_sees_no_credential_of_the_hub(
    hub: RunningHub, api: HubApi, server: str
) -> None:
    await api.start("gus", server)
    token = await api.token("gus", f"access:servers!server=gus/{server}")
    async with logged_in(hub, "gus") as gus:
        gus.client.cookies.set("theme", "dark", domain="127.0.0.1", path="/")
        path = gus.home("x", server)
        await gus.visit(path)
        secrets = [cookie.value or "-" for cookie in gus.client.cookies.jar][1:]
        sent = gus.client.build_request("GET", path).headers["Cookie"]
        assert "jupyterhub-" in sent
        told = (await gus.get(path)).json()
        assert_nothing_of_the_hub(told["headers"], {*secrets, token} - {"dark"})
        assert ["Cookie", "theme=dark"] in told["headers"]
    async with visitor(hub) as program:
        told = (await program.get(f"{path}?a=1&token={token}", headers=bearing(token))).json()
    assert told["uri"] == "/x?a=1"
    assert_nothing_of_the_hub(told["headers"], [token])
