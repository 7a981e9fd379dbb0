from __future__ import annotations

import asyncio
import logging

import pytest

from jupyter_server_proxy.processes.guardian import Guardian
from jupyter_server_proxy.processes.registry import Registry
from jupyter_server_proxy.rules.lifecycle import State

LOG = logging.getLogger("tests.registry")


@pytest.fixture
def registry() -> Registry:
    return Registry(guardian=Guardian(log=LOG), log=LOG)


def test_services_keep_their_order_and_names_are_theirs_alone(registry, make_supervisor) -> None:
    for name in ("b", "a"):
        registry.add(make_supervisor(["true"], name=name))
    assert registry.names() == ["b", "a"]
    assert [supervisor.name for supervisor in registry] == ["b", "a"]
    assert registry.get("a").name == "a"
    assert registry.get("c") is None
    with pytest.raises(ValueError, match="'a' already"):
        registry.add(make_supervisor(["true"], name="a"))


async def test_autostart_starts_only_who_asks_for_it_and_failures_stay_in_the_log(
    registry, make_supervisor, app, caplog
) -> None:
    good = make_supervisor(app("web.py"), name="good", autostart=True)
    bad = make_supervisor(["no-such-program"], name="bad", autostart=True)
    idle = make_supervisor(app("web.py"), name="idle")
    for supervisor in (good, bad, idle):
        registry.add(supervisor)
    registry.start_automatic()
    await asyncio.wait_for(good.ensure_ready(), 20)
    assert bad.last_failure is not None
    assert idle.state is State.STOPPED
    assert "bad: autostart failed" in caplog.text
    await registry.close_all(grace=1)
    assert {supervisor.state for supervisor in registry} == {State.CLOSED}


async def test_a_removed_service_is_closed(registry, make_supervisor) -> None:
    supervisor = make_supervisor(["true"])
    registry.add(supervisor)
    await registry.remove("app")
    assert supervisor.is_closed
    assert registry.names() == []
