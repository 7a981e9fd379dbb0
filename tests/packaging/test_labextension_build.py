"""A labextension is built again exactly when it is not what its sources say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hatch_build import fingerprint, is_current, stamp


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    sources = tmp_path / "labextension"
    (sources / "src" / "deep").mkdir(parents=True)
    for name in ("package.json", "package-lock.json", "tsconfig.json", "src/index.ts"):
        (sources / name).write_text("{}\n")
    (sources / "src" / "deep" / "more.ts").write_text("export {};\n")
    return sources


@pytest.fixture
def output(tmp_path: Path, sources: Path) -> Path:
    output = tmp_path / "built"
    (output / "static").mkdir(parents=True)
    (output / "static" / "remoteEntry.1.js").write_text("x")
    manifest = {"jupyterlab": {"_build": {"load": "static/remoteEntry.1.js"}}}
    (output / "package.json").write_text(json.dumps(manifest))
    stamp(output).write_text(fingerprint(sources) + "\n")
    return output


def test_nothing_changed(output: Path, sources: Path) -> None:
    assert is_current(output, sources)


CHANGES: dict[str, Callable[[Path, Path], object]] = {
    "a source changed": lambda _, s: (s / "src/index.ts").write_text("export {};"),
    "a source in a folder changed": lambda _, s: (s / "src/deep/more.ts").write_text("{}"),
    "a source is new": lambda _, s: (s / "src/new.ts").write_text(""),
    "a source was renamed": lambda _, s: (s / "src/index.ts").rename(s / "src/other.ts"),
    "a dependency changed": lambda _, s: (s / "package-lock.json").write_text("{1}"),
    "the compiler's settings changed": lambda _, s: (s / "tsconfig.json").write_text("{1}"),
    "built by hand, from who knows what": lambda o, _: stamp(o).unlink(),
    "the manifest is missing": lambda o, _: (o / "package.json").unlink(),
    "the manifest is cut off": lambda o, _: (o / "package.json").write_text("{"),
    "the entry is missing": lambda o, _: (o / "static/remoteEntry.1.js").unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_has_to_be_built_when(change: str, output: Path, sources: Path) -> None:
    CHANGES[change](output, sources)
    assert not is_current(output, sources)


def test_ends_of_lines_do_not_matter(output: Path, sources: Path) -> None:
    (sources / "src" / "deep" / "more.ts").write_bytes(b"export {};\r\n")
    assert is_current(output, sources)


def test_compiled_files_do_not_matter(output: Path, sources: Path) -> None:
    (sources / "lib").mkdir()
    (sources / "lib" / "index.js").write_text("")
    (sources / "node_modules").mkdir()
    assert is_current(output, sources)
