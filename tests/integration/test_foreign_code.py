"""Code of packages and configuration files that fails, blocks or talks: it is named, and only
what is its own is lost.

The packages are real ones in a folder on Jupyter's import path.
"""

from __future__ import annotations

import asyncio
import json
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from _harness.backend import Backend, listening
from _harness.client import connected, fetch
from _harness.jupyter import Jupyter, start_jupyter
from _harness.upgrades import WEBSOCKET

GROUP = "jupyter_serverproxy_servers"
CONFIG = """
import os
from jupyter_server_proxy.config import ServerProcess
os.environ["BACKEND_PORT"] = str(PORTS["app"])

class Careless(ServerProcess):
    def make_proxy_handler(self):
        raise RuntimeError("no licence")

def from_the_config_file(path):
    return 1 / 0

def refuses(handler, host):
    if host == "localhost":
        raise OSError("who knows")
    return host == "127.0.0.1"

c.ServerProxy.host_allowlist = refuses
c.ServerProxy.servers = {
    "configured": {"port": PORTS["app"], "mappath": from_the_config_file},
    "careless": Careless(),
    "unreachable": {"mappath": from_the_config_file},
}
"""

FAULTY = """
    mappath mappath_later mappath_number headers headers_number headers_list headers_brace
    rewriting activity activity_later slow command command_number environment_number readiness
"""
# Each package: the source of its module, None for a wheel that lacks it; and its entry points.
PACKAGES: dict[str, tuple[str | None, dict[str, str]]] = {
    "fine-proxy": ("def f(): return {'port': PORT}", {"fine": "f"}),
    "no-module-proxy": (None, {"no-module": "f"}),
    "leaving-proxy": ("import sys; sys.exit('no program')", {"leaving": "f"}),
    "listing-proxy": ("def f(): return ['x']", {"listing": "f"}),
    "talking-proxy": (
        "print('on import')\ndef f():\n    print('when asked')\n    return {'port': PORT}",
        {"talking": "f"},
    ),
    "sleeping-proxy": (
        "import time\ndef f():\n    time.sleep(1.1)\n    return {'port': PORT}",
        {"sleeping": "f"},
    ),
    "odd-proxy": (
        """
        class Odd(dict):
            def get(self, *_): raise OSError('odd')
        def f(): return {'port': PORT, 5: 6, None: 7}
        def g(): return Odd(port=PORT)
        """,
        {"odd-keys": "f", "odd": "g"},
    ),
    "wrong-proxy": (
        "def f(): return {'command': ['x', None], 'launcher_entry': {'title': 5}}",
        {"wrong": "f"},
    ),
    "faulty-proxy": (
        """
        import time
        def breaks(): raise KeyError('licence')
        async def breaks_later(path): raise KeyError('licence')
        def number(): return 5
        def secret(): return {'Authorization': ['s3cret']}
        def brace(): return {'Authorization': 's3cret {'}
        def environment(): return {'KEY': 5}
        def blocks(path):
            time.sleep(0.6)
            return path
        async def never(url): raise OSError('not ' + 'yet')
        def spoils(response): response.body = 's3cret'
        def counts(handler): return breaks()
        async def counts_later(handler): return handler.path.endswith('yes')
        def to(**more): return lambda: {'port': PORT, **more}
        def run(**more): return lambda: {'command': ['true'], **more}
        mappath = to(mappath=lambda path: breaks())
        mappath_later = to(mappath=breaks_later)
        mappath_number = to(mappath=lambda path: number())
        headers = to(request_headers_override=breaks)
        headers_number = to(request_headers_override=number)
        headers_list = to(request_headers_override=secret)
        headers_brace = to(request_headers_override=brace)
        rewriting = to(rewrite_response=spoils)
        activity = to(update_last_activity=counts)
        activity_later = to(update_last_activity=counts_later)
        slow = to(mappath=blocks)
        command = run(command=breaks)
        command_number = run(command=number)
        environment_number = run(environment=environment)
        readiness = run(command=['sleep', '60'], readiness=never, timeout=0.5)
        """,
        {name.replace("_", "-"): name for name in FAULTY.split()},
    ),
}


def install(folder: Path) -> None:
    for package, (source, offers) in PACKAGES.items():
        module = package.replace("-", "_")
        if source is not None:
            port = "import os\nPORT = int(os.environ['BACKEND_PORT'])\n"
            (folder / f"{module}.py").write_text(port + textwrap.dedent(source))
        info = folder / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = [f"{name} = {module}:{target}" for name, target in offers.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines]))


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    packages = tmp_path_factory.mktemp("packages")
    install(packages)
    server = start_jupyter(
        tmp_path_factory.mktemp("jupyter"),
        CONFIG,
        ports=("app",),
        env={"PYTHONPATH": str(packages)},
    )
    yield server
    server.stop()


@pytest.fixture
async def app(jupyter: Jupyter) -> AsyncIterator[Backend]:
    async with listening(at=jupyter.sockets["app"]) as backend:
        backend.answer_with()
        yield backend


def lines_about(jupyter: Jupyter, *pieces: str) -> list[str]:
    return [line for line in jupyter.log().splitlines() if all(p in line for p in pieces)]


