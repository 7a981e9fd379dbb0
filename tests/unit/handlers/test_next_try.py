"""What people are told of the next try is what happens."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from jupyter_server_proxy.handlers.facts import describe_failure
from jupyter_server_proxy.rules.lifecycle import State
from jupyter_server_proxy.rules.service import RestartPolicy


async def reached(supervisor, *states) -> None:
    """Wait until it is in one of these states."""
    found = asyncio.Event()
    unsubscribe = supervisor.subscribe(lambda change: change.after in states and found.set())
    if supervisor.state not in states:
        await asyncio.wait_for(found.wait(), 30)
    unsubscribe()


@pytest.mark.parametrize(
    ("options", "is_forgone", "is_tried"),
    [
        ({}, False, True),
        ({"restart": RestartPolicy.NEVER}, False, False),
        ({"restart": RestartPolicy.NEVER, "keep_warm": True}, False, True),
        ({"restart": RestartPolicy.ALWAYS}, True, False),
        ({"keep_warm": True}, True, False),
    ],
)
async def test_a_next_try_is_announced_when_there_will_be_one(
    make_supervisor, app, options, is_forgone, is_tried
) -> None:
    supervisor = make_supervisor(app("web.py"), **options)
    await asyncio.wait_for(supervisor.ensure_ready(), 30)
    if is_forgone:
        supervisor.forgo_restart()
    os.kill(supervisor.pid, signal.SIGKILL)
    await reached(supervisor, State.FAILED)
    assert (describe_failure(supervisor)["retry_at"] is not None) is is_tried
    # When the time to cool down is over.
    await reached(supervisor, State.STARTING, State.STOPPED)
    assert supervisor.generation == (2 if is_tried else 1)
