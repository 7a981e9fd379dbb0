"""The table, cell by cell, and what must hold on any walk through it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_server_proxy.rules.lifecycle import (
    LIVE_STATES,
    TABLE,
    CloseWanted,
    Crashed,
    DeadlinePassed,
    Declined,
    Effect,
    Event,
    Exited,
    IllegalTransition,
    ProbeSucceeded,
    RestartWanted,
    RetryDue,
    SpawnFailed,
    StartWanted,
    State,
    StopWanted,
    transition,
)

EVENTS: dict[str, Event] = {
    "start": StartWanted(),
    "insist": StartWanted(is_person=True),
    "probe": ProbeSucceeded(),
    "exit": Exited(),
    "crash": Crashed(),
    "nospawn": SpawnFailed(),
    "decline": Declined(),
    "deadline": DeadlinePassed(),
    "stop": StopWanted(),
    "another": RestartWanted(),
    "close": CloseWanted(),
    "retry": RetryDue(),
    "restart": RetryDue(is_restart=True),
}

# Written down independently from the design, one line a row: event -> next state and effects.
PLAYBOOK = """
STOPPED  start=STARTING:SPAWN  insist=STARTING:SPAWN  stop=STOPPED  close=CLOSED
STARTING start=STARTING  insist=STARTING  probe=READY:WAKE  exit=FAILED:RELEASE,FAIL,SCHEDULE_RETRY
STARTING crash=FAILED:RELEASE,FAIL,SCHEDULE_RETRY  nospawn=FAILED:RELEASE,FAIL,SCHEDULE_RETRY
STARTING decline=STOPPED:RELEASE,FAIL
STARTING deadline=ABORTING:FAIL,TERMINATE  stop=STOPPING:FAIL,TERMINATE
STARTING close=CLOSING:FAIL,TERMINATE
READY    start=READY:WAKE  insist=READY:WAKE  exit=STOPPED:RELEASE
READY    crash=FAILED:RELEASE,SCHEDULE_RETRY
READY    stop=STOPPING:TERMINATE  close=CLOSING:TERMINATE
STOPPING start=STOPPING  insist=STOPPING  exit=STOPPED:RELEASE,RESTART_IF_WAITING
STOPPING crash=STOPPED:RELEASE,RESTART_IF_WAITING  nospawn=STOPPED:RELEASE,RESTART_IF_WAITING
STOPPING decline=STOPPED:RELEASE,RESTART_IF_WAITING
STOPPING deadline=STOPPING:KILL  stop=STOPPING  close=CLOSING:FAIL
ABORTING start=ABORTING:FAIL  insist=STOPPING  exit=FAILED:RELEASE,SCHEDULE_RETRY
ABORTING crash=FAILED:RELEASE,SCHEDULE_RETRY  nospawn=FAILED:RELEASE,SCHEDULE_RETRY
ABORTING decline=FAILED:RELEASE,SCHEDULE_RETRY
ABORTING deadline=ABORTING:KILL  stop=STOPPING  close=CLOSING
CLOSING  start=CLOSING:FAIL  insist=CLOSING:FAIL  exit=CLOSED:RELEASE  crash=CLOSED:RELEASE
CLOSING  decline=CLOSED:RELEASE
CLOSING  nospawn=CLOSED:RELEASE  deadline=CLOSING:KILL  stop=CLOSING  close=CLOSING
FAILED   start=FAILED:FAIL  insist=STARTING:SPAWN  stop=STOPPED  close=CLOSED  retry=STOPPED
FAILED   restart=STARTING:SPAWN
STOPPED  another=STOPPED
STARTING another=STOPPING:TERMINATE
READY    another=STOPPING:TERMINATE
STOPPING another=STOPPING
ABORTING another=STOPPING
CLOSING  another=CLOSING
FAILED   another=STOPPED
CLOSED   another=CLOSED
CLOSED   start=CLOSED:FAIL  insist=CLOSED:FAIL  stop=CLOSED  close=CLOSED
"""


def parse_playbook() -> dict[tuple[State, str], tuple[State, tuple[Effect, ...]]]:
    cells = {}
    for line in PLAYBOOK.strip().splitlines():
        state, *moves = line.split()
        for move in moves:
            event, _, rest = move.partition("=")
            after, _, effects = rest.partition(":")
            parsed = tuple(Effect[name] for name in effects.split(",") if name)
            cells[State[state], event] = (State[after], parsed)
    return cells


CELLS = parse_playbook()


@pytest.mark.parametrize("state", State, ids=lambda s: s.name)
@pytest.mark.parametrize("event", EVENTS)
def test_every_cell(state: State, event: str) -> None:
    expected = CELLS.get((state, event))
    if expected is None:
        with pytest.raises(IllegalTransition) as caught:
            transition(state, EVENTS[event])
        assert caught.value.state is state
        assert state.value in str(caught.value)
    else:
        assert transition(state, EVENTS[event]) == expected


def test_the_table_has_no_cell_the_playbook_does_not_know() -> None:
    reached = {
        cell for key, event in CELLS for cell in ((key, EVENTS[event]), (key, type(EVENTS[event])))
    }
    assert set(TABLE) <= reached


class World:
    """A child and waiters, moved only by effects."""

    def __init__(self) -> None:
        self.state = State.STOPPED
        self.has_child = False
        self.waiters = 0
        self.was_killed_or_told = False

    def send(self, event: Event) -> None:
        if isinstance(event, StartWanted):
            self.waiters += 1
        self.state, effects = transition(self.state, event)
        for effect in effects:
            self.carry_out(effect)

    def carry_out(self, effect: Effect) -> None:
        match effect:
            case Effect.SPAWN:
                assert not self.has_child, "two children at once"
                self.has_child = True
            case Effect.RELEASE:
                assert self.has_child, "released twice"
                self.has_child = False
            case Effect.WAKE | Effect.FAIL:
                self.waiters = 0
            case Effect.TERMINATE | Effect.KILL:
                assert self.has_child, "told nobody to go"
            case Effect.RESTART_IF_WAITING:
                if self.waiters:
                    self.waiters -= 1
                    self.send(StartWanted())
            case Effect.SCHEDULE_RETRY:
                assert self.state is State.FAILED


@given(st.lists(st.sampled_from(list(EVENTS)), max_size=60))
def test_what_holds_on_every_walk(walk: list[str]) -> None:
    world = World()
    was_closed = False
    for name in walk:
        before = (world.state, world.has_child)
        waiting = world.waiters
        try:
            world.send(EVENTS[name])
        except IllegalTransition:
            world.waiters = waiting
            assert (world.state, world.has_child) == before
        assert world.has_child == (world.state in LIVE_STATES)
        if world.waiters:
            assert world.state in {State.STARTING, State.STOPPING}, "a waiter is stranded"
        assert not was_closed or world.state is State.CLOSED
        was_closed = world.state is State.CLOSED


@pytest.mark.parametrize("state", State, ids=lambda s: s.name)
def test_closing_reaches_the_end_from_everywhere(state: State) -> None:
    state, _ = transition(state, CloseWanted())
    if state is State.CLOSING:
        state, _ = transition(state, Exited())
    assert state is State.CLOSED
