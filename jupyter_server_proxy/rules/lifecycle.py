"""The life of one service's child as a table of states and events.

The table is the whole truth: what is not in it is illegal, raises, and changes nothing.
No I/O here, no clock and no memory of its own; `processes.supervisor` carries effects out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """Where a service is in its life."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    ABORTING = "aborting"  # the start timed out, the child has been told to go
    CLOSING = "closing"  # Jupyter goes down, the child has been told to go
    FAILED = "failed"  # cooling down, or given up
    CLOSED = "closed"


# A child exists, or is being made, exactly in these.
LIVE_STATES = frozenset(
    {State.STARTING, State.READY, State.STOPPING, State.ABORTING, State.CLOSING}
)


class Effect(Enum):
    """What the supervisor has to do, in the order given, after the state has changed."""

    SPAWN = "make a binding, launch the child, begin to probe"
    WAKE = "give the target to everyone who waits"
    FAIL = "give an error to everyone who waits"
    TERMINATE = "send the stop signal to the child's group and start the grace period"
    KILL = "kill the whole tree, and come back if that was not enough"
    RELEASE = "give back port, socket directory and output"
    SCHEDULE_RETRY = "raise RetryDue when the back-off allows, or give up"
    RESTART_IF_WAITING = "raise StartWanted if anyone waits"


@dataclass(frozen=True, slots=True)
class StartWanted:
    """A request needs the service; `is_person` when somebody looks at it and may insist."""

    is_person: bool = False


@dataclass(frozen=True, slots=True)
class ProbeSucceeded:
    """The child answered as the service's readiness asks."""


@dataclass(frozen=True, slots=True)
class Exited:
    """The child ended by itself with code 0, or as it was told to; nothing of it is left."""


@dataclass(frozen=True, slots=True)
class Crashed:
    """The child ended by itself in any other way; nothing of it is left."""


@dataclass(frozen=True, slots=True)
class SpawnFailed:
    """There never was a child: no port, a callable raised, no such program."""


