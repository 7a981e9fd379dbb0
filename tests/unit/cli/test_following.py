"""When a start, stop or restart is over, told by events alone."""

from __future__ import annotations

import contextlib

import pytest

from jupyter_server_proxy.client import ActionFailed, ServerUnreachable, carry_out
from jupyter_server_proxy.client.events import Event, parse_events


class Scripted:
    """A client whose server answers `at_once` and then tells `events`."""

    def __init__(self, before, at_once, events) -> None:
        self.before = before
        self.at_once = at_once
        self.told = events
        self.address = "the server"
        self.last = before

    @contextlib.contextmanager
    def events(self):
        yield iter(self.told)

    def server(self, name, instance=None):
        return self.last

    def act(self, action, name, instance=None):
        for event in reversed(self.told):
            if event.name == "state":
                self.last = event.data
                break
        return self.at_once


def state(a_server, name: str, generation: int = 1, **facts) -> Event:
    return Event("state", a_server(state=name, generation=generation, **facts))


@pytest.mark.parametrize("action", ["start", "restart"])
def test_it_ends_when_the_service_is_ready(a_server, action) -> None:
    before = a_server(state="ready" if action == "restart" else "stopped", generation=4)
    told = [
        state(a_server, "stopping", 4),
        state(a_server, "stopped", 4),
        Event("state", a_server("other", state="failed")),
        Event("state", a_server(instance="i", state="failed")),
        state(a_server, "starting", 5),
        state(a_server, "ready", 5),
        state(a_server, "failed", 5),
    ]
    seen = []
    client = Scripted(before, before if action == "restart" else a_server(), told)
    carry_out(client, action, "app", on_change=lambda server: seen.append(server["state"]))
    assert seen[1:] == ["stopping", "stopped", "starting", "ready"]


def test_a_restart_is_not_over_because_the_old_process_is_ready(a_server) -> None:
    before = a_server(state="ready", generation=1)
    told = [state(a_server, "ready", 1), state(a_server, "ready", 2)]
    assert carry_out(Scripted(before, before, told), "restart", "app")["generation"] == 2


def test_what_is_done_at_once_waits_for_no_event(a_server) -> None:
    ready = a_server(state="ready")
    assert carry_out(Scripted(ready, ready, []), "start", "app") is ready


def test_a_failed_one_is_stopped_when_it_says_so(a_server) -> None:
    failed = a_server(state="failed")
    told = [state(a_server, "stopped")]
    assert carry_out(Scripted(failed, failed, told), "stop", "app")["state"] == "stopped"


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (["starting", "failed"], "app is failed"),
        (["failed"], "app is failed"),
        (["closed"], "app is closed"),
        (["starting", "stopping", "stopped"], "app was stopped while it was starting"),
    ],
)
def test_a_start_that_comes_to_nothing(a_server, told, message) -> None:
    events = [state(a_server, name) for name in told]
    with pytest.raises(ActionFailed, match=message):
        carry_out(Scripted(a_server(), a_server(), events), "start", "app")


def test_removed_meanwhile(a_server) -> None:
    told = [Event("removed", {"name": "app", "instance": None})]
    with pytest.raises(ActionFailed, match="removed meanwhile"):
        carry_out(Scripted(a_server(), a_server(), told), "start", "app")


def test_the_server_has_ended_meanwhile(a_server) -> None:
    told = [state(a_server, "starting")]
    with pytest.raises(ServerUnreachable, match="has ended"):
        carry_out(Scripted(a_server(), a_server(), told), "start", "app")


def test_event_streams() -> None:
    lines = b"""\
: a comment

event: state
data: {"a":
data:1}
id: 7

data: [2]

event: nothing

event: cut
data: {"
""".splitlines(keepends=True)
    assert list(parse_events(lines)) == [Event("state", {"a": 1}), Event("message", [2])]


def test_lines_may_end_as_on_other_systems() -> None:
    assert list(parse_events([b"event: a\r\n", b"data: 1\r\n", b"\r\n"])) == [Event("a", 1)]
