"""Measuring websockets: echoes one at a time and in flight, and what an idle tunnel weighs."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections.abc import Mapping
from typing import Any

from .lab import CHILDREN, Endpoint, Lab
from .model import CannotMeasureError, Effort, Values
from .peers import endpoint
from .programs import Program

_KIB = 1024
_SETTLE = 0.5
_OPEN_WITHIN = 180.0


def echo(lab: Lab, peer: str, effort: Effort, *, key: str, size: int, in_flight: int) -> Values:
    """Messages per second, or MB per second where messages are large, and what the proxy pays.

    `KEY-cpu` is microseconds of processor time per message, there and back.
    """
    place = endpoint(lab, peer, "echo")
    before = place.program.cpu() if place.program else 0.0
    outcome = echo_load(
        lab, place, effort.seconds, size=size, in_flight=in_flight, warm_up=effort.warm_up
    )
    rate = outcome["messages"] if size < _KIB else outcome["bytes"] / 1e6
    values = {key: rate}
    if place.program:
        values[f"{key}-cpu"] = (place.program.cpu() - before) / outcome["total"] * 1e6
    return values


def echo_load(
    lab: Lab, place: Endpoint, seconds: float, *, size: int, in_flight: int, warm_up: float = 0.0
) -> Mapping[str, Any]:
    """One client's `messages` and `bytes` per second. Raises CannotMeasureError."""
    job = {"size": size, "in_flight": in_flight, "seconds": seconds, "warm_up": warm_up}
    command = _client(lab, place, "echo", job)
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    outcome = _read(done.stdout, done.stderr)
    if not outcome["whole"] or not outcome["messages"]:
        raise CannotMeasureError("fails: echoes were lost")
    return outcome


def idle_tunnels(lab: Lab, peer: str, _effort: Effort, *, tunnels: int) -> Values:
    """KiB of resident memory that each open, silent tunnel costs a fresh process."""
    place = endpoint(lab, peer, "echo", fresh=True)
    assert place.program is not None
    echo_load(lab, place, 0.2, size=100, in_flight=1)
    return {"tunnel-rss": growth_with_tunnels(lab, place, place.program, tunnels) / tunnels / _KIB}


def growth_with_tunnels(lab: Lab, place: Endpoint, program: Program, tunnels: int) -> int:
    """Bytes by which the program grows while so many tunnels are open."""
    before = program.rss()
    command = _client(lab, place, "idle", {"tunnels": tunnels})
    client = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert client.stdin is not None
    assert client.stdout is not None
    assert client.stderr is not None
    impatience = threading.Timer(_OPEN_WITHIN, client.kill)
    impatience.start()
    try:
        line = client.stdout.readline()
        if not line:
            raise _failed(client.stderr.read())
        time.sleep(_SETTLE)
        return program.rss() - before
    finally:
        impatience.cancel()
        client.stdin.close()
        client.wait(timeout=60)
        client.stdout.close()
        client.stderr.close()


def _client(lab: Lab, place: Endpoint, mode: str, job: Mapping[str, Any]) -> list[str]:
    where = {"url": place.url("echo", "", scheme="ws"), "headers": dict(place.headers)}
    script = str(CHILDREN / "websocket_load.py")
    return [lab.tools.websocket_python(), script, mode, json.dumps({**where, **job})]


def _read(output: str, errors: str) -> dict[str, Any]:
    if not output.strip():
        raise _failed(errors)
    outcome: dict[str, Any] = json.loads(output.splitlines()[-1])
    return outcome


def _failed(errors: str) -> CannotMeasureError:
    last = (errors.strip().splitlines() or ["no message"])[-1]
    status = re.search(r"but received (\d{3})", last)
    if status:
        return CannotMeasureError(f"fails: status {status[1]} instead of an upgrade")
    return CannotMeasureError(f"fails: {last[:100]}")
