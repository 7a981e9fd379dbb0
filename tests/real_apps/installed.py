"""Jupyter servers of the environments below build/apps, each with packages from the package index.

`make test-apps` makes one environment per file in `requirements/`, named like that file. Nothing
here knows any of the packages.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from jupyter_process import JupyterProcess, start_jupyter

APPS = Path(os.environ.get("APPS") or Path(__file__).parents[2] / "build" / "apps")
# Seconds for an answer, with whatever has to start first.
PATIENCE = 150
_LOADED = "jupyter_server_proxy | extension was successfully loaded"
_ISOLATED = "packages that listen on every address are only run in a network of their own"


def bin_of(packages: str) -> Path:
    """The folder of programs of the environment made of requirements/`packages`.txt."""
    programs = APPS / packages / "bin"
    assert (programs / "python").exists(), f"{programs} is missing: `make test-apps` makes it"
    return programs


def need_own_network() -> None:
    """Skip where a program that listens on all addresses could be reached from elsewhere."""
    if set(psutil.net_if_addrs()) != {"lo"}:
        pytest.skip(f"NOT ISOLATED: {_ISOLATED}, as `make test-apps` does where it may")


@contextmanager
def jupyter_of(
    packages: str,
    folder: Path,
    *,
    config: str = "",
    env: Mapping[str, str] | None = None,
    programs: Path | None = None,
) -> Iterator[JupyterProcess]:
    """A Jupyter server with these packages. Nothing of it may be left after it was stopped.

    What is in the folder `programs` is found before everything else.
    """
    need_own_network()
    path = [programs, bin_of(packages), Path(os.environ["PATH"])]
    home, sockets = folder / "home", folder / "sockets"
    for directory in (home, sockets):
        directory.mkdir(exist_ok=True)
    file = folder / "jupyter_server_config.py"
    file.write_text(config)
    settings = {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(sockets),
        "PATH": os.pathsep.join(str(part) for part in path if part),
        **(env or {}),
    }
    python = bin_of(packages) / "python"
    jupyter = start_jupyter(folder, config=file, python=python, env=settings)
    try:
        # Better here than in every test that waits for a page.
        assert _LOADED in jupyter.output()
        yield jupyter
    finally:
        left = jupyter.stop()
        print(jupyter.output())
    left += [str(path) for path in sockets.glob("jupyter-server-proxy*")]
    assert left == [], f"left behind after SIGTERM: {left}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request; redirects are not followed."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """The body as a person would read it."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body as a program would read it."""
        return json.loads(self.body)


def ask(url: str, path: str, *, token: str = "", method: str = "GET", body: str = "") -> Answer:
    """What a program gets that asks below `url`, the path being sent as it is given."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
    headers = {"Authorization": f"token {token}"} if token else {}
    try:
        connection.request(method, parts.path + path, body or None, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def ask_jupyter(jupyter: JupyterProcess, path: str, *, method: str = "GET") -> Answer:
    """The same, logged in, below Jupyter's base URL."""
    return ask(jupyter.url, path, token=jupyter.token, method=method)
