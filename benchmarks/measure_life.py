"""Measuring the life around requests: readiness, start pages, start cost, loop lag."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from .lab import CHILDREN, FILES, Endpoint, Lab
from .measure_http import wrk
from .measure_websocket import echo_load
from .model import CannotMeasureError, Effort, Values
from .peers import AGES, endpoint, jupyter_environment, late_stamp
from .transfer import download, get

_FETCH = {"Accept": "application/json", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
_VISIT = {
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Site": "none",
}
_PAGE_OR_APP = (200, 503)
_STARTS = 5
_KIB_64 = 1 << 16


def readiness(lab: Lab, peer: str, _effort: Effort) -> Values:
    """Milliseconds from the backend listening to the answer, over ten ages of the start."""
    place = endpoint(lab, peer, "service", fresh=True)
    with ThreadPoolExecutor(len(AGES)) as pool:
        late = list(pool.map(lambda number: _lateness(place, number), range(len(AGES))))
    return {"late": statistics.median(late) * 1000, "late-worst": max(late) * 1000}


def _lateness(place: Endpoint, number: int) -> float:
    # Apart, so that ten interpreters do not start in the same instant.
    time.sleep(number * 0.15)
    answer = get(place.url("service", f"late-{number}/"), {**place.headers, **_FETCH})
    answered = time.monotonic()
    assert place.program is not None
    stamp = late_stamp(place.program, number)
    if answer.body[:5] != b"ready" and b"ready" not in answer.body:
        raise CannotMeasureError(f"fails: status {answer.status} while starting")
    return answered - float(stamp.read_text())


def start_page(lab: Lab, peer: str, _effort: Effort) -> Values:
    """Milliseconds until a page visit to an app that takes 2.7 s to start gets any answer."""
    place = endpoint(lab, peer, "service", fresh=True)
    headers = {**place.headers, **_VISIT}
    get(place.url("service", f"late-{AGES.index(0.1)}/"), headers)
    answer = get(place.url("service", f"late-{AGES.index(2.7)}/"), headers)
    if answer.status not in _PAGE_OR_APP:
        raise CannotMeasureError(f"fails: status {answer.status}")
    return {"start-page": answer.seconds * 1000}


def start_cost(lab: Lab, peer: str, _effort: Effort) -> Values:
    """Milliseconds of processor time that importing and loading add, the median of some starts."""
    # The first start may have to compile the modules, as an installation would have done.
    costs = [extension_cost(lab, peer, services=0) for _ in range(1 + _STARTS)][1:]
    whole = statistics.median(cost["import"] + cost["load"] for cost in costs)
    return {
        "start": whole * 1000,
        "start-wall": statistics.median(cost["wall"] for cost in costs) * 1000,
    }


def extension_cost(lab: Lab, peer: str, *, services: int) -> Mapping[str, float]:
    """Seconds, see `children/start_cost.py`. Raises CannotMeasureError."""
    python = lab.tools.released_python() if peer == "released" else sys.executable
    env = jupyter_environment(lab, peer, lab.room("start"))
    command = [python, str(CHILDREN / "start_cost.py"), str(services)]
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise CannotMeasureError(f"fails: {last[:100]}")
    costs: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return costs


def loop_lag(lab: Lab, peer: str, effort: Effort) -> Values:
    """99th percentile in milliseconds of the event loop's lateness under a mixed load.

    Eight connections with small questions, downloads of 90 MiB one after another, eight
    echoes of 64 KiB in flight, all at once and as fast as they go.
    """
    place = endpoint(lab, peer, "http")
    until = time.monotonic() + effort.warm_up + effort.seconds
    loads: tuple[Callable[[], object], ...] = (
        lambda: wrk(
            lab,
            place.url("http", "small"),
            place.headers,
            connections=8,
            seconds=effort.warm_up + effort.seconds,
        ),
        lambda: _keep_downloading(place, until),
        lambda: echo_load(
            lab, place, effort.warm_up + effort.seconds - 0.5, size=_KIB_64, in_flight=8
        ),
    )
    with ThreadPoolExecutor(len(loads)) as pool:
        running = [pool.submit(load) for load in loads]
        threading.Event().wait(effort.warm_up)
        _lag(place)
        threading.Event().wait(max(0.5, effort.seconds - 0.7))
        measured = _lag(place)
        for one in running:
            one.result()
    return {"lag": measured["p99"] * 1000}


def _keep_downloading(place: Endpoint, until: float) -> None:
    while time.monotonic() < until:
        download(place.url("http", "90m"), place.headers, FILES["90m"])


def _lag(place: Endpoint) -> Mapping[str, float]:
    answer = get(place.url("lag", ""), place.headers)
    try:
        lag: dict[str, float] = json.loads(answer.body)
    except ValueError as error:
        raise CannotMeasureError(f"fails: status {answer.status} for the lag") from error
    return lag
