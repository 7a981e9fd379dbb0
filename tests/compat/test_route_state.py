"""The route's `state`, into which other packages reach: to see the process, to stop it, to have a
new one started."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from _harness.client import connected, fetch
from _harness.jupyter import Jupyter, start_jupyter

APPS = Path(__file__).parent / "apps"
CONFIG = f"""
sys.path.insert(0, {str(APPS)!r})
TOLD = [{sys.executable!r}, {str(APPS / "told.py")!r}, "--port", "{{port}}"]
import reaching
reaching.COMMAND = TOLD
c.ServerProxy.servers = {{
    "reached": {{"command": TOLD}},
    "socket": {{
        "command": [*TOLD[:2], "--unix", "{{unix_socket}}"], "unix_socket": True,
    }},
    "stubborn": {{
        "command": [{sys.executable!r}, {str(APPS / "stubborn.py")!r}, "{{port}}"],
        "stop_timeout": 60,
    }},
    "unmanaged": {{"command": lambda: []}},
}}
"""
NAVIGATES = [("Sec-Fetch-Mode", "navigate")]
BOTH = pytest.mark.parametrize("name", ["reached", "supervised"])


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    server = start_jupyter(
        tmp_path_factory.mktemp("jupyter"), CONFIG, extensions={"reaching": True}
    )
    yield server
    server.stop()


async def reach(jupyter: Jupyter, name: str, deed: str) -> Any:
    answer = await fetch(jupyter, f"/reach/{name}/{deed}", method="POST", body=b"")
    assert answer.status == 200, answer.body.decode()
    return json.loads(answer.body)


async def found(jupyter: Jupyter, name: str, deed: str) -> Any:
    return (await reach(jupyter, name, deed))["found"]


async def pid_of(jupyter: Jupyter, name: str) -> int:
    answer = await fetch(jupyter, f"/{name}/x", fields=NAVIGATES)
    assert answer.status == 200, answer.body.decode()
    return int(json.loads(answer.body)["pid"])


def has_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@BOTH
async def test_a_package_sees_and_restarts_the_process(jupyter: Jupyter, name: str) -> None:
    await fetch(jupyter, f"/{name}/x")
    await reach(jupyter, name, "restart")
    assert await found(jupyter, name, "health") is False
    first = await pid_of(jupyter, name)
    assert await found(jupyter, name, "health") is True
    await reach(jupyter, name, "restart")
    assert has_gone(first)
    assert await found(jupyter, name, "health") is False
    second = await pid_of(jupyter, name)
    assert second != first
    assert await found(jupyter, name, "health") is True


async def test_the_state_of_a_fresh_route_has_no_process_yet(jupyter: Jupyter) -> None:
    reached = await reach(jupyter, "unmanaged", "health")
    assert reached["found"] is False
    assert "proc" not in reached["state"]


@BOTH
async def test_the_process_can_be_looked_at(jupyter: Jupyter, name: str) -> None:
    pid = await pid_of(jupyter, name)
    port = json.loads((await fetch(jupyter, f"/{name}/")).body)["port"]
    assert await found(jupyter, name, "look") == {
        "name": name if name == "reached" else "process",
        "running": True,
        "pid": pid,
        "inner_pid": pid,
        "returncode": None,
        "promise_done": False,
        "port": port,
        "unix_socket": None,
    }


async def test_a_unix_socket_is_in_the_state(jupyter: Jupyter) -> None:
    child = json.loads((await fetch(jupyter, "/socket/")).body)
    state = (await reach(jupyter, "socket", "health"))["state"]
    assert state["unix_socket"] == child["unix"]
    assert "port" not in state


@BOTH
@pytest.mark.parametrize("deed", ["terminate", "kill"])
async def test_the_process_can_be_stopped(jupyter: Jupyter, name: str, deed: str) -> None:
    pid = await pid_of(jupyter, name)
    await reach(jupyter, name, deed)
    assert has_gone(pid)
    seen = await found(jupyter, name, "look")
    assert (seen["running"], seen["pid"]) == (False, pid)
    assert seen["returncode"] in ((-15,) if deed == "terminate" else (-15, -9))
    assert seen["promise_done"] is True
    assert await pid_of(jupyter, name) != pid
    assert (await found(jupyter, name, "look"))["running"] is True


@BOTH
async def test_whoever_deletes_the_process_gets_a_new_one(jupyter: Jupyter, name: str) -> None:
    pid = await pid_of(jupyter, name)
    await reach(jupyter, name, "delete")
    pids = await asyncio.gather(*(pid_of(jupyter, name) for _ in range(5)))
    assert len(set(pids)) == 1
    assert pids[0] != pid
    assert has_gone(pid)


@BOTH
@pytest.mark.parametrize("code", [0, 4])
async def test_the_end_of_the_process_can_be_waited_for(
    jupyter: Jupyter, name: str, code: int
) -> None:
    await pid_of(jupyter, name)
    waiting = asyncio.create_task(found(jupyter, name, "wait"))
    await found(jupyter, name, "look")
    await fetch(jupyter, f"/{name}/exit/{code}")
    assert await waiting == code
    await pid_of(jupyter, name)


async def test_a_package_may_forgo_the_restart(jupyter: Jupyter) -> None:
    pid = await pid_of(jupyter, "reached")
    assert await found(jupyter, "reached", "forgo") == [True, True, False]
    waiting = asyncio.create_task(found(jupyter, "reached", "wait"))
    await fetch(jupyter, "/reached/exit/5")
    assert await waiting == 5
    seen = await found(jupyter, "reached", "look")
    assert (seen["running"], seen["pid"]) == (False, pid)


async def test_terminate_and_kill_of_a_process_that_does_not_go(jupyter: Jupyter) -> None:
    pid = await pid_of(jupyter, "stubborn")
    await reach(jupyter, "stubborn", "impatient")
    assert has_gone(pid)
    assert (await found(jupyter, "stubborn", "look"))["returncode"] == -9


@BOTH
async def test_a_package_may_start_it_while_it_holds_the_lock(jupyter: Jupyter, name: str) -> None:
    pid = await pid_of(jupyter, name)
    assert await found(jupyter, name, "start_again") == [False, True, False, True]
    assert await pid_of(jupyter, name) != pid


@BOTH
async def test_nothing_is_started_while_a_package_holds_the_lock(
    jupyter: Jupyter, name: str
) -> None:
    pid = await pid_of(jupyter, name)
    await reach(jupyter, name, "hold")
    # A service that is ready does not ask for the lock.
    assert await pid_of(jupyter, name) == pid
    await reach(jupyter, name, "terminate")
    waiting = [asyncio.create_task(pid_of(jupyter, name)) for _ in range(3)]
    async with connected(jupyter) as gone:
        await gone.ask("GET", f"/{name}/leaves")
    while await found(jupyter, name, "count_waiters") == 0:
        pass
    assert await found(jupyter, name, "health") is False
    assert not any(task.done() for task in waiting)
    await reach(jupyter, name, "release")
    assert len(set(await asyncio.gather(*waiting))) == 1


async def test_a_route_keeps_the_very_state_it_was_given(jupyter: Jupyter) -> None:
    await pid_of(jupyter, "supervised")
    state = (await reach(jupyter, "supervised", "health"))["state"]
    assert {"proc", "proc_lock", "port", "unix_socket"} <= state.keys()


async def test_an_unmanaged_service_says_so(jupyter: Jupyter) -> None:
    assert (await fetch(jupyter, "/unmanaged/")).status == 503
    state = (await reach(jupyter, "unmanaged", "health"))["state"]
    assert state["proc"] == "process not managed by jupyter-server-proxy"
