"""What is shown with a failure is what that child has said, and no other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from jupyter_server_proxy.errors import StartFailed
from jupyter_server_proxy.rules.service import RestartPolicy

# Says how often it was started, and ends.
FAILING = """
import pathlib, sys
count = pathlib.Path(sys.argv[1])
count.write_text(count.read_text() + "x" if count.exists() else "x")
print("attempt", len(count.read_text()), end="", flush=True)
sys.exit(3)
"""


async def fails(supervisor) -> tuple[str, ...]:
    with pytest.raises(StartFailed):
        await supervisor.ensure_ready(is_person=True)
    return supervisor.last_failure.output


async def test_lines_of_earlier_attempts_are_no_part_of_it(make_supervisor, tmp_path: Path) -> None:
    command = [sys.executable, "-c", FAILING, str(tmp_path / "count")]
    supervisor = make_supervisor(command, restart=RestartPolicy.NEVER)
    assert await fails(supervisor) == ("attempt 1",)
    assert await fails(supervisor) == ("attempt 2",)
    assert supervisor.output.lines() == ["attempt 1", "attempt 2"]


async def test_a_child_that_never_was_has_said_nothing(make_supervisor, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho said\nexit 3\n")
    program.chmod(0o700)
    supervisor = make_supervisor([str(program)], restart=RestartPolicy.NEVER)
    assert await fails(supervisor) == ("said",)
    program.unlink()
    assert await fails(supervisor) == ()
