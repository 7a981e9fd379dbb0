"""What the metrics say when services come and go, drain, and cannot be measured."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_server_proxy.handlers import metrics
from jupyter_server_proxy.handlers.catalog import Entry, Source
from jupyter_server_proxy.handlers.metrics import PREFIX, Collector
from jupyter_server_proxy.handlers.runtime import Runtime
from jupyter_server_proxy.processes.durations import Durations
from jupyter_server_proxy.processes.tree import TreeMeter, TreeUse
from jupyter_server_proxy.rules.lifecycle import State

LOG = logging.getLogger("tests.metrics")


def supervisor(*durations: float, starts: int = 0, **more: Any) -> Any:
    noted = Durations()
    for seconds in durations:
        noted.note(seconds)
    facts = {
        "state": State.READY,
        "is_draining": False,
        "pid": None,
        "generation": starts,
        "failures": 1,
        "restarts": 2,
        "durations": noted,
        "subscribe": lambda callback: lambda: None,
    }
    return SimpleNamespace(**{**facts, **more})


def entry(name: str, instance: str | None = None, **facts: Any) -> Entry:
    return Entry(name, Source.RUNTIME, supervisor=supervisor(**facts), instance=instance)


@pytest.fixture
def runtime() -> Runtime:
    return Runtime(LOG)


@pytest.fixture
def collector(runtime: Runtime) -> Collector:
    collector = Collector()
    collector.show(runtime)
    return collector


def values(collector: Collector) -> dict[tuple[str, ...], float]:
    return {
        (sample.name.removeprefix(PREFIX), *sample.labels.values()): sample.value
        for metric in collector.collect()
        for sample in metric.samples
    }


def test_what_a_removed_instance_has_done_stays_with_its_service(
    runtime: Runtime, collector: Collector
) -> None:
    runtime.catalog.add(entry("app", starts=3))
    for instance, starts in (("a", 5), ("b", 7)):
        removed = entry("app", instance, starts=starts)
        removed.supervisor.durations.note(0.2)
        runtime.catalog.add(removed)
    before = values(collector)
    assert before["starts_total", "app"] == 15
    assert before["state", "app", "ready"] == 3
    runtime.catalog.remove("app", "a")
    runtime.catalog.remove("app", "b")
    after = values(collector)
    assert after["state", "app", "ready"] == 1
    for name in ("starts_total", "failures_total", "restarts_total", "start_seconds_count"):
        assert after[name, "app"] == before[name, "app"], name
    assert after["start_seconds_bucket", "app", "0.25"] == 2
    assert values(collector) == after


def test_it_goes_with_its_service(runtime: Runtime, collector: Collector) -> None:
    runtime.catalog.add(entry("app", starts=3))
    runtime.catalog.add(entry("app", "a", starts=5))
    runtime.catalog.remove("app", "a")
    runtime.catalog.remove("app")
    assert ("starts_total", "app") not in values(collector)
    runtime.catalog.add(entry("app", starts=1))
    assert values(collector)["starts_total", "app"] == 1


def test_an_instance_that_leaves_after_its_service_is_not_remembered(
    runtime: Runtime, collector: Collector
) -> None:
    runtime.catalog.add(entry("app"))
    runtime.catalog.add(entry("app", "a", starts=5))
    runtime.catalog.remove("app")
    runtime.catalog.remove("app", "a")
    assert ("starts_total", "app") not in values(collector)


def test_what_drains_is_stopping_as_the_api_says(runtime: Runtime, collector: Collector) -> None:
    runtime.catalog.add(entry("app", is_draining=True))
    told = values(collector)
    assert (told["state", "app", "stopping"], told["state", "app", "ready"]) == (1, 0)


async def a_look(collector: Collector) -> None:
    """Ask, and wait until what that has begun is over."""
    collector.collect()
    tasks = [task for task in asyncio.all_tasks() if task.get_name() == "server-proxy metrics"]
    await asyncio.gather(*tasks)


async def test_a_measurement_that_fails_is_logged_once_and_hides_nothing_else(
    runtime: Runtime,
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    runtime.catalog.add(entry("app", pid=1, starts=1))
    is_broken = False

    async def measure(self: TreeMeter, pids: Any) -> dict[int, TreeUse]:
        if is_broken:
            raise OSError("no /proc here")
        return {1: TreeUse(50.0, 1000)}

    monkeypatch.setattr(TreeMeter, "measure", measure)
    await a_look(collector)
    assert values(collector)["resident_memory_bytes", "app"] == 1000
    is_broken = True
    for _ in range(3):
        await a_look(collector)
        assert values(collector)["starts_total", "app"] == 1
        await a_look(collector)
    assert ("resident_memory_bytes", "app") not in values(collector)
    assert [record.exc_info is not None for record in caplog.records] == [True]
    assert "no /proc here" in caplog.text
    await runtime.close(grace=0)


async def test_a_measurement_ends_with_the_runtime(
    runtime: Runtime, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.catalog.add(entry("app", pid=1))
    asked = asyncio.Event()

    async def measure(self: TreeMeter, pids: Any) -> dict[int, TreeUse]:
        asked.set()
        await asyncio.Event().wait()
        return {}

    monkeypatch.setattr(TreeMeter, "measure", measure)
    monkeypatch.setattr("jupyter_server_proxy.handlers.runtime.CHORE_PATIENCE", 0.01)
    collector.collect()
    await asyncio.wait_for(asked.wait(), 5)
    await runtime.close(grace=0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_every_state_of_a_service_has_a_column(runtime: Runtime, collector: Collector) -> None:
    for state in State:
        runtime.catalog.add(entry(state.name, state=state))
    told = values(collector)
    for state in State:
        assert sum(told["state", state.name, column] for column in metrics.STATES) == 1
