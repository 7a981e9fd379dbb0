"""Measuring growth: the same cost at one size and at ten times that size."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from .lab import FILES, Lab
from .measure_http import wrk
from .measure_life import extension_cost
from .measure_websocket import echo_load, growth_with_tunnels
from .model import CannotMeasureError, Effort, Values
from .peers import endpoint
from .transfer import download, get


@dataclass(frozen=True, slots=True)
class Series:
    """A cost at each of `sizes`; each size is about ten times the one before."""

    key: str
    title: str
    unit: str
    sizes: tuple[int, ...]
    cost: Callable[[Lab, str, Effort, int], float]


def _services(lab: Lab, peer: str, _effort: Effort, size: int) -> float:
    """Milliseconds to import and load the extension with so many services."""
    costs = [extension_cost(lab, peer, services=size) for _ in range(3)]
    return 1000 * statistics.median(cost["import"] + cost["load"] for cost in costs)


def _headers(lab: Lab, peer: str, effort: Effort, size: int) -> float:
    """Microseconds for a request with so many headers more than usual, one at a time."""
    place = endpoint(lab, peer, "http")
    more = {f"X-Benchmark-{number}": "some value or other" for number in range(size)}
    headers = {**place.headers, **more}
    url = place.url("http", "small")
    wrk(lab, url, headers, connections=1, seconds=effort.warm_up)
    return 1e6 / wrk(lab, url, headers, connections=1, seconds=effort.seconds).rate


def _tunnels(lab: Lab, peer: str, _effort: Effort, size: int) -> float:
    """MiB by which a fresh process grows with so many idle tunnels."""
    place = endpoint(lab, peer, "echo", fresh=True)
    assert place.program is not None
    echo_load(lab, place, 0.2, size=100, in_flight=1)
    return growth_with_tunnels(lab, place, place.program, size) / (1 << 20)


def _body(lab: Lab, peer: str, _effort: Effort, size: int) -> float:
    """Milliseconds to download so many MiB, the best of three."""
    place = endpoint(lab, peer, "http")
    name = {10: "10m", 100: "100m", 1024: "1g"}[size]
    get(place.url("http", "small"), place.headers)
    url = place.url("http", name)
    return 1000 * min(download(url, place.headers, FILES[name]).seconds for _ in range(3))


SERIES: tuple[Series, ...] = (
    Series("services", "configured services: load the extension", "ms", (10, 100, 1000), _services),
    Series("headers", "request headers: one small GET", "µs", (1, 10, 90), _headers),
    Series("tunnels", "idle tunnels: memory", "MiB", (20, 200, 2000), _tunnels),
    Series("body", "MiB of body: download", "ms", (10, 100, 1024), _body),
)


def growth(lab: Lab, peer: str, effort: Effort, *, series: Series) -> Values:
    """The cost at each size, keyed `grow-SERIES-SIZE`, and the last step as `grow-SERIES`.

    The step is the growth of the cost over the growth of the size: 1 is linear, less is better.
    """
    costs: dict[int, float] = {}
    for size in series.sizes:
        # A peer that fails at the largest size still has a curve.
        with contextlib.suppress(CannotMeasureError):
            costs[size] = series.cost(lab, peer, effort, size)
    if not costs:
        raise CannotMeasureError("fails at every size")
    values = {f"grow-{series.key}-{size}": cost for size, cost in costs.items()}
    before, last = series.sizes[-2:]
    if before in costs and last in costs:
        values[f"grow-{series.key}"] = costs[last] / max(costs[before], 1e-9) / (last / before)
    return values
