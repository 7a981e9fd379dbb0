"""What happens to services is told to whoever follows, and to Jupyter's own event system."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import jsonschema
import psutil
import pytest
import yaml
from _harness.client import Client, connected, fetch
from _harness.jupyter import Jupyter
from _harness.message import PATIENCE

from jupyter_server_proxy.api.openapi import document
from jupyter_server_proxy.api.telemetry import SCHEMA_FILE, SCHEMA_ID

WEB = Path(__file__).parents[1] / "apps" / "web.py"
FLOOD = """
import itertools, sys
for n in itertools.count():
    print("line", n, "x" * 1000)
"""
JUPYTER_CONFIG = f"""
import logging
c.EventLogger.handlers = [logging.FileHandler(FOLDER + "/events.jsonl")]
child = [sys.executable, {str(WEB)!r}, "--port", "{{port}}"]
c.ServerProxy.servers = {{
    "app": {{"command": child + ["--say", "hello"]}},
    "failing": {{"command": ["sh", "-c", "echo so bad; exit 3"], "restart": "never"}},
    "flooding": {{"command": [{sys.executable!r}, "-c", {FLOOD!r}], "readiness": {{"log": "9"}}}},
    **{{f"idle {{n}}": {{"command": child}} for n in range(50)}},
}}
"""
API = "/server-proxy/api/"


class Events:
    """A stream of events as a browser reads it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._text = ""

    async def next(self) -> tuple[str, Any]:
        """The next event; comments are none."""
        while True:
            while "\n\n" not in self._text:
                self._text += (await self.client.chunk()).decode()
            block, _, self._text = self._text.partition("\n\n")
            fields = dict(line.split(": ", 1) for line in block.splitlines())
            if "event" in fields:
                return fields["event"], json.loads(fields["data"])

    async def of(self, name: str, count: int) -> list[Any]:
        """The next events about one service."""
        found: list[Any] = []
        while len(found) < count:
            _, data = await self.next()
            found += [data] if data["name"] == name else []
        return found


def token(jupyter: Jupyter) -> list[tuple[str, str]]:
    return [("Authorization", f"token {jupyter.token}"), ("Cookie", "")]


@asynccontextmanager
async def following(jupyter: Jupyter, path: str) -> Any:
    async with connected(jupyter) as client:
        await client.ask("GET", API + path, token(jupyter))
        head = await client.head()
        assert (head.status, head.get("Content-Type")) == (200, b"text/event-stream")
        assert (head.get("Cache-Control"), head.get("X-Accel-Buffering")) == (b"no-store", b"no")
        yield Events(client)


async def command(jupyter: Jupyter, path: str) -> int:
    answer = await fetch(jupyter, API + path, method="POST", body=b"", fields=token(jupyter))
    return answer.status


def validate(schema: str, facts: Any) -> None:
    schemas = document()["components"]["schemas"]
    whole = {**schemas[schema], "components": {"schemas": schemas}}
    jsonschema.Draft202012Validator(whole).validate(facts)


async def test_everybody_is_told_of_every_change(jupyter: Jupyter) -> None:
    async with following(jupyter, "events") as one, following(jupyter, "events") as other:
        name, data = await one.next()
        assert (name, len(data["servers"])) == ("servers", 53)
        validate("Servers", data)
        await other.next()
        assert (await fetch(jupyter, "/app/")).status == 200
        assert await command(jupyter, "servers/app/stop") == 200
        told = await one.of("app", 4)
        assert [(event["before"], event["state"]) for event in told] == [
            ("stopped", "starting"),
            ("starting", "ready"),
            ("ready", "stopping"),
            ("stopping", "stopped"),
        ]
        for event in told:
            validate("StateEvent", event)
        assert told[-1]["stopped_by"] == "person"
        assert await other.of("app", 4) == told


async def test_a_failure_is_told_with_its_reason(jupyter: Jupyter) -> None:
    async with following(jupyter, "events") as events:
        await events.next()
        assert await command(jupyter, "servers/failing/start") == 503
        _, failed = await events.of("failing", 2)
        assert failed["state"] == "failed"
        assert failed["last_failure"]["words"] == "exited with code 3"
        assert failed["last_failure"]["output"][-1] == "so bad"


async def test_a_log_is_followed_while_the_service_comes_and_goes(jupyter: Jupyter) -> None:
    async with following(jupyter, "servers/app/log?follow&tail=0") as log:
        assert await log.next() == ("lines", {"lines": []})
        for _ in range(2):
            assert await command(jupyter, "servers/app/restart") == 200
            assert await log.next() == ("lines", {"lines": ["hello"]})


async def test_browsers_get_the_stream_by_asking_for_it(jupyter: Jupyter) -> None:
    """`EventSource` says what it accepts."""
    async with connected(jupyter) as client:
        fields = [*token(jupyter), ("Accept", "text/event-stream")]
        await client.ask("GET", API + "servers/failing/log", fields)
        assert (await client.head()).get("Content-Type") == b"text/event-stream"
        assert (await Events(client).next())[0] == "lines"


async def test_a_flood_reaches_a_reader_as_far_as_it_can_and_holds_up_nobody(
    jupyter: Jupyter,
) -> None:
    async with (
        following(jupyter, "servers/flooding/log?follow") as reader,
        following(jupyter, "servers/flooding/log?follow") as _sleeper,
    ):
        assert await command(jupyter, "servers/flooding/start?wait=false") == 202
        left_out = numbers = 0
        while not left_out or not numbers:
            name, data = await reader.next()
            assert name == "lines"
            numbers += sum(line.startswith("line ") for line in data["lines"])
            left_out += data.get("left_out", 0)
            await asyncio.sleep(0.05)
        before = time.monotonic()
        for _ in range(10):
            assert (await fetch(jupyter, API + "servers/app", fields=token(jupyter))).status == 200
        assert time.monotonic() - before < 5
        assert jupyter.rss() < 400 * 1024 * 1024
        assert await command(jupyter, "servers/flooding/stop") == 200


@pytest.mark.parametrize("followers", [0, 20])
async def test_fifty_services_that_do_not_run_cost_nothing(
    jupyter: Jupyter, followers: int
) -> None:
    process = psutil.Process(jupyter.pid)
    async with AsyncExitStack() as stack:
        for _ in range(followers):
            events = await stack.enter_async_context(following(jupyter, "events"))
            await events.next()
        before = sum(process.cpu_times()[:2])
        await asyncio.sleep(2)
        spent = sum(process.cpu_times()[:2]) - before
    # Jupyter itself looks after its kernels now and then.
    assert spent <= 0.06


async def test_jupyters_event_system_is_told(jupyter: Jupyter) -> None:
    assert await command(jupyter, "servers/failing/stop") == 200
    assert await command(jupyter, "servers/failing/start") == 503
    written = jupyter.folder / "events.jsonl"
    events: list[Any] = []
    deadline = time.monotonic() + PATIENCE
    while not events or events[-1]["after"] != "failed":
        assert time.monotonic() < deadline, events
        lines = (await asyncio.to_thread(written.read_text)).splitlines()
        events = [event for event in map(json.loads, lines) if event["__schema__"] == SCHEMA_ID]
    schema = yaml.safe_load(await asyncio.to_thread(SCHEMA_FILE.read_text))
    for event in events:
        jsonschema.validate(event, schema)
    starting, failed = events[-2:]
    assert (starting["service"], starting["before"]) == ("failing", "stopped")
    assert failed["failure"] == "it exited with code 3 before it was ready"
    assert failed["generation"] == starting["generation"]
    assert "so bad" not in json.dumps(events)
