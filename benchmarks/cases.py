"""The cases and the goals, as data."""

from __future__ import annotations

from functools import partial

from .measure_growth import SERIES, growth
from .measure_http import big_download, big_upload, first_byte, small_get
from .measure_life import loop_lag, readiness, start_cost, start_page
from .measure_websocket import echo, idle_tunnels
from .model import Case, Goal, Metric
from .peers import JUPYTERS, PROXIES
from .standalone import standalone_get

_GETTERS = ("direct", "nginx", "chp", "bare", "hello", "released", "new")
_CARRIERS = ("direct", *PROXIES)
_TUNNELS = 2000


def _small(connections: int) -> Case:
    key = f"get-{connections}"
    many = f"{connections} connection{'s' if connections > 1 else ''}"
    return Case(
        f"small-{key}",
        f"small GET, {many}",
        (
            Metric(key, f"small GET, {many}", "req/s"),
            Metric(f"{key}-p99", f"small GET, {many}: p99", "ms", False, 2),
            Metric(f"{key}-cpu", f"small GET, {many}: processor time each", "µs", False),
        ),
        _GETTERS,
        partial(small_get, connections=connections),
    )


def _echo(key: str, title: str, unit: str, *, size: int, in_flight: int) -> Case:
    return Case(
        key,
        title,
        (
            Metric(key, title, unit),
            Metric(f"{key}-cpu", f"{title}: processor time each", "µs", False),
        ),
        _CARRIERS,
        partial(echo, key=key, size=size, in_flight=in_flight),
    )


def _transfer(key: str, title: str, measure: object) -> Case:
    return Case(
        key,
        title,
        (
            Metric(key, title, "s", False, 2),
            Metric(f"{key}-rss", f"{title}: peak memory growth", "MiB", False, 1),
        ),
        _CARRIERS,
        measure,  # type: ignore[arg-type]
        most_rounds=3,
    )


def _standalone(served: str, title: str, *, connections: int) -> Case:
    key = f"{served}-get-{connections}"
    title = f"{title}, {connections} connection{'s' if connections > 1 else ''}"
    return Case(
        key,
        title,
        (
            Metric(key, title, "req/s"),
            Metric(f"{key}-p99", f"{title}: p99", "ms", False, 2),
            Metric(f"{key}-cpu", f"{title}: processor time each", "µs", False),
        ),
        ("chp", "new"),
        partial(standalone_get, connections=connections, served=served),
    )


CASES: tuple[Case, ...] = (
    _small(32),
    _small(1),
    _standalone("standalone", "standalone, logged in: small GET", connections=32),
    _standalone("standalone", "standalone, logged in: small GET", connections=1),
    _standalone("standalone-uvloop", "the same with uvloop: small GET", connections=32),
    _transfer("download", "1 GiB download", big_download),
    Case(
        "first-byte",
        "90 MiB download",
        (
            Metric("first-byte", "90 MiB download: first byte", "ms", False, 1),
            Metric("first-byte-rss", "90 MiB download: peak memory growth", "MiB", False, 1),
        ),
        _CARRIERS,
        first_byte,
        most_rounds=3,
    ),
    _transfer("upload", "1 GiB upload", big_upload),
    _echo("ws-100-1", "websocket 100 B, one at a time", "msg/s", size=100, in_flight=1),
    _echo("ws-100-64", "websocket 100 B, 64 in flight", "msg/s", size=100, in_flight=64),
    _echo("ws-64k-8", "websocket 64 KiB, 8 in flight", "MB/s", size=1 << 16, in_flight=8),
    _echo("ws-1m-4", "websocket 1 MB, 4 in flight", "MB/s", size=1_000_000, in_flight=4),
    Case(
        "ws-idle",
        "2,000 idle tunnels",
        (Metric("tunnel-rss", "2,000 idle tunnels: memory of each", "KiB", False, 1),),
        PROXIES,
        partial(idle_tunnels, tunnels=_TUNNELS),
        most_rounds=2,
    ),
    Case(
        "readiness",
        "readiness seen late, ten ages",
        (
            Metric("late", "readiness seen late: median of ten ages", "ms", False),
            Metric("late-worst", "readiness seen late: worst of ten ages", "ms", False),
        ),
        JUPYTERS,
        readiness,
        most_rounds=2,
    ),
    Case(
        "start-page",
        "page visit to an app that takes 2.7 s to start",
        (Metric("start-page", "page visit, app ready after 2.7 s: first answer", "ms", False),),
        JUPYTERS,
        start_page,
        most_rounds=3,
    ),
    Case(
        "start",
        "added to Jupyter's start, no service configured",
        (
            Metric("start", "added to Jupyter's start: processor time", "ms", False),
            Metric("start-wall", "added to Jupyter's start: wall time", "ms", False),
        ),
        JUPYTERS,
        start_cost,
        most_rounds=2,
    ),
    Case(
        "lag",
        "event loop under mixed load",
        (Metric("lag", "event loop late under mixed load: p99", "ms", False, 1),),
        JUPYTERS,
        loop_lag,
        most_rounds=3,
    ),
    *(
        Case(
            f"grow-{series.key}",
            f"growth: {series.title}",
            (
                Metric(
                    f"grow-{series.key}", f"growth of cost per growth of {series.key}", "", False, 2
                ),
            ),
            JUPYTERS,
            partial(growth, series=series),
            most_rounds=1,
        )
        for series in SERIES
    ),
)

GOALS: tuple[Goal, ...] = (
    Goal("get-32", 4.0, "released"),
    Goal("get-32", 0.95, "hello"),
    Goal("get-1", 4.0, "released"),
    Goal("get-1", 0.95, "hello"),
    # The same two said in processor time, which a busy machine disturbs less.
    Goal("get-32-cpu", 1 / 4, "released", at_least=False),
    Goal("get-32-cpu", 1 / 0.95, "hello", at_least=False),
    Goal("standalone-get-32", 1.0, "chp"),
    Goal("standalone-get-1", 1.0, "chp"),
    # Seconds: at least 0.9 of nginx's throughput is at most 1/0.9 of its time.
    Goal("download", 1 / 0.9, "nginx", at_least=False),
    Goal("upload", 1 / 0.9, "nginx", at_least=False),
    Goal("download-rss", 16.0, at_least=False),
    Goal("upload-rss", 16.0, at_least=False),
    Goal("first-byte", 5.0, at_least=False),
    *(
        Goal(metric, limit, peer)
        for metric in ("ws-100-64", "ws-64k-8", "ws-1m-4")
        for peer, limit in (("nginx", 1.0), ("chp", 1.0), ("released", 4.0))
    ),
    Goal("ws-100-1", 0.7, "nginx"),
    Goal("tunnel-rss", 25.0, at_least=False),
    Goal("lag", 20.0, at_least=False),
    Goal("late-worst", 100.0, at_least=False),
    Goal("start-page", 100.0, at_least=False),
    Goal("start", 60.0, at_least=False),
    *(Goal(f"grow-{series.key}", 1.2, at_least=False) for series in SERIES),
)
