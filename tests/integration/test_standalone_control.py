"""Who may stop the application behind a Hub and see how it is started and what it writes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from _harness.backend import Backend
from _harness.client import fetch
from _harness.hub import Hub
from _harness.standalone import Standalone, standalone
from _harness.upgrades import WEBSOCKET

PREFIX = "/user/ann/"
API = "/server-proxy/api/servers"
WEB = Path(__file__).parents[1] / "apps" / "web.py"
VISIT = [("Accept", "text/html,*/*"), ("Sec-Fetch-Mode", "navigate")]
SECRET = "what-only-the-owner-may-see"
FAILING = f"import sys; print('{SECRET}', file=sys.stderr); raise SystemExit(3)"
GUESTS = ("guest", "friend", "bot")


def behind(hub: Hub, folder: Path, *options: str, without: str = ""):
    environment = {n: v for n, v in hub.environment(PREFIX).items() if n != without}
    return standalone(folder, "--port=0", *options, base_url=PREFIX, env=environment)


def by(user: str) -> list[tuple[str, str]]:
    return [("Authorization", f"token token-of-{user}")]


async def name_of(proxy: Standalone, user: str) -> str:
    (app,) = json.loads((await fetch(proxy, API, fields=by(user))).body)["servers"]
    return str(app["name"])


async def commanded(proxy: Standalone, command: str, user: str) -> int:
    path = f"{API}/{await name_of(proxy, user)}/{command}"
    return (await fetch(proxy, path, method="POST", body=b"", fields=by(user))).status


async def test_guests_use_the_application_and_do_not_control_it(hub: Hub, tmp_path: Path) -> None:
    """Whom it is shared with, who may use all servers of ann, and services."""
    command = ["--", sys.executable, str(WEB), "--port={port}"]
    async with behind(hub, tmp_path, *command) as proxy:
        # Whoever comes first starts it.
        assert (await fetch(proxy, "/x", fields=by("guest"))).status == 200
        before = [process.pid for process in proxy.descendants()]
        for guest in GUESTS:
            assert (await fetch(proxy, "/x", fields=by(guest))).status == 200
            for forbidden in ("stop", "restart", "start"):
                assert await commanded(proxy, forbidden, guest) == 403, (guest, forbidden)
            log = f"{API}/{await name_of(proxy, guest)}/log"
            assert (await fetch(proxy, log, fields=by(guest))).status == 403
            for path in (API, f"{API}/{await name_of(proxy, guest)}"):
                assert str(WEB).encode() not in (await fetch(proxy, path, fields=by(guest))).body
        assert [process.pid for process in proxy.descendants()] == before
        for person in ("ann", "admin"):
            assert str(WEB).encode() in (await fetch(proxy, API, fields=by(person))).body
            log = f"{API}/{await name_of(proxy, person)}/log"
            assert (await fetch(proxy, log, fields=by(person))).status == 200
            assert await commanded(proxy, "stop", person) == 200
            # Anybody's visit brings it back.
            assert (await fetch(proxy, "/x", fields=by("guest"))).status == 200


async def test_guests_open_websockets(hub: Hub, backend: Backend, tmp_path: Path) -> None:
    backend.answer_with()
    async with behind(hub, tmp_path, f"--server-port={backend.port}") as proxy:
        for guest in GUESTS:
            assert (await fetch(proxy, "/ws", fields=[*WEBSOCKET, *by(guest)])).status == 200
            assert backend.requests[-1].get("Upgrade") == b"websocket"


@pytest.mark.parametrize("options", [[], ["--raw-socket-proxy"]], ids=["http", "raw"])
async def test_guests_see_that_the_application_failed_but_not_what_it_wrote(
    options: list[str], hub: Hub, tmp_path: Path
) -> None:
    asked = [WEBSOCKET] if options else [VISIT, WEBSOCKET, [("Accept", "application/json")]]
    async with behind(hub, tmp_path, *options, "--", sys.executable, "-c", FAILING) as proxy:
        for kind in asked:
            for guest in GUESTS:
                answer = await fetch(proxy, "/", fields=[*kind, *by(guest)])
                if kind is not VISIT:
                    # A visit may be shown the start, which goes on.
                    assert answer.status >= 500, answer.raw
                assert SECRET.encode() not in answer.body, (guest, answer.body)
        owned = await fetch(proxy, "/", fields=[*asked[-1], *by("ann")])
        assert SECRET.encode() in owned.body


async def test_the_server_of_a_service_is_controlled_by_administrators(
    hub: Hub, tmp_path: Path
) -> None:
    command = ["--", sys.executable, str(WEB), "--port={port}"]
    async with behind(hub, tmp_path, *command, without="JUPYTERHUB_USER") as proxy:
        assert (await fetch(proxy, "/x", fields=by("ann"))).status == 200
        assert await commanded(proxy, "stop", "ann") == 403
        assert await commanded(proxy, "stop", "admin") == 200
