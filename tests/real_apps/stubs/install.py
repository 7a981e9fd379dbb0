"""Lays out a folder of stubs as the packages look for their programs. Starts nothing."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from pathlib import Path

_STUB = Path(__file__).with_name("program.py")
PROGRAMS: Sequence[str] = (
    "brat",
    "code-server",
    "configurable-http-proxy",
    "dcv",
    "filebrowser",
    "gunicorn",
    "julia",
    "matlab-proxy-manager-app",
    "novnc-supervisord",
    "openvscode-server",
    "pgweb",
    "phoenix",
    "positron-server",
    "projector",
    "pycharm",
    "refine",
    "rserver",
    "shiny-server",
    "syncthing",
    "theia",
    "xpra",
    "zeppelin-daemon",
)
# jupyter-trame-proxy imports its application, so the stub is a module too.
_TRAME = """\
import sys

def main(*, port, open_browser, timeout):
    sys.argv[0] = "pv_visualizer"
    from pv_visualizer.app import program
    program.main("pv_visualizer", ["--port", str(port), *sys.argv[1:]])
"""


def install_stubs(folder: Path) -> dict[str, str]:
    """Make `folder/bin` and what belongs to it. Returns what Jupyter's environment needs besides
    that folder on its PATH."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    for name in PROGRAMS:
        (programs / name).write_text(f"#!{sys.executable}\n{_STUB.read_text()}")
        (programs / name).chmod(0o755)
    # Positron is only started where its libraries are.
    (folder / "resources" / "activation" / "linux" / platform.machine()).mkdir(parents=True)
    _write_module(folder / "modules" / "pv_visualizer" / "app")
    return {
        "PYTHONPATH": str(folder / "modules"),
        "CODE_SERVER_INSTALL_DIR": str(folder),
        "WEB_FILE_BROWSER_INSTALL_DIR": str(folder),
    }


def _write_module(package: Path) -> None:
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "program.py").write_text(_STUB.read_text())
    (package / "main.py").write_text(_TRAME)
