"""Distributions built as on a machine that has Python and nothing else, and one installed."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(path) for path in (ROOT, ROOT / "tests" / "e2e", Path(__file__).parent)]

from building import Built, fresh_python, pip_wheel, run  # noqa: E402

# Whatever a checkout has beside its sources; a fresh clone has none of it.
_NOT_SOURCES = shutil.ignore_patterns(
    "node_modules", "lib", ".git", ".venv", "build", "dist", ".demo", "__pycache__", ".*_cache"
)


@pytest.fixture(scope="session")
def without_node(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment, with a search path on which there is a shell and nothing else."""
    tools = tmp_path_factory.mktemp("tools")
    shell = shutil.which("sh")
    assert shell is not None
    (tools / "sh").symlink_to(shell)
    env = {**os.environ, "PATH": str(tools), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    assert all(shutil.which(name, path=env["PATH"]) is None for name in ("node", "npm", "jlpm"))
    return env


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new, empty virtual environment."""
    return fresh_python(tmp_path_factory.mktemp("bare"))


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources, as a fresh clone has them."""
    tree = tmp_path_factory.mktemp("clone") / "jupyter-server-proxy"
    shutil.copytree(ROOT, tree, ignore=_NOT_SOURCES)
    shutil.rmtree(tree / "jupyter_server_proxy" / "labextension", ignore_errors=True)
    return tree


@pytest.fixture(scope="session")
def wheel(
    tree: Path,
    bare_python: Path,
    without_node: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Built:
    """The wheel that `pip install .` makes and installs."""
    return pip_wheel(tree, bare_python, without_node, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def sdist(
    wheel: Built, tree: Path, without_node: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Built:
    """The source distribution (`wheel` comes first, so that Node.js is needed only once)."""
    out = tmp_path_factory.mktemp("sdist")
    log = run([sys.executable, "-m", "build", "--sdist", "--outdir", out], without_node, tree)
    (path,) = out.glob("*.tar.gz")
    return Built(path, log)


@pytest.fixture(scope="session")
def wheel_from_sdist(
    sdist: Built,
    bare_python: Path,
    without_node: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Built:
    """What someone gets for whom there is no wheel."""
    unpacked = tmp_path_factory.mktemp("unpacked")
    run([sys.executable, "-m", "tarfile", "-e", sdist.path, unpacked], os.environ)
    (source,) = unpacked.iterdir()
    return pip_wheel(source, bare_python, without_node, tmp_path_factory.mktemp("second-wheel"))


@pytest.fixture(scope="session")
def installed(wheel: Built, bare_python: Path, without_node: dict[str, str]) -> Path:
    """The folder of a virtual environment that has the wheel and what it requires, no more."""
    run([bare_python, "-m", "pip", "install", "--quiet", wheel.path], without_node)
    return bare_python.parent.parent
