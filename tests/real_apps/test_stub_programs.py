"""Packages whose programs cannot be had, with stubs in their place: what a stub is started with
and asked is what release 4.6.0 starts it with and asks it, but for differences with a name."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import pytest
from installed import ask_jupyter, bin_of, jupyter_of, need_own_network
from jupyter_process import JupyterProcess, start_jupyter

sys.path.insert(0, str(Path(__file__).parent / "stubs"))

from asking import BASE_URL, CASES, Case, Record, asker
from differences import ours
from install import install_stubs

pytestmark = pytest.mark.timeout(400)

_CONFIG = f"c.ServerApp.base_url = {BASE_URL!r}\n"
# Every service of the packages in requirements/stubs.txt whose program is found.
SERVICES = (
    *("bratproxy", "codeserver", "codeserver2", "dcv", "matlab", "novnc", "openrefine"),
    *("openvscodeserver", "pgweb", "phoenix", "pluto", "positron", "pycharm", "rstudio", "shiny"),
    *("syncthing", "theia", "trame", "vscode", "vscode_server", "vscode_server_fb", "xprahtml5"),
    "zeppelin",
)
# jupyter-projector-proxy has a service for each of these too, though none of them is installed.
ABSENT = (
    *("clion", "datagrip", "goland", "idea", "intellij-idea-community"),
    *("intellij-idea-educational", "intellij-idea-ultimate", "phpstorm", "pycharm-community"),
    *("pycharm-educational", "pycharm-professional", "rubymine", "webstorm"),
)
PGADMIN, WWW = "pgadmin", "www"
_PAGE = CASES[0]

Records = Mapping[tuple[str, str], Record]


def settings(folder: Path, packages: str) -> dict[str, str]:
    """The environment of a Jupyter that finds the stubs below `folder`."""
    stubs, temporary, sockets = folder / "stubs", folder / "tmp", folder / "sockets"
    for directory in (temporary, sockets):
        directory.mkdir()
    return {
        **install_stubs(stubs),
        "HOME": str(folder / "home"),
        "PATH": os.pathsep.join([str(stubs / "bin"), str(bin_of(packages)), os.environ["PATH"]]),
        "TMPDIR": str(temporary),
        "XDG_RUNTIME_DIR": str(sockets),
        "SUPERVISOR_RUNTIME_DIR": str(temporary),
        "JUPYTERHUB_SERVICE_PREFIX": BASE_URL,
        "FILE_BROWSER_BASE_URL": f"{BASE_URL}vscode_server_fb",
        "JUPYTER_VSCODE_PROXY_USE_SOCKET": "true",
        "JUPYTER_OPENVSCODE_PROXY_USE_SOCKET": "true",
    }


def records(jupyter: JupyterProcess, folder: Path, packages: str) -> Records:
    """What comes of every case for every service, and of the pages of the special ones."""
    one = asker(jupyter, folder, bin_of(packages))
    asked = [(name, case) for name in SERVICES for case in CASES]
    asked += [(name, _PAGE) for name in (*ABSENT, PGADMIN, WWW)]
    return {(name, case.name): one.ask(name, case) for name, case in asked}


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """What 4.6.0 does. How well it ends is not what is compared."""
    need_own_network()
    folder = tmp_path_factory.mktemp("released")
    (folder / "home").mkdir()
    config = folder / "jupyter_server_config.py"
    config.write_text(_CONFIG)
    packages = "stubs-released"
    env = settings(folder, packages)
    jupyter = start_jupyter(folder, config=config, python=bin_of(packages) / "python", env=env)
    try:
        return records(jupyter, folder, packages)
    finally:
        print(jupyter.output())
        jupyter.kill()


@pytest.fixture(scope="module")
def jupyter(
    released: Records, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JupyterProcess]:
    """Ours, started when the other has gone: some packages have fixed ports."""
    folder = tmp_path_factory.mktemp("ours")
    env = settings(folder, "stubs")
    with jupyter_of("stubs", folder, config=_CONFIG, env=env) as jupyter:
        yield jupyter


@pytest.fixture(scope="module")
def found(jupyter: JupyterProcess) -> Records:
    return records(jupyter, jupyter.log.parent, "stubs")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
@pytest.mark.parametrize("service", SERVICES)
def test_stub_sees_and_says_what_it_did_with_the_release(
    released: Records, found: Records, service: str, case: Case
) -> None:
    expected = ours(service, case, released[service, case.name])
    assert asdict(found[service, case.name]) == asdict(expected)


@pytest.mark.parametrize("service", ABSENT)
def test_package_without_its_program_says_so(
    released: Records, found: Records, service: str
) -> None:
    assert released[service, "page"].status == 500
    assert found[service, "page"].status == 503
    assert "neither a port nor a unix_socket says where it listens" in found[service, "page"].body


def test_variables_that_are_none_are_not_there(released: Records, found: Records) -> None:
    """jupyter-pgadmin-proxy passes on PGHOST and others, whether there are any or not."""
    assert released[PGADMIN, "page"].status == 500
    told = found[PGADMIN, "page"].told
    assert told is not None
    assert told["program"] == "gunicorn"
    assert told["arguments"][:4] == [
        *("-b", "127.0.0.1:PLACE"),
        *("-e", f"SCRIPT_NAME={BASE_URL}pgadmin"),
    ]
    assert told["environment"]["PGADMIN_LISTEN_PORT"] == "PLACE"
    assert not {"PGHOST", "PGPORT", "PGUSER", "PGPASSWORD"} & set(told["environment"])
    assert told["path"] == f"{BASE_URL}pgadmin/"


def test_files_are_served_by_a_program_that_is_there(released: Records, found: Records) -> None:
    assert found[WWW, "page"] == released[WWW, "page"]
    assert "Directory listing for /" in found[WWW, "page"].body


def test_arguments_that_matter_to_a_program(found: Records) -> None:
    """So that this file says what is compared, for the packages that most people use."""
    rstudio = found["rstudio", "page"].told
    assert rstudio is not None
    assert f"--www-root-path={BASE_URL}rstudio/" in rstudio["arguments"]
    assert "--www-socket=PLACE" in rstudio["arguments"]
    xpra = found["xprahtml5", "page"].told
    assert xpra is not None
    assert xpra["path"].startswith("/index.html?username=")
    pluto = found["pluto", "page"].told
    assert pluto is not None
    assert "port=PLACE, launch_browser=false" in pluto["arguments"][-1]
    syncthing = found["syncthing", "page"].told
    assert syncthing is not None
    assert ["host", "localhost"] in syncthing["headers"]


def test_packages_without_their_programs_stop_nobody(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Half of the entry points raise when their program is missing."""
    folder = tmp_path_factory.mktemp("nothing")
    env = {"TMPDIR": str(folder)}
    with jupyter_of("stubs", folder, config=_CONFIG, env=env) as jupyter:
        address = f"{BASE_URL}server-proxy/servers-info".removeprefix("/")
        listed = ask_jupyter(jupyter, address).json()["server_processes"]
        names = {process["name"] for process in listed}
        assert {"pluto", "rstudio", "shiny", "theia", "vscode", WWW} <= names
        assert not {"codeserver", "codeserver2", "positron", "xprahtml5"} & names
        page = ask_jupyter(jupyter, f"{BASE_URL}{WWW}/".removeprefix("/"))
        assert "Directory listing for /" in page.text
