"""What applications write: kept, shown, passed on as the admin says, and never in anybody's way."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _harness.client import fetch
from _harness.jupyter import Jupyter
from _harness.message import PATIENCE
from conftest import MakeJupyter

WEB = str(Path(__file__).parents[1] / "apps" / "web.py")
# 256 MB as fast as they can be written; then it says how long that took, and serves.
FLOOD = f"""
import os, sys, time
line = b"x" * 99 + b"\\n"
block = line * 10000
began = time.monotonic()
for _ in range(256):
    view = memoryview(block)
    while view:
        view = view[os.write(1, view):]
print("flooded", flush=True)
exec(open({WEB!r}).read())
"""
JUPYTER_CONFIG = f"""
web = [sys.executable, {WEB!r}, "--port", "{{port}}", "--say"]
c.ServerProxy.output_log_level = "WARNING"
c.ServerProxy.servers = {{
    "as-all": {{"command": [*web, "said by as-all"]}},
    "loud": {{"command": [*web, "said by loud"], "output_log_level": "ERROR"}},
    "off": {{"command": [*web, "said by off"], "output_log_level": "OFF"}},
    "full": {{"command": [*web, "said by full"], "log_file": "/dev/full"}},
    "flooding": {{
        "command": [sys.executable, "-c", {FLOOD!r}, "--port", "{{port}}"],
        "log_file": FOLDER + "/flood.log",
    }},
    "never-run": {{"command": web}},
}}
"""


async def log(jupyter: Jupyter, name: str) -> dict[str, Any]:
    response = await fetch(jupyter, f"/server-proxy/api/servers/{name}/log")
    assert response.status == 200
    return dict(json.loads(response.body))


async def log_when(
    jupyter: Jupyter, name: str, is_so: Callable[[list[str]], bool]
) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while not is_so((known := await log(jupyter, name))["lines"]):
        assert time.monotonic() < deadline, known["lines"][-5:]
        await asyncio.sleep(0.05)
    return known


def written(path: str) -> str:
    return Path(path).read_text()


def size_of_all(path: str) -> int:
    """Of the log file and the older ones beside it."""
    files = Path(path).parent.glob(f"{Path(path).name}*")
    return sum(file.stat().st_size for file in files)


def logged(jupyter: Jupyter, text: str) -> list[str]:
    return [line for line in jupyter.log().splitlines() if text in line]


async def test_the_level_is_the_admins_for_all_and_for_each(jupyter) -> None:
    for name in ("as-all", "loud", "off"):
        await fetch(jupyter, f"/{name}/")
        known = await log_when(jupyter, name, bool)
        assert known["lines"] == [f"said by {name}"]
        assert written(known["file"]) == f"said by {name}\n"
    assert [line[:3] for line in logged(jupyter, "as-all: said by as-all")] == ["[W "]
    assert [line[:3] for line in logged(jupyter, "loud: said by loud")] == ["[E "]
    # Its command is there, what it said is not.
    assert not logged(jupyter, "off: said by off")


async def test_a_full_disk_costs_the_file_only_and_is_told_once(jupyter) -> None:
    assert (await fetch(jupyter, "/full/")).status == 200
    known = await log_when(jupyter, "full", bool)
    assert known["lines"] == ["said by full"]
    assert (await fetch(jupyter, "/full/")).status == 200
    assert len(logged(jupyter, "/dev/full cannot be written: No space left on device")) == 1


async def test_a_flood_holds_up_nobody_and_takes_no_room(jupyter) -> None:
    await fetch(jupyter, "/as-all/")
    rss = jupyter.rss()
    flooding = asyncio.create_task(fetch(jupyter, "/flooding/"))
    answered = 0
    while not flooding.done():
        assert (await fetch(jupyter, "/as-all/")).status == 200
        answered += 1
    assert (await flooding).status == 200
    assert answered > 0
    known = await log_when(jupyter, "flooding", lambda lines: "flooded" in lines[-3:])
    assert "MB of output left out: too much at once" in written(known["file"])
    assert size_of_all(known["file"]) < 17_000_000
    # 256 MB went by; what is remembered is 1 MiB.
    assert jupyter.rss() - rss < 60_000_000


async def test_the_log_of_one_that_never_ran_is_empty(jupyter) -> None:
    assert await log(jupyter, "never-run") == {"lines": [], "file": None}


def logging_to(folder: Path) -> str:
    """The configuration of a server whose runtime directory has `folder` for logs, as that of
    another server of the same person has."""
    return f"""{JUPYTER_CONFIG}
import os
runtime = os.environ["JUPYTER_RUNTIME_DIR"]
os.makedirs(runtime, exist_ok=True)
os.symlink({str(folder)!r}, os.path.join(runtime, "server-proxy"))
"""


async def test_two_servers_of_one_person_do_not_share_a_log_file(
    jupyter: Jupyter, make_own_jupyter: MakeJupyter
) -> None:
    other = make_own_jupyter(logging_to(jupyter.folder / "runtime" / "server-proxy"))
    files = []
    for server in (jupyter, other):
        await fetch(server, "/loud/")
        files.append(Path((await log_when(server, "loud", bool))["file"]))
    assert [file.name for file in files] == ["loud.log", "loud+2.log"]
    assert [file.read_text() for file in files] == ["said by loud\n"] * 2


async def test_how_long_a_start_usually_takes_is_known_after_a_restart(
    make_own_jupyter: MakeJupyter, tmp_path: Path
) -> None:
    config = logging_to(tmp_path)
    first = make_own_jupyter(config)
    assert await usual_start(first) is None
    assert (await fetch(first, "/loud/")).status == 200
    known = await usual_start(first)
    assert known is not None
    first.stop()
    second = make_own_jupyter(config)
    assert await usual_start(second) == pytest.approx(known, abs=0.001)


async def usual_start(jupyter: Jupyter) -> float | None:
    facts = await fetch(jupyter, "/server-proxy/api/servers/loud")
    found: float | None = json.loads(facts.body)["usual_start"]
    return found
