"""How things are put for people: tables, times, sizes, text of programs. No I/O here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
# Whatever a terminal would obey: sequences with an introducer, then single controls. Tabs stay.
_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0a-\x1f\x7f-\x9f]"
)


def printable(text: str, *, colours: bool = False) -> str:
    """`text` without anything that a terminal would obey, but for `colours` if they are wanted.

    What an application writes into its log may come from anybody.
    """

    def keep(found: re.Match[str]) -> str:
        return found[0] if colours and _COLOUR.fullmatch(found[0]) else ""

    shown = _SEQUENCE.sub(keep, text)
    return shown + "\x1b[0m" if colours and "\x1b" in shown else shown


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns that are as wide as they have to be."""
    cells = [list(map(printable, row)) for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    return "\n".join(lines)


def full_name(server: Mapping[str, Any]) -> str:
    """What the command calls a service or an instance: the path of its URL."""
    instance = server.get("instance")
    return str(server["name"]) if instance is None else f"{server['name']}/i/{instance}"


def split_name(text: str) -> tuple[str, str | None]:
    """The name, and the instance if one is named; the reverse of `full_name`."""
    name, mark, instance = text.rpartition("/i/")
    return (name, instance) if mark and name else (text, None)


def duration(seconds: float) -> str:
    """`seconds` in one unit: "4.2 s", "3 min", "5 h", "12 d"."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    for unit, size, limit in (("min", 60, 120), ("h", 3600, 48), ("d", 86400, None)):
        if limit is None or seconds < size * limit:
            return f"{seconds / size:.0f} {unit}"
    raise AssertionError


def size(count: float) -> str:
    """`count` bytes: "512 B", "3.4 MB", "1.2 GB"."""
    unit = "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"


def age(moment: str | None, *, now: datetime | None = None) -> str:
    """How long ago an RFC 3339 `moment` was, "" for none."""
    if not moment:
        return ""
    then = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    since = (now or datetime.now(timezone.utc)) - then
    return duration(max(0.0, since.total_seconds()))


def overview(servers: Sequence[Mapping[str, Any]], *, now: datetime | None = None) -> str:
    """The table of services, and below it what is wrong with those that cannot work."""
    header = ("NAME", "STATE", "UP", "CPU", "MEMORY", "URL")
    rows = [_row(server, now) for server in servers]
    notes = [f"{full_name(s)}: {s['problem']}" for s in servers if s.get("problem")]
    return "\n".join([table(header, rows), *map(printable, notes)])


def _row(server: Mapping[str, Any], now: datetime | None) -> tuple[str, ...]:
    cpu, rss = server.get("cpu_percent"), server.get("rss")
    is_up = server["state"] in ("ready", "starting", "stopping")
    return (
        full_name(server),
        str(server["state"]),
        age(server.get("started_at"), now=now) if is_up else "",
        "" if cpu is None else f"{cpu:.0f} %",
        "" if rss is None else size(rss),
        str(server["url"]),
    )


def details(server: Mapping[str, Any], *, now: datetime | None = None) -> str:
    """Everything about one service that is known, a line each."""
    lines = [
        ("name", full_name(server)),
        ("title", server.get("title")),
        ("state", _state(server)),
        ("problem", server.get("problem")),
        ("url", server.get("url")),
        ("from", _origin(server)),
        ("target", server.get("target")),
        ("command", server.get("command")),
        ("pid", server.get("pid")),
        ("up", _up(server, now)),
        ("restarts", server.get("restarts") or None),
        ("in use", _use(server)),
        ("last used", _ago(server.get("last_activity"), now)),
        ("memory", None if server.get("rss") is None else size(server["rss"])),
        ("cpu", None if server.get("cpu_percent") is None else f"{server['cpu_percent']:.0f} %"),
    ]
    shown = [(key, printable(str(value))) for key, value in lines if value not in (None, "")]
    return "\n".join(f"{key:<10} {value}" for key, value in shown)


_STOPPED_BY = {
    "person": "by a person",
    "idle": "because it was idle",
    "lifetime": "because its time was over",
    "package": "by its package",
}


def _state(server: Mapping[str, Any]) -> str:
    why = _STOPPED_BY.get(server.get("stopped_by") or "")
    return f"stopped {why}" if server["state"] == "stopped" and why else str(server["state"])


def _origin(server: Mapping[str, Any]) -> str:
    if server.get("package"):
        return f"package {server['package']}"
    return {"config": "configuration", "runtime": "added at run time"}.get(server["source"], "")


def _up(server: Mapping[str, Any], now: datetime | None) -> str:
    if server["state"] != "ready" or not server.get("started_at"):
        return ""
    after = server.get("ready_after")
    ready = f", ready after {duration(after)}" if after is not None else ""
    return f"{age(server['started_at'], now=now)}{ready}"


def _use(server: Mapping[str, Any]) -> str:
    requests, tunnels = server.get("in_flight") or 0, server.get("tunnels") or 0
    parts = [f"{requests} requests"] if requests else []
    parts += [f"{tunnels} open tunnels"] if tunnels else []
    return ", ".join(parts)


def _ago(moment: str | None, now: datetime | None) -> str:
    return f"{age(moment, now=now)} ago" if moment else ""
