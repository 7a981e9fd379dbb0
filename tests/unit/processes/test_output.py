from __future__ import annotations

import asyncio
import logging
import os
import re
import stat

import pytest

from jupyter_server_proxy.processes import pipe as pipe_module
from jupyter_server_proxy.processes.output import LogForwarder, Output
from jupyter_server_proxy.processes.pipe import KEPT_PER_WINDOW, WINDOW, Pipe, Taker
from jupyter_server_proxy.processes.ring import KEPT_LINES, LONGEST_LINE, Ring
from jupyter_server_proxy.processes.rotating import RotatingFile, log_path

LOG = logging.getLogger("tests.output")


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([b"a\nb\n"], ["a", "b"]),
        ([b"a", b"b\nc"], ["ab", "c"]),
        ([b"a\r\nb\r\n"], ["a", "b"]),
        ([b"a\r", b"\nb"], ["a", "b"]),
        ([b"10%\r", b"20%\r", b"30%"], ["30%"]),
        ([b"10%\r20%\r", b"\n"], ["20%"]),
        ([b"\xff\xfe\n"], ["\ufffd\ufffd"]),
        ([b"\n\n"], ["", ""]),
    ],
)
def test_lines_as_a_terminal_shows_them(pieces: list[bytes], lines: list[str]) -> None:
    ring = Ring()
    for piece in pieces:
        ring.feed(piece)
    assert ring.lines() == lines


def test_an_unfinished_line_is_shown_and_ends_with_the_child() -> None:
    ring = Ring()
    ring.feed(b"Password: ")
    assert ring.lines() == ["Password: "]
    ring.finish()
    ring.feed(b"next child\n")
    assert ring.lines() == ["Password: ", "next child"]


def test_what_one_child_has_said_is_known_apart_from_the_others() -> None:
    ring = Ring(lines=4)
    assert ring.lines_of_child() == []
    ring.feed(b"first: a\nfirst: b\nfirst: c")
    ring.begin()
    assert ring.lines_of_child() == []
    ring.feed(b"second: a\nsecond: b")
    assert ring.lines_of_child() == ["second: a", "second: b"]
    assert ring.lines() == ["first: a", "first: b", "first: c", "second: a", "second: b"]
    ring.feed(b"\nsecond: c\nsecond: d\nsecond: e\n")  # more than are kept
    assert ring.lines_of_child() == ring.lines() == [f"second: {it}" for it in "bcde"]


def test_only_the_last_lines_are_kept() -> None:
    ring = Ring(lines=3)
    ring.feed(b"".join(b"%d\n" % number for number in range(10)))
    assert ring.lines() == ["7", "8", "9"]


def test_the_size_is_bounded_too() -> None:
    ring = Ring(lines=1000, size=100)
    ring.feed(b"x" * 40 + b"\n" + b"y" * 40 + b"\n" + b"z" * 40 + b"\n")
    assert [line[0] for line in ring.lines()] == ["y", "z"]


def test_a_line_without_end_takes_no_memory() -> None:
    ring = Ring()
    for _ in range(100):
        ring.feed(b"x" * 10_000)
    assert len(ring._partial) == LONGEST_LINE + 1
    assert ring.lines() == ["x" * LONGEST_LINE + " …"]


def test_a_flood_is_cut_short_in_jupyters_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    forwarder = LogForwarder("app", LOG, logging.INFO)
    forwarder.forward([b"line"] * 5000)
    forwarder.note_hidden()
    assert 200 <= len(caplog.messages) <= 210
    assert caplog.messages[0] == "app: line"
    assert re.fullmatch(r"app: 4[78]\d\d lines not shown .*", caplog.messages[-1])


