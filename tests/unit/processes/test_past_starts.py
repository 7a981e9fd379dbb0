"""How long starts took is remembered, and nothing goes wrong when that cannot be."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path

import pytest

from jupyter_server_proxy.processes import past_starts
from jupyter_server_proxy.processes.past_starts import MOST_SERVICES, PastStarts

LOG = logging.getLogger("tests.past_starts")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "server-proxy" / "starts.json"


def remembered(path: Path) -> PastStarts:
    """As another Jupyter server has it."""
    return PastStarts(LOG, path=str(path))


def save(path: Path, name: str, seconds: list[float]) -> None:
    past = remembered(path)
    past.of(name)
    past._save(name, seconds)


def test_what_one_server_has_noted_another_knows(path: Path) -> None:
    save(path, "app", [1.25, 2.5])
    save(path, "other", [3.0])
    past = remembered(path)
    assert (past.of("app"), past.of("other"), past.of("new")) == ([1.25, 2.5], [3.0], [])
    assert [it.name for it in path.parent.iterdir()] == ["starts.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\x00",
        b"[]",
        b"null",
        b'{"starts": []}',
        b'{"starts": {"app": 3}}',
        b'{"starts": {"app": ["x", null, true, NaN, -1, 1e99, {}]}}',
        b"[" * 100_000,
    ],
)
def test_a_file_that_is_broken_is_as_none_and_is_mended(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert remembered(path).of("app") == []
    save(path, "app", [1.0])
    assert remembered(path).of("app") == [1.0]


def test_the_file_is_bounded(path: Path) -> None:
    path.parent.mkdir()
    starts = {f"app {number}": list(range(100)) for number in range(MOST_SERVICES + 50)}
    path.write_text(json.dumps({"starts": starts}))
    save(path, "the last one", [1.0] * 5)
    kept = json.loads(path.read_text())["starts"]
    assert len(kept) == MOST_SERVICES
    assert list(kept)[-1] == "the last one"
    assert max(map(len, kept.values())) == 5


async def test_names_without_end_are_not_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PastStarts, "_save", None)  # would fail if it were called
    past = remembered(path)
    assert past.of("x") == []
    past.note("x" * 10_000, [1.0])


def test_a_full_disk_is_no_harm(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    save(path, "app", [1.0])

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr(past_starts.json, "dump", refuse)
        save(path, "app", [2.0])
    assert remembered(path).of("app") == [1.0]
    assert [it.name for it in path.parent.iterdir()] == ["starts.json"]
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


async def test_each_start_is_written_once_by_another_thread(
    make_supervisor, app, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[bool, str, int]] = []
    has_written = threading.Event()
    save_now = PastStarts._save

    def noted(past: PastStarts, name: str, seconds: list[float]) -> None:
        is_main = threading.current_thread() is threading.main_thread()
        written.append((is_main, name, len(seconds)))
        save_now(past, name, seconds)
        has_written.set()

    monkeypatch.setattr(PastStarts, "_save", noted)
    mine = remembered(path)
    supervisor = make_supervisor(app("web.py"), past=mine)
    assert supervisor.usual_start is None
    for number in (1, 2):
        has_written.clear()
        await supervisor.ensure_ready()
        await supervisor.stop()
        assert has_written.wait(10)
        assert written == [(False, "app", it + 1) for it in range(number)]
    # In another server, and in this one for a service that was removed and added again.
    for past in (remembered(path), mine):
        later = make_supervisor(app("web.py"), past=past)
        assert later.usual_start == pytest.approx(supervisor.usual_start, abs=0.001)