@dataclass(frozen=True, slots=True)
class Declined:
    """There is no child, and was not meant to be: whoever says what to start said "nothing"."""


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The time for what is going on is over: to become ready, or to go by itself."""


@dataclass(frozen=True, slots=True)
class StopWanted:
    """A person, the idle rule or the maximum lifetime wants the child gone."""


@dataclass(frozen=True, slots=True)
class RestartWanted:
    """A person wants another child, and whoever waits for this one may wait for that."""


@dataclass(frozen=True, slots=True)
class CloseWanted:
    """Jupyter goes down, or the service is removed."""


@dataclass(frozen=True, slots=True)
class RetryDue:
    """The cooling period is over; `is_restart` when the policy starts the child by itself."""

    is_restart: bool = False


Event = (
    StartWanted
    | ProbeSucceeded
    | Exited
    | Crashed
    | SpawnFailed
    | Declined
    | DeadlinePassed
    | StopWanted
    | RestartWanted
    | CloseWanted
    | RetryDue
)

Cell = tuple[State, tuple[Effect, ...]]

_E = Effect
_S = State

_INSISTING = StartWanted(is_person=True)
_RESTARTING = RetryDue(is_restart=True)

# A cell for an event's type holds for all its values; one for a value goes first.
TABLE: dict[tuple[State, type[Event] | Event], Cell] = {
    (_S.STOPPED, StartWanted): (_S.STARTING, (_E.SPAWN,)),
    (_S.STOPPED, StopWanted): (_S.STOPPED, ()),
    (_S.STOPPED, RestartWanted): (_S.STOPPED, ()),
    (_S.STOPPED, CloseWanted): (_S.CLOSED, ()),
    (_S.STARTING, StartWanted): (_S.STARTING, ()),
    (_S.STARTING, ProbeSucceeded): (_S.READY, (_E.WAKE,)),
    (_S.STARTING, Exited): (_S.FAILED, (_E.RELEASE, _E.FAIL, _E.SCHEDULE_RETRY)),
    (_S.STARTING, Crashed): (_S.FAILED, (_E.RELEASE, _E.FAIL, _E.SCHEDULE_RETRY)),
    (_S.STARTING, SpawnFailed): (_S.FAILED, (_E.RELEASE, _E.FAIL, _E.SCHEDULE_RETRY)),
    (_S.STARTING, Declined): (_S.STOPPED, (_E.RELEASE, _E.FAIL)),
    (_S.STARTING, DeadlinePassed): (_S.ABORTING, (_E.FAIL, _E.TERMINATE)),
    (_S.STARTING, StopWanted): (_S.STOPPING, (_E.FAIL, _E.TERMINATE)),
    (_S.STARTING, RestartWanted): (_S.STOPPING, (_E.TERMINATE,)),
    (_S.STARTING, CloseWanted): (_S.CLOSING, (_E.FAIL, _E.TERMINATE)),
    (_S.READY, StartWanted): (_S.READY, (_E.WAKE,)),
    (_S.READY, Exited): (_S.STOPPED, (_E.RELEASE,)),
    (_S.READY, Crashed): (_S.FAILED, (_E.RELEASE, _E.SCHEDULE_RETRY)),
    (_S.READY, StopWanted): (_S.STOPPING, (_E.TERMINATE,)),
    (_S.READY, RestartWanted): (_S.STOPPING, (_E.TERMINATE,)),
    (_S.READY, CloseWanted): (_S.CLOSING, (_E.TERMINATE,)),
    (_S.STOPPING, StartWanted): (_S.STOPPING, ()),
    (_S.STOPPING, Exited): (_S.STOPPED, (_E.RELEASE, _E.RESTART_IF_WAITING)),
    (_S.STOPPING, Crashed): (_S.STOPPED, (_E.RELEASE, _E.RESTART_IF_WAITING)),
    (_S.STOPPING, SpawnFailed): (_S.STOPPED, (_E.RELEASE, _E.RESTART_IF_WAITING)),
    (_S.STOPPING, Declined): (_S.STOPPED, (_E.RELEASE, _E.RESTART_IF_WAITING)),
    (_S.STOPPING, DeadlinePassed): (_S.STOPPING, (_E.KILL,)),
    (_S.STOPPING, StopWanted): (_S.STOPPING, ()),
    (_S.STOPPING, RestartWanted): (_S.STOPPING, ()),
    (_S.STOPPING, CloseWanted): (_S.CLOSING, (_E.FAIL,)),
    (_S.ABORTING, StartWanted): (_S.ABORTING, (_E.FAIL,)),
    (_S.ABORTING, _INSISTING): (_S.STOPPING, ()),
    (_S.ABORTING, Exited): (_S.FAILED, (_E.RELEASE, _E.SCHEDULE_RETRY)),
    (_S.ABORTING, Crashed): (_S.FAILED, (_E.RELEASE, _E.SCHEDULE_RETRY)),
    (_S.ABORTING, SpawnFailed): (_S.FAILED, (_E.RELEASE, _E.SCHEDULE_RETRY)),
    (_S.ABORTING, Declined): (_S.FAILED, (_E.RELEASE, _E.SCHEDULE_RETRY)),
    (_S.ABORTING, DeadlinePassed): (_S.ABORTING, (_E.KILL,)),
    (_S.ABORTING, StopWanted): (_S.STOPPING, ()),
    (_S.ABORTING, RestartWanted): (_S.STOPPING, ()),
    (_S.ABORTING, CloseWanted): (_S.CLOSING, ()),
    (_S.CLOSING, StartWanted): (_S.CLOSING, (_E.FAIL,)),
    (_S.CLOSING, Exited): (_S.CLOSED, (_E.RELEASE,)),
    (_S.CLOSING, Crashed): (_S.CLOSED, (_E.RELEASE,)),
    (_S.CLOSING, SpawnFailed): (_S.CLOSED, (_E.RELEASE,)),
    (_S.CLOSING, Declined): (_S.CLOSED, (_E.RELEASE,)),
    (_S.CLOSING, DeadlinePassed): (_S.CLOSING, (_E.KILL,)),
    (_S.CLOSING, StopWanted): (_S.CLOSING, ()),
    (_S.CLOSING, RestartWanted): (_S.CLOSING, ()),
    (_S.CLOSING, CloseWanted): (_S.CLOSING, ()),
    (_S.FAILED, StartWanted): (_S.FAILED, (_E.FAIL,)),
    (_S.FAILED, _INSISTING): (_S.STARTING, (_E.SPAWN,)),
    (_S.FAILED, StopWanted): (_S.STOPPED, ()),
    (_S.FAILED, RestartWanted): (_S.STOPPED, ()),
    (_S.FAILED, CloseWanted): (_S.CLOSED, ()),
    (_S.FAILED, RetryDue): (_S.STOPPED, ()),
    (_S.FAILED, _RESTARTING): (_S.STARTING, (_E.SPAWN,)),
    (_S.CLOSED, StartWanted): (_S.CLOSED, (_E.FAIL,)),
    (_S.CLOSED, StopWanted): (_S.CLOSED, ()),
    (_S.CLOSED, RestartWanted): (_S.CLOSED, ()),
    (_S.CLOSED, CloseWanted): (_S.CLOSED, ()),
}


class IllegalTransition(Exception):
    """An event arrived in a state where it cannot happen: a bug in the supervisor."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"{event!r} cannot happen while {state.value}")
        self.state = state
        self.event = event


def transition(state: State, event: Event) -> Cell:
    """The next state and its effects; raises IllegalTransition for a dash in the table."""
    cell = TABLE.get((state, event)) or TABLE.get((state, type(event)))
    if cell is None:
        raise IllegalTransition(state, event)
    return cell