def test_the_log_level_is_the_admins(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    LogForwarder("app", LOG, logging.DEBUG).forward([b"line"])
    assert not caplog.messages


async def test_what_is_written_reaches_memory_file_and_listeners(tmp_path) -> None:
    output = Output("app", path=str(tmp_path / "logs" / "app.log"), log=LOG)
    heard: list[str] = []
    all_heard = asyncio.Event()

    def hear(lines: list[str], left_out: int) -> None:
        heard.extend(lines)
        if "ready" in heard:
            all_heard.set()

    stop_listening = output.on_lines(hear)
    found = output.first_match(re.compile("read."))
    pipe = output.open_pipe()
    os.write(pipe.writable, b"starting\nready\nlast words")
    assert await asyncio.wait_for(found, 5) == "ready"
    await pipe.close()
    await asyncio.wait_for(all_heard.wait(), 5)
    stop_listening()
    await output.close()
    assert output.lines() == ["starting", "ready", "last words"]
    assert heard == ["starting", "ready"]
    path = tmp_path / "logs" / "app.log"
    assert path.read_bytes() == b"starting\nready\nlast words"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_pipe_that_somebody_else_holds_open_does_not_delay_its_end(tmp_path) -> None:
    output = Output("app", path=str(tmp_path / "app.log"), log=LOG)
    pipe = output.open_pipe()
    held = os.dup(pipe.writable)
    try:
        os.write(held, b"before the end\n")
        await asyncio.wait_for(pipe.close(), 1)
        assert output.lines() == ["before the end"]
    finally:
        os.close(held)
        await output.close()


async def test_a_search_that_is_given_up_is_forgotten(tmp_path) -> None:
    output = Output("app", path=str(tmp_path / "app.log"), log=LOG)
    found = output.first_match(re.compile("never"))
    found.cancel()
    await asyncio.sleep(0)
    assert not output._patterns


def test_the_file_is_rotated_and_bounded(tmp_path) -> None:
    file = RotatingFile(str(tmp_path / "app.log"), LOG, largest=100, older=2)
    for number in range(10):
        file.write(b"%d" % number * 60)
    file.release()
    kept = {path.name: path.read_bytes()[:1] for path in tmp_path.iterdir()}
    assert kept == {"app.log": b"9", "app.log.1": b"8", "app.log.2": b"7"}


def test_a_full_disk_warns_once_and_writing_goes_on_later(
    tmp_path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = RotatingFile(str(tmp_path / "app.log"), LOG)

    def write(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr("jupyter_server_proxy.processes.rotating.os.write", write)
        for _ in range(3):
            file.write(b"lost")
    file.write(b"kept")
    file.release()
    assert [r.levelname for r in caplog.records] == ["WARNING"]
    assert "No space left" in caplog.messages[0]
    assert (tmp_path / "app.log").read_bytes() == b"kept"


@pytest.mark.parametrize("service", ["a/b", "../up", "ü"])
def test_a_services_name_cannot_lead_out_of_the_directory(service: str) -> None:
    directory, name = os.path.split(log_path(service, None))
    assert os.path.basename(directory) == "server-proxy"
    assert name.endswith(".log")
    assert ".." not in directory


def test_a_configured_log_file_may_be_in_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert log_path("app", "~/app.log") == "/home/somebody/app.log"


def test_the_flood_limit_is_far_above_what_people_read() -> None:
    assert KEPT_PER_WINDOW / WINDOW >= 4_000_000


def test_of_many_lines_at_once_only_the_last_are_looked_at() -> None:
    ring = Ring()
    ring.feed(b"before the fl")
    lines, left_out = ring.feed(b"ood\n" + b"x\n" * 5000 + b"rest")
    assert (len(lines), left_out) == (KEPT_LINES, 4001)
    assert ring.lines() == ["x"] * KEPT_LINES + ["rest"]
    lines, left_out = ring.feed(b"\n" + b"y\n" * 5000, wants_all=True)
    assert (len(lines), left_out) == (5001, 0)
    assert lines[0] == b"rest"


def test_off_means_that_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    forwarder = LogForwarder("app", LOG, None)
    forwarder.forward([b"line"] * 500, 10)
    forwarder.note_hidden()
    assert not caplog.messages


class Flood:
    """A pipe, what was taken of it, and how much of it was left out."""

    def __init__(self, *, is_lossless: bool) -> None:
        self.taken = 0
        self.left_out = 0
        taker = Taker(self._take, self._note, lambda: is_lossless, lambda: None)
        self.pipe = Pipe("app", taker)

    def _take(self, data: bytes) -> None:
        self.taken += len(data)

    def _note(self, count: int) -> None:
        self.left_out += count

    async def write(self, size: int) -> None:
        """Write as fast as the pipe takes it, then close it."""

        def work() -> None:
            for _ in range(size // 65536):
                os.write(self.pipe.writable, b"x" * 65536)
            self.pipe.close_writable()

        await asyncio.wait_for(asyncio.to_thread(work), 60)
        await self.pipe.close()


async def test_what_is_left_out_of_a_flood_is_counted_to_the_byte() -> None:
    flood = Flood(is_lossless=False)
    size = 64 * 1024 * 1024
    await flood.write(size)
    assert flood.taken + flood.left_out == size
    assert flood.left_out > 0


async def test_the_last_words_of_a_flood_are_kept(tmp_path) -> None:
    output = Output("app", path=str(tmp_path / "app.log"), log=LOG)
    pipe = output.open_pipe()
    flood = b"a line of a flood\n" * 1_000_000
    await asyncio.to_thread(write_and_close, pipe, flood + b"why it ended\n")
    await pipe.close()
    await output.close()
    assert output.lines()[-1] == "why it ended"
    assert b"left out" in (tmp_path / "app.log").read_bytes()


async def test_nothing_is_left_out_while_a_line_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipe_module, "WINDOW", 0.001)
    flood = Flood(is_lossless=True)
    size = 16 * KEPT_PER_WINDOW
    await flood.write(size)
    assert (flood.taken, flood.left_out) == (size, 0)


async def test_people_are_told_what_a_flood_has_cost(tmp_path) -> None:
    output = Output("app", path=str(tmp_path / "app.log"), log=LOG)
    pipe = output.open_pipe()
    await asyncio.to_thread(write_and_close, pipe, b"a line of a flood\n" * 400_000)
    await pipe.close()
    await output.close()
    pattern = rb"\n\[\d+\.\d MB of output left out: too much at once\]\n"
    assert re.search(pattern, (tmp_path / "app.log").read_bytes())


async def test_of_a_flood_followers_get_the_last_lines_and_the_number_of_the_others(
    tmp_path,
) -> None:
    output = Output("app", path=str(tmp_path / "app.log"), log=LOG)
    heard: list[str] = []
    left_out = 0
    all_heard = asyncio.Event()

    def hear(lines: list[str], more: int) -> None:
        nonlocal left_out
        assert len(lines) <= KEPT_LINES
        heard.extend(lines)
        left_out += more
        if "last" in lines:
            all_heard.set()

    output.on_lines(hear)
    pipe = output.open_pipe()
    await asyncio.to_thread(write_and_close, pipe, b"a line\n" * 20_000 + b"last\n")
    await asyncio.wait_for(all_heard.wait(), 10)
    await pipe.close()
    await output.close()
    assert len(heard) + left_out == 20_001
    assert left_out > 0


async def test_a_follower_that_fails_spoils_nothing_for_the_others(
    tmp_path, caplog: pytest.LogCaptureFixture
) -> None:
    output = Output("app", path=str(tmp_path / "app.log"), log=LOG)
    heard = asyncio.get_running_loop().create_future()

    def fail(lines: list[str], left_out: int) -> None:
        raise ValueError("mine")

    output.on_lines(fail)
    output.on_lines(lambda lines, left_out: heard.set_result(lines))
    pipe = output.open_pipe()
    os.write(pipe.writable, b"hello\n")
    assert await asyncio.wait_for(heard, 10) == ["hello"]
    await pipe.close()
    await output.close()
    assert "a follower of its output failed" in caplog.text


def write_and_close(pipe: Pipe, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(pipe.writable, view) :]
    pipe.close_writable()
