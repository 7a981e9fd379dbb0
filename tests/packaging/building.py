"""Runs the programs that build and install distributions."""

from __future__ import annotations

import subprocess
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Built:
    """A distribution file, and what was said while it was built."""

    path: Path
    log: str


def run(command: Sequence[str | Path], env: Mapping[str, str], cwd: Path | None = None) -> str:
    """Run to the end, and return what it printed; an AssertionError with that if it failed."""
    done = subprocess.run(
        [str(word) for word in command],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}"
    return done.stdout


def fresh_python(folder: Path) -> Path:
    """The interpreter of a virtual environment made in `folder`, which has pip and no more."""
    venv.create(folder, with_pip=True)
    return folder / "bin" / "python"


def pip_wheel(source: Path, python: Path, env: Mapping[str, str], out: Path) -> Built:
    """What `pip install source` would build."""
    command = [python, "-m", "pip", "wheel", "--verbose", "--no-deps", "--wheel-dir", out, source]
    log = run(command, env)
    (path,) = out.glob("*.whl")
    return Built(path, log)
