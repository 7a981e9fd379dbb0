"""Jupyter's own `/metrics` tells how each service does."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from _harness.backend import listening
from _harness.client import fetch
from _harness.jupyter import Jupyter
from _harness.message import PATIENCE
from _harness.upgrades import tunnel
from prometheus_client.parser import text_string_to_metric_families

from jupyter_server_proxy.handlers.metrics import ALL, PREFIX

WEB = str(Path(__file__).parents[1] / "apps" / "web.py")
QUOTED = 'a "quoted\\name'
JUPYTER_PORTS = ("running",)
JUPYTER_CONFIG = f"""
web = [sys.executable, {WEB!r}, "--port", "{{port}}"]
c.ServerProxy.servers = {{
    "app": {{"command": web}},
    "crashing": {{"command": [*web, "--exit-with", "3"]}},
    "never": {{"command": web}},
    "shared": {{"command": web}},
    "running": {{"port": PORTS["running"]}},
    {QUOTED!r}: {{"command": web}},
}}
"""

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

Values = dict[tuple[str, ...], float]


async def metrics(jupyter: Jupyter) -> Values:
    """What is told now: values by the sample's name, the service and further labels."""
    response = await fetch(jupyter, "/metrics")
    assert response.status == 200
    return {
        (sample.name.removeprefix(PREFIX), sample.labels.pop("service"), *sample.labels.values()): (
            sample.value
        )
        for family in text_string_to_metric_families(response.body.decode())
        for sample in family.samples
        if sample.name.startswith(PREFIX)
    }


async def metrics_when(jupyter: Jupyter, is_so: Callable[[Values], bool]) -> Values:
    deadline = time.monotonic() + PATIENCE
    while not is_so(values := await metrics(jupyter)):
        assert time.monotonic() < deadline, values
        await asyncio.sleep(0.05)
    return values


async def test_a_service_that_is_used(jupyter) -> None:
    before = await metrics(jupyter)
    assert before["starts_total", "app"] == 0
    assert before["state", "app", "stopped"] == 1
    answer = await fetch(jupyter, "/app/secret-path?token=hunter2")
    pid = int(answer.body)
    after = await metrics(jupyter)
    assert after["starts_total", "app"] == after["start_seconds_count", "app"] == 1
    assert 0 < after["start_seconds_sum", "app"] < PATIENCE
    assert after["start_seconds_bucket", "app", "+Inf"] == 1
    assert (after["state", "app", "ready"], after["state", "app", "stopped"]) == (1, 0)
    assert after["requests_total", "app", "2xx"] == 1
    assert after["requests_total", "app", "5xx"] == 0
    assert after["from_application_bytes_total", "app"] > len(answer.body)
    assert after["to_application_bytes_total", "app"] > len("GET /secret-path HTTP/1.1")
    used = await metrics_when(jupyter, lambda v: ("resident_memory_bytes", "app") in v)
    rss = psutil.Process(pid).memory_info().rss
    assert used["resident_memory_bytes", "app"] == pytest.approx(rss, rel=0.5)
    assert used["processors_used", "app"] >= 0


async def test_a_crash_and_what_follows(jupyter) -> None:
    await fetch(jupyter, "/crashing/")
    await fetch(jupyter, "/crashing/exit")
    values = await metrics_when(jupyter, lambda v: v["restarts_total", "crashing"] == 1)
    assert values["failures_total", "crashing"] == 1
    assert values["starts_total", "crashing"] == 2
    # The request that killed it had no answer but ours.
    assert values["requests_total", "crashing", "5xx"] == 1


async def test_a_service_that_runs_already_has_requests_but_no_life(jupyter) -> None:
    async with listening(at=jupyter.sockets["running"]) as backend:
        backend.answer_with(NOT_FOUND)
        await fetch(jupyter, "/running/x")
        await fetch(jupyter, f"/proxy/{jupyter.sockets['running'].getsockname()[1]}/x")
        values = await metrics(jupyter)
    assert values["requests_total", "running", "4xx"] == 1
    assert values["requests_total", "proxy", "4xx"] == 1
    assert ("starts_total", "running") not in values


