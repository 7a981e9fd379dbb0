"""Release 4.6.0 in a virtual environment of its own, below build/.

It is checked by its hash and installed with the very versions of everything else that run
the tests, so that nothing but this package makes a difference.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[3]
CACHE = ROOT / "build" / "compat"
RELEASE = "jupyter-server-proxy==4.6.0"
SHA256 = "fe4094802630446780d13cbfc75a64106ae0b528d1d2c281d06753fe1019e69a"
WHEEL = "jupyter_server_proxy-4.6.0-py3-none-any.whl"


def released_python() -> str:
    """The interpreter of an installation of 4.6.0, made anew when versions have changed."""
    folder = CACHE / "released-{}.{}".format(*sys.version_info)
    python = folder / "bin" / "python"
    constraints, stamp = _constraints(), folder / "constraints.txt"
    if not stamp.exists() or stamp.read_text() != constraints:
        venv.create(folder, clear=True, with_pip=True)
        wanted = CACHE / "released-constraints.txt"
        wanted.write_text(constraints)
        _install(python, wanted)
        stamp.write_text(constraints)
    return str(python)


def _constraints() -> str:
    """Everything that is installed here, but for this package."""
    versions = {
        dist.name.lower().replace("_", "-"): dist.version for dist in metadata.distributions()
    }
    del versions["jupyter-server-proxy"]
    return "".join(f"{name}=={version}\n" for name, version in sorted(versions.items()))


def _install(python: Path, constraints: Path) -> None:
    wheels = CACHE / "wheels"
    requirement = CACHE / "released-wheel.txt"
    requirement.write_text(f"{RELEASE} --hash=sha256:{SHA256}\n")
    _pip(
        python, "download", "--no-deps", "--only-binary", ":all:", "--require-hashes",
        "--dest", str(wheels), "-r", str(requirement),
    )  # fmt: skip
    _pip(python, "install", "--constraint", str(constraints), str(wheels / WHEEL))


def _pip(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "-q", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}"
