"""Tells Jupyter's event system (`jupyter_events`) when the state of a service changes.

Who listens is the administrator's business; nothing is made while nobody does.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from ..handlers.catalog import Catalog, Change, StateOf
from ..handlers.facts import shown_state
from ..rules.lifecycle import State

SCHEMA_FILE = Path(__file__).with_name("state.v1.yaml")
SCHEMA_ID = "https://events.jupyter.org/jupyter_server_proxy/state/v1"


def emit_states(catalog: Catalog, event_logger: Any, log: logging.Logger) -> None:
    """From now on, emit an event for every change of state in `catalog`."""
    if SCHEMA_ID not in event_logger.schemas:
        event_logger.register_event_schema(SCHEMA_FILE)

    def emit(change: Change) -> None:
        if not isinstance(change, StateOf) or change.change.before is change.change.after:
            return
        try:
            event_logger.emit(schema_id=SCHEMA_ID, data=describe_change(change))
        except Exception:  # a listener's, or of where they are written to
            log.exception("%s: the event of its state could not be emitted", change.entry.name)

    catalog.subscribe(emit)


def describe_change(change: StateOf) -> dict[str, Any]:
    """What the schema says."""
    entry, supervisor = change.entry, change.entry.supervisor
    assert supervisor is not None
    failure = supervisor.last_failure if change.change.after is State.FAILED else None
    return {
        "service": entry.name,
        "instance": entry.instance,
        "before": shown_state(change.change.before),
        "after": shown_state(change.change.after),
        "generation": change.change.generation,
        "stopped_by": supervisor.stopped_by.name.lower() if supervisor.stopped_by else None,
        "failure": failure.reason if failure is not None else None,
    }