# --- while Jupyter starts -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fine", "talking", "sleeping", "odd-keys", "odd"])
async def test_all_that_can_work_works(jupyter, app, name):
    assert (await fetch(jupyter, f"/{name}/")).body == b"hello"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no-module", "of package no-module-proxy: entry point: no_module_proxy:f raised Mod"),
        ("leaving", "of package leaving-proxy: entry point: leaving_proxy:f raised SystemExit: no"),
        ("listing", "of package listing-proxy: entry point: listing_proxy:f raised TypeError: it"),
        ("wrong", "of package wrong-proxy: command: must be a list of strings"),
        ("wrong", "of package wrong-proxy: launcher_entry.title: must be a string"),
        ("careless", "make_proxy_handler: Careless.make_proxy_handler() raised RuntimeError: no l"),
        ("unreachable", "command: is missing"),
    ],
)
async def test_what_cannot_work_is_left_out_and_its_package_is_named(jupyter, app, name, said):
    answer = await fetch(jupyter, f"/{name}/x", fields=[("Accept", "application/json")])
    assert (answer.status, json.loads(answer.body)["detail"].partition(":")[0]) == (500, name)
    (line,) = lines_about(jupyter, f"service {name!r}", said)
    assert line.endswith("; this service is left out")


async def test_only_what_works_is_offered(jupyter):
    response = await fetch(jupyter, "/server-proxy/servers-info")
    names = {process["name"] for process in json.loads(response.body)["server_processes"]}
    assert {"fine", "talking", "odd", "slow"} <= names
    assert not {"wrong", "careless", "leaving", "no-module"} & names


def test_a_package_that_keeps_jupyter_waiting_is_named(jupyter):
    (line,) = lines_about(jupyter, "by which Jupyter started later")
    assert (
        "service 'sleeping' of package sleeping-proxy: entry point: sleeping_proxy:f took " in line
    )


def test_keys_that_mean_nothing_are_named_with_the_package(jupyter):
    assert lines_about(jupyter, "service 'odd-keys' of package odd-proxy: unknown key '5' is ign")


# --- while it runs --------------------------------------------------------------------------

OF = "of package faulty-proxy"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mappath", f"mappath: <lambda>() {OF} raised KeyError"),
        ("mappath-later", f"mappath: breaks_later() {OF} raised KeyError: 'licence'"),
        ("mappath-number", f"<lambda>() {OF} returned int, not a string"),
        ("headers", f"request_headers_override: breaks() {OF} raised KeyError: 'licence'"),
        ("headers-number", f"request_headers_override: number() {OF} returned int, not a dictio"),
        ("headers-list", f"secret() {OF} returned list for 'Authorization', not a string"),
        ("headers-brace", "request_headers_override: the value of 'Authorization' has a brace"),
        ("rewriting", f"rewrite_response: spoils() {OF} raised TraitError"),
    ],
)
async def test_a_request_that_a_callable_spoils_names_it(jupyter, app, name, said):
    """In the page, in the problem document and in the log; the application never noticed."""
    page, problem = [
        await fetch(jupyter, f"/{name}/", fields=[("Accept", accept)])
        for accept in ("text/html", "application/json")
    ]
    assert (page.status, problem.status) == (500, 500)
    detail = json.loads(problem.body)["detail"]
    assert said in detail
    assert f"service {name!r}: " in detail
    assert lines_about(jupyter, f"service {name!r}", said)
    assert b"s3cret" not in page.body + problem.body
    jupyter.expected_tracebacks += "raised" in said  # where, is in the log once


async def test_the_administrators_own_function_is_no_packages(jupyter, app):
    problem = await fetch(jupyter, "/configured/", fields=[("Accept", "application/json")])
    said = "service 'configured': mappath: from_the_config_file() raised ZeroDivisionError"
    assert said in json.loads(problem.body)["detail"]
    jupyter.expected_tracebacks += 1


async def test_an_allowlist_that_raises_is_named(jupyter, app):
    allowed = await fetch(jupyter, f"/proxy/127.0.0.1:{app.port}/")
    refused = await fetch(jupyter, f"/proxy/localhost:{app.port}/")
    assert (allowed.status, refused.status) == (200, 500)
    assert lines_about(jupyter, "host_allowlist: refuses() raised OSError: who knows")
    jupyter.expected_tracebacks += 1


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("command", 503, f"command: breaks() {OF} raised KeyError: 'licence'"),
        ("command-number", 503, f"must be a list of strings, not 5 (returned by number() {OF}"),
        ("environment-number", 503, "environment: 'KEY' must be a string, not int (returned by "),
        ("readiness", 504, ""),
    ],
)  # fmt: skip
async def test_a_start_that_a_callable_spoils_names_it(jupyter, name, status, said):
    problem = await fetch(jupyter, f"/{name}/", fields=[("Accept", "application/json")])
    assert problem.status == status
    assert said in json.loads(problem.body)["detail"]
    jupyter.expected_tracebacks += "raised" in said


async def test_a_readiness_that_raises_is_told_with_its_package(jupyter):
    await fetch(jupyter, "/readiness/")
    assert lines_about(jupyter, f"readiness: not ready: never() {OF} raised OSError: not yet")


async def test_what_counts_as_activity_may_fail_or_take_its_time(jupyter, app):
    assert (await fetch(jupyter, "/activity/")).body == b"hello"
    assert lines_about(jupyter, f"update_last_activity: counts() {OF} raised")
    jupyter.expected_tracebacks += 1
    assert (await fetch(jupyter, "/activity-later/no")).body == b"hello"
    assert (await fetch(jupyter, "/activity-later/yes")).body == b"hello"


async def test_who_holds_up_everybody_is_named_once(jupyter, app):
    for _ in range(2):
        assert (await fetch(jupyter, "/slow/")).body == b"hello"
    (line,) = lines_about(jupyter, "service 'slow': mappath: ", "held up Jupyter for")
    assert f"blocks() {OF} held up Jupyter for 0." in line


async def test_upgrades_are_no_exception(jupyter, app):
    async with connected(jupyter) as client:
        await client.ask("GET", "/mappath/", WEBSOCKET)
        assert (await client.response()).status == 500
    await asyncio.gather(*(fetch(jupyter, "/fine/") for _ in range(3)))
