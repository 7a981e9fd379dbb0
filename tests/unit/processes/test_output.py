from __future__ import annotations

import asyncio
import logging
import os
import re
import stat

import pytest

from jupyter_server_proxy.processes import output as output_module
from jupyter_server_proxy.processes.output import LONGEST_LINE, LogForwarder, Output, Ring
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
    stop_listening = output.on_lines(heard.extend)
    found = output.first_match(re.compile("read."))
    pipe = output.open_pipe()
    os.write(pipe.writable, b"starting\nready\nlast words")
    assert await asyncio.wait_for(found, 5) == "ready"
    await pipe.close()
    stop_listening()
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
    file.close()
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
    file.close()
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
    assert output_module._BYTES_PER_WINDOW / output_module._WINDOW >= 5_000_000