async def test_tunnels_are_counted_while_they_are_open(jupyter) -> None:
    async with listening(at=jupyter.sockets["running"]) as backend:
        before = await metrics(jupyter)
        sent = before.get(("to_application_bytes_total", "running"), 0)
        received = before.get(("from_application_bytes_total", "running"), 0)
        async with tunnel(jupyter, backend, "/running/ws") as both:
            await both.client.send(b"x" * 1000)
            assert await both.peer.read(1000) == b"x" * 1000
            await both.peer.send(b"y" * 3000)
            assert await both.client.read(3000) == b"y" * 3000
            values = await metrics(jupyter)
            assert values["open_tunnels", "running"] == 1
            assert values["to_application_bytes_total", "running"] - sent == 1000
            assert values["from_application_bytes_total", "running"] - received == 3000
        after = await metrics_when(jupyter, lambda v: v["open_tunnels", "running"] == 0)
        assert after["to_application_bytes_total", "running"] - sent == 1000
        assert after["requests_total", "running", "1xx"] == 1


async def test_instances_and_services_that_come_and_go(jupyter) -> None:
    async def post(path: str, body: dict[str, object]) -> None:
        fields = [("Authorization", f"token {jupyter.token}"), ("Content-Type", "application/json")]
        url = f"/server-proxy/api/servers{path}"
        answer = await fetch(
            jupyter, url, method="POST", fields=fields, body=json.dumps(body).encode()
        )
        assert answer.status == 201, answer.body

    await post("/shared/instances", {"instance": "a"})
    assert (await fetch(jupyter, "/shared/i/a/")).status == 200
    values = await metrics(jupyter)
    assert values["requests_total", "shared", "2xx"] == 1
    assert (values["state", "shared", "ready"], values["state", "shared", "stopped"]) == (1, 1)
    assert values["starts_total", "shared"] == 1
    login = [("Authorization", f"token {jupyter.token}")]
    path = "/server-proxy/api/servers/shared/instances/a"
    assert (await fetch(jupyter, path, method="DELETE", fields=login)).status == 204
    left = await metrics(jupyter)
    assert (left["state", "shared", "ready"], left["state", "shared", "stopped"]) == (0, 1)
    assert left["starts_total", "shared"] == left["start_seconds_count", "shared"] == 1

    port = jupyter.sockets["running"].getsockname()[1]
    await post("", {"name": "passing", "port": port})
    async with listening(at=jupyter.sockets["running"]) as backend:
        backend.answer_with()
        await fetch(jupyter, "/passing/")
    assert (await metrics(jupyter))["requests_total", "passing", "2xx"] == 1
    path = "/server-proxy/api/servers/passing"
    assert (await fetch(jupyter, path, method="DELETE", fields=login)).status == 204
    assert not [labels for labels in await metrics(jupyter) if labels[1] == "passing"]


async def test_labels_are_names_of_services_only(jupyter) -> None:
    await fetch(jupyter, "/app/hunter2?user=ann", fields=[("User-Agent", "curious")])
    response = await fetch(jupyter, "/metrics")
    ours = [line for line in response.body.decode().splitlines() if PREFIX in line]
    assert not [line for line in ours if "hunter2" in line or "ann" in line or "curious" in line]
    values = await metrics(jupyter)
    services = {labels[1] for labels in values}
    assert {"app", "never", QUOTED} <= services
    assert services <= {"app", "crashing", "never", "shared", "running", "proxy", QUOTED}
    named = {family.full_name for family in ALL}
    assert {line.split()[2] for line in ours if line.startswith("# TYPE")} == named


async def test_they_can_be_switched_off(make_own_jupyter) -> None:
    jupyter = make_own_jupyter(
        "c.ServerProxy.metrics = False\nc.ServerApp.authenticate_prometheus = False\n"
        "c.ServerProxy.servers = {'app': {'port': 1}}"
    )
    response = await fetch(jupyter, "/metrics")
    assert response.status == 200
    assert b"http_request_duration" in response.body
    assert PREFIX.encode() not in response.body
    assert (await fetch(jupyter, "/app/")).status == 502
