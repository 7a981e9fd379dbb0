"""What is listed, and who is told when it changes."""

from __future__ import annotations

import logging

import pytest

from jupyter_server_proxy.handlers.catalog import Added, Catalog, Entry, Removed, Source, StateOf
from jupyter_server_proxy.rules.service import Launcher, Service

LAUNCHER = Launcher(enabled=True, icon_path="", title="", path_info="", category="")


class FakeSupervisor:
    def __init__(self, name: str) -> None:
        self.name = name
        self.callbacks: list = []

    def subscribe(self, callback):
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)


@pytest.fixture
def catalog() -> Catalog:
    return Catalog(logging.getLogger(__name__))


@pytest.fixture
def told(catalog: Catalog) -> list:
    told: list = []
    catalog.subscribe(told.append)
    return told


def service(name: str, package: str = "") -> Service:
    return Service(name=name, launcher=LAUNCHER, package=package)


def test_services_and_instances_have_names_of_their_own(catalog: Catalog, told: list) -> None:
    entries = [Entry("a", Source.CONFIG), Entry("a", Source.RUNTIME, instance="1")]
    for entry in entries:
        catalog.add(entry)
    assert list(catalog) == entries
    assert catalog.get("a", "1") is entries[1]
    assert catalog.get("b") is None
    with pytest.raises(ValueError, match="'a' already"):
        catalog.add(Entry("a", Source.RUNTIME))
    assert told == [Added(entry) for entry in entries]


def test_changes_of_state_are_told_until_it_is_removed(catalog: Catalog, told: list) -> None:
    supervisor = FakeSupervisor("a")
    entry = Entry("a", Source.CONFIG, supervisor=supervisor)
    catalog.add(entry)
    supervisor.callbacks[0]("change")
    assert catalog.remove("a") is entry
    assert supervisor.callbacks == []
    assert told == [Added(entry), StateOf(entry, "change"), Removed(entry)]
    with pytest.raises(KeyError):
        catalog.remove("a")


def test_a_supervisor_belongs_to_the_service_that_is_listed(catalog: Catalog, told: list) -> None:
    entry = Entry("a", Source.CONFIG, service("a"))
    catalog.add(entry)
    supervisor = FakeSupervisor("a")
    catalog.note_supervisor(service("a"), supervisor)
    assert entry.supervisor is supervisor
    supervisor.callbacks[0]("change")
    assert told[1:] == [StateOf(entry, "change")]


def test_a_supervisor_that_nobody_has_announced_is_listed(catalog: Catalog) -> None:
    catalog.note_supervisor(service("process", "dist"), FakeSupervisor("process"))
    catalog.note_supervisor(service("process"), FakeSupervisor("process (2)"))
    assert [(e.name, e.source, e.package) for e in catalog] == [
        ("process", Source.PACKAGE, "dist"),
        ("process (2)", Source.CONFIG, ""),
    ]


def test_one_that_listens_badly_keeps_nobody_else_from_hearing(
    catalog: Catalog, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list = []

    def fail(change: object) -> None:
        raise RuntimeError("deaf")

    catalog.subscribe(fail)
    end = catalog.subscribe(heard.append)
    catalog.add(Entry("a", Source.CONFIG))
    end()
    catalog.remove("a")
    assert len(heard) == 1
    assert "deaf" in caplog.text
