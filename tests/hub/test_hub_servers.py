"""The life of servers on a Hub: named ones, slow ones, broken ones, and how they end."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import psutil
from _hub.api import HubApi, until
from _hub.places import GUEST, SHARED_APPS
from _hub.running import RunningHub
from _hub.visitor import logged_in

HABITS = ("ignore-term", "helper", "daemon", "holds-pipe")


async def test_named_servers_are_apart(hub: RunningHub, api: HubApi) -> None:
    names = ("", "first", "second")
    async with logged_in(hub, "nan") as nan:
        told = {}
        for name in names:
            await api.start("nan", name)
            told[name] = (await nan.visit(nan.home("x", name))).json()
        assert [(it["server"], it["uri"]) for it in told.values()] == [(it, "/x") for it in names]
        assert len({it["pid"] for it in told.values()}) == len(names)
        prefix = dict(told["first"]["headers"])["X-Forwarded-Context"]
        assert prefix == "/hub-prefix/user/nan/first/"
        await api.stop("nan", "first")
        for name in ("", "second"):
            assert (await nan.get(nan.home("x", name))).json()["pid"] == told[name]["pid"]
    assert hub.marked("nan", "first") == []


async def test_stopping_leaves_no_process_of_the_tree(
    hub: RunningHub, api: HubApi, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    await api.start(
        "hank",
        command=["--", sys.executable, str(SHARED_APPS / "hostile.py"), "{port}", *HABITS],
        environment={"PIDS": str(pids)},
    )
    async with logged_in(hub, "hank") as hank:
        assert (await hank.visit(hank.home())).text == "ok"

    def written() -> list[int]:
        return [int(line) for line in pids.read_text().split()]

    async def all_there() -> bool:
        return len(written()) == len(HABITS)  # the application itself and three more

    await until(all_there)
    assert all(psutil.pid_exists(pid) for pid in written())
    await api.stop("hank")
    assert [pid for pid in written() if is_alive(pid)] == []
    assert hub.marked("hank") == []


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_slow_application_has_a_start_page(
    hub: RunningHub, api: HubApi, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    await api.start("sam", command=["--", *GUEST, f"--gate={gate}"])
    async with logged_in(hub, "sam") as sam:
        page = await sam.look(sam.home("page"))
        assert (page.status_code, page.headers["Retry-After"] != "") == (503, True)
        assert "text/html" in page.headers["Content-Type"]
        gate.touch()

        async def is_open() -> bool:
            page = await sam.look(sam.home("page"))
            return page.status_code == 200 and "The guest of sam" in page.text

        await until(is_open)


async def test_an_application_that_fails_has_a_page_that_says_how(
    hub: RunningHub, api: HubApi
) -> None:
    script = "import sys; print('the licence file is missing'); sys.exit(3)"
    await api.start("fred", command=["--", sys.executable, "-c", script])
    async with logged_in(hub, "fred") as fred:
        await fred.look(fred.home())

        async def has_failed() -> str:
            page = await fred.look(fred.home())
            assert page.status_code in (500, 502, 503), page.status_code
            return page.text if "code 3" in page.text else ""

        page = await until(has_failed)
        assert "the licence file is missing" in page
        assert hub.settings.token not in page
    assert await api.is_running("fred")


async def test_who_asks_for_a_server_that_cannot_start_is_told_soon(
    hub: RunningHub, api: HubApi
) -> None:
    """The Hub looks at the process when it has waited a little, before its time-out."""
    await api.add_user("zoe")
    options = {"options": ["--no-such-option=1"]}
    answer = await api.client.post("users/zoe/servers/", json=options)
    assert answer.status_code == 500
    log = hub.log()
    assert "no-such-option" in log
    assert "zoe's server never showed up" not in log


async def test_the_progress_of_a_start_ends_with_the_address(hub: RunningHub, api: HubApi) -> None:
    await api.ask_for("pia")
    events = [event async for event in api.progress("pia")]
    assert events[-1]["ready"] is True
    assert events[-1]["url"] == "/hub-prefix/user/pia/"


async def test_the_command_line_lists_a_server_behind_the_hub(hub: RunningHub, api: HubApi) -> None:
    await api.start("cli")
    token = await api.token("cli", "access:servers!server=cli/")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "jupyter_server_proxy.cli", "list", "--json"),
        *("--url", f"{hub.url}user/cli/", "--token", token),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert [it["state"] for it in json.loads(output)["servers"]] == ["stopped"]
