"""Whether the kernel has killed for lack of memory, and what is made of it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from jupyter_server_proxy.processes import record
from jupyter_server_proxy.processes.out_of_memory import count_kills
from jupyter_server_proxy.processes.output import Output
from jupyter_server_proxy.processes.record import Record

EVENTS = "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 7\n"
CONTROL = "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n"


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        ("0::/user/app\n", {"user/app/memory.events": EVENTS, "memory.events": CONTROL}, 2),
        # In a container, whose own group is at the root.
        ("0::/docker/0123\n", {"memory.events": EVENTS}, 2),
        ("4:memory:/job\n0::/\n", {"memory/job/memory.oom_control": CONTROL}, 5),
        ("4:cpu,memory:/job\n", {"memory/memory.oom_control": CONTROL}, 5),
        # An old kernel does not count.
        ("4:memory:/\n", {"memory/memory.oom_control": "under_oom 0\n"}, None),
        ("0::/\n", {}, None),
        ("", {}, None),
    ],
)
def test_the_count(
    tmp_path: Path, membership: str, files: dict[str, str], expected: int | None
) -> None:
    (tmp_path / "membership").write_text(membership)
    for name, text in files.items():
        path = tmp_path / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = count_kills(groups=tmp_path / "groups", membership=tmp_path / "membership")
    assert found == expected


def test_nothing_is_known_without_control_groups(tmp_path: Path) -> None:
    assert count_kills(groups=tmp_path, membership=tmp_path / "missing") is None


@pytest.mark.parametrize(
    ("counts", "returncode", "expected"),
    [
        ([3, 4], -9, True),
        ([3, 4], 137, True),  # what a shell says of a child that got signal 9
        ([3, 3], -9, False),
        ([3, 4], 1, False),
        ([None, None], -9, False),
        ([None, 4], -9, False),
    ],
)
def test_a_failure_for_lack_of_memory(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    counts: list[int | None],
    returncode: int,
    expected: bool,
) -> None:
    remaining = iter(counts)
    monkeypatch.setattr(record, "count_kills", lambda: next(remaining))
    log = logging.getLogger("tests")
    kept = Record(Output("app", path=str(tmp_path / "log"), log=log))
    kept.note_start()
    kept.note_failure("it ended", command="app", returncode=returncode, is_crash=True)
    assert kept.failure is not None
    assert kept.failure.out_of_memory is expected
