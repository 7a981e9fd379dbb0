"""Measuring HTTP: small questions with wrk, large bodies down and up."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from .lab import FILES, GIB, MIB, Lab
from .model import CannotMeasureError, Effort, ToolMissingError, Values
from .peers import FLOORS, endpoint
from .programs import forget_peak, peak_rss
from .transfer import download, get, upload

_TIME_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


def small_get(lab: Lab, peer: str, effort: Effort, *, connections: int) -> Values:
    """Requests per second, their 99th percentile in milliseconds, and what one costs the proxy.

    The cost is processor time, in microseconds: it hardly depends on what else the machine does.
    """
    backend, path = ("floor", "") if peer in FLOORS else ("http", "small")
    place = endpoint(lab, peer, backend)
    url = place.url(backend, path)
    if effort.warm_up:
        wrk(lab, url, place.headers, connections=connections, seconds=effort.warm_up)
    before = place.program.cpu() if place.program else 0.0
    load = wrk(lab, url, place.headers, connections=connections, seconds=effort.seconds)
    key = f"get-{connections}"
    values = {key: load.rate, f"{key}-p99": load.p99}
    if place.program:
        values[f"{key}-cpu"] = (place.program.cpu() - before) / load.requests * 1e6
    return values


@dataclass(frozen=True, slots=True)
class WrkLoad:
    """`rate` in requests per second, `p99` in milliseconds, and how many requests there were."""

    rate: float
    p99: float
    requests: int


def wrk(
    lab: Lab, url: str, headers: Mapping[str, str], *, connections: int, seconds: float
) -> WrkLoad:
    """Asks as fast as answers come. Raises CannotMeasureError unless every answer was 2xx."""
    try:
        program = lab.tools.debian("wrk")
    except ToolMissingError as error:
        raise CannotMeasureError(f"not run: {error}") from error
    length = max(1, round(seconds))
    command = [*program, "-t1", f"-c{connections}", f"-d{length}s", "--latency"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    done = subprocess.run([*command, url], capture_output=True, text=True, timeout=60, check=False)
    return _read_wrk(done.stdout)


def _read_wrk(text: str) -> WrkLoad:
    rate = re.search(r"Requests/sec: +([\d.]+)", text)
    p99 = re.search(r" 99% +([\d.]+)(us|ms|s)", text)
    requests = re.search(r"(\d+) requests in", text)
    if rate is None or p99 is None or requests is None or int(requests[1]) == 0:
        raise CannotMeasureError("fails: no answer")
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if bad:
        raise CannotMeasureError(f"fails: {bad[1]} answers were errors")
    return WrkLoad(float(rate[1]), float(p99[1]) * _TIME_UNITS[p99[2]], int(requests[1]))


def big_download(lab: Lab, peer: str, _effort: Effort) -> Values:
    """1 GiB through a fresh process: seconds, and how far its memory grew at most."""
    place = endpoint(lab, peer, "http", fresh=peer != "direct")
    get(place.url("http", "small"), place.headers)
    if place.program is not None:
        before = place.program.rss()
        forget_peak(place.program)
    answer = download(place.url("http", "1g"), place.headers, GIB)
    values = {"download": answer.seconds}
    if place.program is not None:
        values["download-rss"] = (peak_rss(place.program) - before) / MIB
    return values


def first_byte(lab: Lab, peer: str, _effort: Effort) -> Values:
    """90 MiB: milliseconds to the first byte (best of three, the first warms up) and memory."""
    place = endpoint(lab, peer, "http", fresh=peer != "direct")
    url = place.url("http", "90m")
    get(place.url("http", "small"), place.headers)
    values = {}
    if place.program is not None:
        before = place.program.rss()
        forget_peak(place.program)
    times = [download(url, place.headers, FILES["90m"]).first_byte for _ in range(3)]
    values["first-byte"] = min(times) * 1000
    if place.program is not None:
        values["first-byte-rss"] = (peak_rss(place.program) - before) / MIB
    return values


def big_upload(lab: Lab, peer: str, _effort: Effort) -> Values:
    """1 GiB up through a fresh process, until the backend has said how much it saw."""
    place = endpoint(lab, peer, "sink", fresh=peer != "direct")
    url = place.url("sink", "")
    upload(url, place.headers, 1)
    if place.program is not None:
        before = place.program.rss()
        forget_peak(place.program)
    values = {"upload": upload(url, place.headers, GIB)}
    if place.program is not None:
        values["upload-rss"] = (peak_rss(place.program) - before) / MIB
    return values
