from __future__ import annotations

import pytest

from jupyter_server_proxy.errors import (
    CoolingDown,
    ServiceStopped,
    ShuttingDown,
    StartFailed,
    StartTimedOut,
)
from jupyter_server_proxy.processes.failure import (
    Failure,
    before_ready,
    describe_exit,
    refusal,
)
from jupyter_server_proxy.rules.lifecycle import State


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3, "exited with code 3"),
        (0, "exited with code 0"),
        (-9, "was killed by signal 9 (SIGKILL), often out of memory"),
        (-11, "was killed by signal 11 (SIGSEGV)"),
        (-200, "was killed by signal 200 (unknown)"),
        (None, "ended in an unknown way (its guardian process was killed)"),
    ],
)
def test_an_exit_in_words(code: int | None, words: str) -> None:
    assert describe_exit(code) == words


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3, "it exited with code 3 before it was ready"),
        (-9, "it was killed by signal 9 (SIGKILL) before it was ready, often out of memory"),
    ],
)
def test_the_end_of_a_start_in_words(code: int, words: str) -> None:
    assert before_ready(describe_exit(code)) == words


def failure(**changes: object) -> Failure:
    facts = {"reason": "it exited", "failed_at": 0.0, "retry_after": 1.5, **changes}
    return Failure(**facts)


@pytest.mark.parametrize(
    ("state", "facts", "retry_in", "kind", "retry_after"),
    [
        (State.CLOSING, {}, None, ShuttingDown, None),
        (State.CLOSED, None, None, ShuttingDown, None),
        (State.STOPPING, {}, None, ServiceStopped, None),
        (State.FAILED, {}, None, StartFailed, 1.5),
        (State.FAILED, {"retry_after": None}, None, StartFailed, None),
        (State.FAILED, {}, 0.7, CoolingDown, 0.7),
        (State.ABORTING, {"is_timeout": True}, None, StartTimedOut, 1.5),
        (State.ABORTING, {}, None, StartFailed, 1.5),
    ],
)
def test_why_one_waits_in_vain(state, facts, retry_in, kind, retry_after) -> None:
    known = None if facts is None else failure(**facts)
    error = refusal("app", state, known, retry_in=retry_in)
    assert type(error) is kind
    assert error.retry_after == retry_after
    assert "app" in error.message


def test_the_message_has_the_last_lines_only() -> None:
    lines = tuple(f"line {number}" for number in range(50))
    message = failure(command="app --x", output=lines).message("app")
    assert message.splitlines()[:3] == ["app: it exited", "command: app --x", "last output:"]
    assert "line 49" in message
    assert "line 39" not in message
