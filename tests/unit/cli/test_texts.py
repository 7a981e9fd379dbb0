"""What people read: tables, times and sizes, and nothing that a terminal would obey."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from jupyter_server_proxy.cli.text import (
    age,
    details,
    duration,
    overview,
    printable,
    size,
    split_name,
    table,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("written", "shown", "coloured"),
    [
        ("plain ünïcode\tand tabs", "plain ünïcode\tand tabs", "plain ünïcode\tand tabs"),
        ("\x1b[1;31mred\x1b[0m", "red", "\x1b[1;31mred\x1b[0m\x1b[0m"),
        ("a\x1b[2Jb\x1b[?25l", "ab", "ab"),  # clear the screen, hide the cursor
        ("\x1b]52;c;ZXZpbA==\x07x", "x", "x"),  # write to the clipboard
        ("\x1b]0;title\x1b\\x", "x", "x"),
        ("\x1b]0;never ended", "", ""),
        ("\x1bcreset", "reset", "reset"),
        ("over\rwritten\x08\x7f\x9b31m", "overwritten31m", "overwritten31m"),
        ("\x1b", "", ""),
    ],
)
def test_text_of_programs_cannot_command_a_terminal(
    written: str, shown: str, coloured: str
) -> None:
    assert printable(written) == shown
    assert printable(written, colours=True) == coloured


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (4.21, "4.2 s"), (59.9, "60 s"), (60, "1 min"), (7199, "120 min"),
     (7200, "2 h"), (172800, "2 d"), (86400 * 400, "400 d")],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (142_400_000, "142 MB"), (3.4e9, "3.4 GB"),
     (9e15, "9000 TB")],
)  # fmt: skip
def test_sizes(count: float, text: str) -> None:
    assert size(count) == text


def test_ages() -> None:
    assert age(None) == ""
    assert age("2026-01-02T03:03:05Z", now=NOW) == "1 min"
    assert age("2026-01-02T03:04:05.500+00:00", now=NOW) == "0.0 s"  # clocks differ a little


@pytest.mark.parametrize(
    ("text", "name", "instance"),
    [("app", "app", None), ("app/i/a", "app", "a"), ("a/i/b/i/c", "a/i/b", "c"),
     ("a/b", "a/b", None), ("/i/x", "/i/x", None), ("app/i/", "app", "")],
)  # fmt: skip
def test_names_of_instances(text: str, name: str, instance: str | None) -> None:
    assert split_name(text) == (name, instance)


def test_columns_are_aligned() -> None:
    assert table(("A", "LONG"), [("xyz", "1"), ("", "22")]) == "A    LONG\nxyz  1\n     22"


def test_the_overview_shows_what_runs_and_what_is_wrong(a_server) -> None:
    began = "2026-01-02T03:03:05Z"
    running = a_server("web", state="ready", started_at=began, cpu_percent=3.4, rss=20_000_000)
    stopped = a_server("old", started_at=began)
    broken = a_server("bad", state="broken", problem="timeout: must be a number")
    lines = overview([running, stopped, broken], now=NOW).splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["NAME", "STATE", "UP", "CPU", "MEMORY", "URL"],
        ["web", "ready", "1", "min", "3", "%", "20.0", "MB", "/base/web/"],
        ["old", "stopped", "/base/old/"],
    ]
    assert lines[4:] == ["bad: timeout: must be a number"]


def test_the_details_leave_out_what_is_not_known(a_server) -> None:
    server = a_server("web", stopped_by="idle", last_activity="2026-01-02T01:04:05Z", in_flight=2)
    assert details(server, now=NOW).splitlines() == [
        "name       web",
        "title      Web",
        "state      stopped because it was idle",
        "url        /base/web/",
        "from       configuration",
        "in use     2 requests",
        "last used  2 h ago",
    ]
