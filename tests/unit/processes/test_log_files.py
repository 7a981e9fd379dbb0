"""A log file is one writer's, for as long as that lives, and nobody rotates another's."""

from __future__ import annotations

import errno
import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_server_proxy.processes import claiming
from jupyter_server_proxy.processes.rotating import RotatingFile

LOG = logging.getLogger("tests.log_files")
# Another Jupyter server, which writes and then lives on.
OTHER = """
import logging, sys
from jupyter_server_proxy.processes.rotating import RotatingFile
file = RotatingFile(sys.argv[1], logging.getLogger())
file.write(b"the other's")
print(file.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "app.log"


@pytest.fixture
def other(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes to `path`."""
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == str(path)
        yield process
        process.kill()


def names(path: Path) -> set[str]:
    return {it.name for it in path.parent.iterdir()}


def test_two_writers_neither_mix_nor_rotate_each_others(path: Path) -> None:
    files = [RotatingFile(str(path), LOG, largest=100, older=1) for _ in range(3)]
    for round_ in range(4):
        for number, file in enumerate(files):
            file.write(b"%d%d" % (number, round_) * 30)
            file.close()  # as between two children
    assert [Path(file.path).name for file in files] == ["app.log", "app+2.log", "app+3.log"]
    for number, file in enumerate(files):
        assert Path(file.path).read_bytes() == b"%d3" % number * 30
        assert Path(f"{file.path}.1").read_bytes() == b"%d2" % number * 30
        file.release()
    assert len(names(path)) == 6


@pytest.mark.usefixtures("other")
def test_the_file_of_a_living_server_is_not_touched(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    file = RotatingFile(str(path), LOG)
    file.write(b"ours")
    file.release()
    assert file.path == str(path.with_name("app+2.log"))
    assert path.read_bytes() == b"the other's"
    assert caplog.messages == [f"{path} is used by another server; this one uses {file.path}"]


def test_that_of_a_dead_one_is_continued(path: Path, other: subprocess.Popen[str]) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    file = RotatingFile(str(path), LOG)
    file.write(b", and ours")
    file.release()
    assert path.read_bytes() == b"the other's, and ours"
    assert names(path) == {"app.log"}


def test_who_has_released_it_leaves_no_trace_and_may_come_back(path: Path) -> None:
    file = RotatingFile(str(path), LOG)
    for number in range(2):
        file.write(b"%d" % number)
        file.release()
    assert path.read_bytes() == b"01"
    assert names(path) == {"app.log"}


def test_a_lock_that_was_removed_meanwhile_is_none(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its holder has removed it between our opening it and our locking it."""
    path.parent.mkdir()
    take = claiming._take
    taken = []

    def late(descriptor: int) -> None:
        if not taken:
            path.with_name("app.log.lock").unlink()
        taken.append(descriptor)
        take(descriptor)

    monkeypatch.setattr(claiming, "_take", late)
    claim = claiming.claim_file(str(path))
    assert len(taken) == 2
    monkeypatch.undo()
    other = claiming.claim_file(str(path))
    assert other.path.endswith("app+2.log")
    other.release()
    claim.release()


def test_where_there_are_no_locks_the_file_is_written_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(claiming, "_take", refuse)
    file = RotatingFile(str(path), LOG)
    file.write(b"written")
    file.release()
    assert path.read_bytes() == b"written"


@pytest.mark.parametrize("device", ["/dev/null"])
def test_a_device_is_neither_claimed_nor_renamed(device: str, tmp_path: Path) -> None:
    link = tmp_path / "app.log"
    link.symlink_to(device)
    files = [RotatingFile(str(link), LOG, largest=10) for _ in range(2)]
    for file in files:
        for _ in range(3):
            file.write(b"x" * 8)
        assert file.path == str(link)
        file.remove()
    assert link.is_symlink()
    assert [it.name for it in tmp_path.iterdir()] == ["app.log"]


def test_what_was_there_before_is_not_removed(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"before, ")
    file = RotatingFile(str(path), LOG)
    file.write(b"after")
    file.remove()
    file.write(b"too late")
    assert path.read_bytes() == b"before, after"
    assert names(path) == {"app.log"}


def test_of_what_is_removed_nothing_is_left(path: Path) -> None:
    file = RotatingFile(str(path), LOG, largest=10)
    for _ in range(5):
        file.write(b"x" * 8)
    path.with_name("app.log.txt").touch()
    assert len(names(path)) == 5
    file.remove()
    assert names(path) == {"app.log.txt"}


def test_who_has_written_nothing_removes_nothing(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"somebody's")
    RotatingFile(str(path), LOG).remove()
    assert path.read_bytes() == b"somebody's"
