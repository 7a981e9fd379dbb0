"""The peers: what is measured side by side, and how each is started. All on 127.0.0.1."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from .lab import CHILDREN, Endpoint, Lab, Starter, nginx
from .model import CannotMeasureError
from .programs import Program, free_port, running, wait_listening

TITLES: Mapping[str, str] = {
    "direct": "direct",
    "nginx": "nginx",
    "chp": "CHP (node)",
    "bare": "Tornado hello",
    "hello": "Jupyter hello",
    "released": "4.6.0",
    "new": "this",
}
PROXIES = ("nginx", "chp", "released", "new")
JUPYTERS = ("released", "new")
FLOORS: Mapping[str, str] = {"hello": "/bench/hello", "bare": "/bench/bare"}
# Ages in seconds at which a backend becomes ready, one service each.
AGES = (0.1, 0.3, 0.5, 0.8, 1.2, 1.7, 2.3, 2.7, 3.3, 4.1)

_TOKEN = "benchmark-token"
_BACKENDS = ("http", "sink", "echo")


def _direct(lab: Lab, _stack: contextlib.ExitStack, backend: str) -> Endpoint:
    return Endpoint(lab.backend(backend), {backend: "/"}, {})


def _nginx(lab: Lab, stack: contextlib.ExitStack) -> Endpoint:
    port = free_port()
    upstreams = "".join(
        f"upstream {name} {{ server 127.0.0.1:{lab.backend(name)}; keepalive 64; }}\n"
        for name in _BACKENDS
    )
    locations = "".join(
        f"location /{name}/ {{ proxy_pass http://{name}/; }}\n" for name in _BACKENDS
    )
    rest = f"""
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    {upstreams}
    server {{
      listen 127.0.0.1:{port} backlog=1024;
      proxy_http_version 1.1; proxy_request_buffering off; proxy_max_temp_file_size 0;
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
      proxy_read_timeout 3600; proxy_send_timeout 3600;
      {locations}
    }}"""
    program = stack.enter_context(nginx(lab, "nginx", rest))
    wait_listening(program, port)
    return Endpoint(port, {name: f"/{name}/" for name in _BACKENDS}, {}, program)


def _chp(lab: Lab, stack: contextlib.ExitStack) -> Endpoint:
    port, api = free_port(), free_port()
    command = [*lab.tools.chp(), "--ip", "127.0.0.1", "--port", str(port), "--no-include-prefix"]
    command += ["--api-ip", "127.0.0.1", "--api-port", str(api), "--log-level", "error"]
    program = stack.enter_context(running("CHP", command, log=lab.room("chp") / "log"))
    wait_listening(program, port)
    wait_listening(program, api)
    for name in _BACKENDS:
        connection = http.client.HTTPConnection("127.0.0.1", api, timeout=10)
        target = json.dumps({"target": f"http://127.0.0.1:{lab.backend(name)}"})
        connection.request("POST", f"/api/routes/{name}", target)
        if connection.getresponse().status != http.HTTPStatus.CREATED:
            raise CannotMeasureError("CHP refused a route")
        connection.close()
    return Endpoint(port, {name: f"/{name}/" for name in _BACKENDS}, {}, program)


def _released(lab: Lab, stack: contextlib.ExitStack) -> Endpoint:
    return _jupyter(lab, stack, name="released", python=lab.tools.released_python())


def _new(lab: Lab, stack: contextlib.ExitStack) -> Endpoint:
    return _jupyter(lab, stack, name="new", python=sys.executable)


STARTERS: Mapping[str, Starter] = {
    "direct": lambda lab, stack: _direct(lab, stack, "http"),
    "direct-sink": lambda lab, stack: _direct(lab, stack, "sink"),
    "direct-echo": lambda lab, stack: _direct(lab, stack, "echo"),
    "nginx": _nginx,
    "chp": _chp,
    "released": _released,
    "new": _new,
}


def endpoint(lab: Lab, peer: str, backend: str, *, fresh: bool = False) -> Endpoint:
    """The peer in front of that backend; `direct` is the backend itself.

    The floors are handlers of whichever Jupyter server runs this package at the moment.
    """
    if peer in FLOORS:
        served = lab.peer("new")
        return replace(served, prefixes={"floor": FLOORS[peer]})
    if peer == "direct" and backend != "http":
        return lab.peer(f"direct-{backend}")
    return lab.peer(peer, fresh=fresh)


def jupyter_environment(lab: Lab, peer: str, room: Path) -> dict[str, str]:
    """A Jupyter that sees no one's settings, and for `new` the package as this run copied it."""
    folders = {f"JUPYTER_{kind}_DIR": str(room / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    # Modules are compiled once, as an installation would do, whatever this shell says.
    unwanted = ("JUPYTER", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    keep = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
    path = [str(CHILDREN)] if peer == "released" else [str(CHILDREN), str(lab.source)]
    return {**keep, **folders, "HOME": str(room), "PYTHONPATH": os.pathsep.join(path)}


def _jupyter(lab: Lab, stack: contextlib.ExitStack, *, name: str, python: str) -> Endpoint:
    room, port = lab.room(name), free_port()
    config = room / "jupyter_server_config.py"
    config.write_text(_config(python, room, port))
    env = jupyter_environment(lab, name, room)
    command = [python, "-m", "jupyter_server", f"--config={config}"]
    program = stack.enter_context(running(name, command, log=room / "log", env=env))
    wait_listening(program, port)
    cookies = "; ".join(_log_in(port))
    headers = {"Cookie": cookies, "Origin": f"http://127.0.0.1:{port}"}
    prefixes = {backend: f"/proxy/{lab.backend(backend)}/" for backend in _BACKENDS}
    prefixes |= {"service": "/", "lag": "/bench/lag"}
    return Endpoint(port, prefixes, headers, program)


def _config(python: str, room: Path, port: int) -> str:
    late = {
        f"late-{number}": {
            "command": [python, str(CHILDREN / "late_backend.py"), "{port}", str(age), str(stamp)],
            "timeout": 30,
            "launcher_entry": {"enabled": False},
        }
        for number, age in enumerate(AGES)
        for stamp in [room / f"stamp-{number}"]
    }
    extensions = {"jupyter_server_proxy": True, "bench_floor": True, **_others()}
    lines = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "ServerApp.root_dir": str(room),
        "ServerApp.jpserver_extensions": extensions,
        "IdentityProvider.token": _TOKEN,
        "ServerProxy.servers": late,
    }
    return "".join(f"c.{key} = {value!r}\n" for key, value in lines.items())


def _others() -> dict[str, bool]:
    """Extensions that may be installed beside ours, switched off so that both peers are alike."""
    names = ("jupyterlab", "notebook", "notebook_shim", "jupyter_lsp")
    return {name: False for name in names if importlib.util.find_spec(name)}


def _log_in(port: int) -> Iterator[str]:
    """The cookies a browser has after logging in by the token link."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", f"/api/status?token={_TOKEN}")
    response = connection.getresponse()
    response.read()
    cookies = [value.partition(";")[0] for value in response.headers.get_all("Set-Cookie", [])]
    connection.close()
    if not any(cookie.startswith("username-") for cookie in cookies):
        raise CannotMeasureError("Jupyter gave no login cookie")
    yield from cookies


def late_stamp(program: Program, number: int) -> Path:
    """Where that late service of a Jupyter peer writes when it became ready."""
    return program.log.parent / f"stamp-{number}"
