"""The standalone application as a peer: behind a Hub's login, with the cookie of a browser."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .lab import CHILDREN, Endpoint, Lab, Starter
from .measure_http import small_get
from .model import CannotMeasureError, Effort, Values
from .programs import free_port, running, wait_listening

PREFIX = "/user/ann/"


# The peers, and how they are started.
STANDALONE: Mapping[str, Starter] = {
    "standalone": lambda lab, stack: start_standalone(lab, stack, name="standalone"),
    "standalone-uvloop": lambda lab, stack: start_standalone(
        lab, stack, name="standalone-uvloop", options=("--uvloop",)
    ),
}


def standalone_get(lab: Lab, peer: str, effort: Effort, *, connections: int, served: str) -> Values:
    """As `small_get`; `new` is the peer `served`, and the names of the values begin with that."""
    peer = served if peer == "new" else peer
    values = small_get(lab, peer, effort, connections=connections)
    return {f"{served}-{key}": value for key, value in values.items()}


def start_standalone(
    lab: Lab, stack: contextlib.ExitStack, *, name: str, options: Sequence[str] = ()
) -> Endpoint:
    """In front of the HTTP backend, logged in. Raises CannotMeasureError."""
    room, port, hub = lab.room(name), free_port(), free_port()
    command = [sys.executable, str(CHILDREN / "login_hub.py"), str(hub)]
    wait_listening(stack.enter_context(running("hub", command, log=room / "hub.log")), hub)
    command = [sys.executable, "-m", "jupyter_server_proxy.standalone", *options]
    command += [f"--server-port={lab.backend('http')}"]
    env = _environment(lab, room, port=port, hub=hub)
    program = stack.enter_context(running(name, command, log=room / "log", env=env))
    wait_listening(program, port)
    return Endpoint(port, {"http": PREFIX}, {"Cookie": _log_in(port)}, program)


def _environment(lab: Lab, room: Path, *, port: int, hub: int) -> Mapping[str, str]:
    unwanted = ("JUPYTER", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    keep = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
    return {
        **keep,
        "HOME": str(room),
        "JUPYTER_CONFIG_DIR": str(room),
        "JUPYTERHUB_API_TOKEN": "benchmark-server",
        "JUPYTERHUB_API_URL": f"http://127.0.0.1:{hub}/hub/api",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ann",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps(["access:servers!server=ann/"]),
        "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}{PREFIX}",
        "JUPYTERHUB_USER": "ann",
        "PYTHONPATH": str(lab.source),
    }


def _log_in(port: int) -> str:
    """The cookies of a browser that the Hub has sent back."""
    asked, cookies = _visit(port, PREFIX, "")
    state = re.search("[?&]state=([^&]+)", asked)
    if state is None:
        raise CannotMeasureError("the standalone application asks for no login")
    _, cookies = _visit(port, f"{PREFIX}oauth_callback?code=ann&state={state[1]}", cookies)
    return cookies


def _visit(port: int, path: str, cookies: str) -> tuple[str, str]:
    """Where a visit is sent to, and the cookies that it is given."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"Cookie": cookies} if cookies else {})
    response = connection.getresponse()
    response.read()
    connection.close()
    given = response.headers.get_all("Set-Cookie", [])
    return response.headers["Location"] or "", "; ".join(c.partition(";")[0] for c in given)
