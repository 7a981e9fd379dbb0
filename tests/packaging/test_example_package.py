"""The package that `examples/package` is: built, installed beside ours, and used."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
from building import Built, fresh_python, pip_wheel, run

pytestmark = pytest.mark.timeout(900)

EXAMPLE = Path(__file__).parents[2] / "examples" / "package"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its sources, as somebody who starts from them has copied them."""
    copy = tmp_path_factory.mktemp("example") / "package"
    leftovers = shutil.ignore_patterns("__pycache__", ".*_cache", "build", "dist", "*.egg-info")
    shutil.copytree(EXAMPLE, copy, ignore=leftovers)
    return copy


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a virtual environment of its own."""
    return fresh_python(tmp_path_factory.mktemp("environment"))


@pytest.fixture(scope="module")
def example_wheel(
    example: Path,
    python: Path,
    without_node: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Built:
    return pip_wheel(example, python, without_node, tmp_path_factory.mktemp("example-wheel"))


def test_its_wheel_has_what_it_needs_and_nothing_else(example_wheel: Built) -> None:
    with zipfile.ZipFile(example_wheel.path) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    assert sorted(names) == [
        f"jupyter_notepad_proxy/{name}"
        for name in ("__init__.py", "app.py", "icon.svg", "page.html")
    ]


def test_its_own_tests_pass_beside_our_wheel(
    wheel: Built,
    example_wheel: Built,
    example: Path,
    python: Path,
    without_node: dict[str, str],
) -> None:
    install = [python, "-m", "pip", "install", "--quiet"]
    run([*install, wheel.path, f"{example_wheel.path}[test]"], without_node)
    # What is tested is what was installed: the sources are not on the search path.
    output = run(
        [python, "-m", "pytest", "-p", "no:cacheprovider", "--quiet"], without_node, example
    )
    assert "8 passed" in output, output
