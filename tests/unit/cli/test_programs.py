"""How a program of a person's own is found, named and described."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from jupyter_server_proxy.client import Address
from jupyter_server_proxy.client.definitions import (
    define,
    find_program,
    make_paths_explicit,
    suggest_name,
)

HERE = Address("http://localhost/", pid=1)
ELSEWHERE = Address("http://elsewhere/")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders `python` (of the interpreter) and `path` (on PATH)."""
    for folder, names in (("python", ["tool"]), ("path", ["tool", "other"])):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).touch(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_programs_beside_our_python_come_first(programs: Path) -> None:
    assert find_program("tool") == str(programs / "python" / "tool")
    assert find_program("other") == str(programs / "path" / "other")
    assert find_program("unknown") == "unknown"
    assert find_program("path/other") == str(programs / "path" / "other")
    assert find_program("path/unknown") == "path/unknown"


def test_on_the_servers_machine_the_folder_is_ours(programs: Path) -> None:
    definition = define("a", ["other", "x"], HERE, keys={"timeout": 1})
    assert definition == {"name": "a", "command": [str(programs / "path" / "other"), "x"],
                          "cwd": str(programs), "timeout": 1}  # fmt: skip
    assert define("a", ["other"], HERE, keys={"cwd": "/x"})["cwd"] == "/x"


def test_elsewhere_the_server_knows_better(programs: Path) -> None:
    command = ["other"]
    assert define("a", command, ELSEWHERE, keys={}) == {"name": "a", "command": ["other"]}
    assert command == ["other"]


def test_paths_that_lead_somewhere_from_here(programs: Path) -> None:
    declared = {"file": {"type": "path"}, "text": {"type": "string"}}
    values = {"file": "path/other", "text": "path/other", "unknown": "path"}
    found = make_paths_explicit(values, declared, HERE)
    assert found == {**values, "file": str(programs / "path" / "other")}
    assert make_paths_explicit({"file": "nowhere"}, declared, HERE) == {"file": "nowhere"}
    assert make_paths_explicit(values, declared, ELSEWHERE) == values


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["streamlit", "run", "app.py"], "streamlit"),
        (["/opt/bin/code-server"], "code-server"),
        (["python", "-m", "http.server"], "http"),
        (["python3.11", "my app.py"], "my-app"),
        ([os.path.join("x", "python"), "-u", "dir/dash_app.py", "--x"], "dash_app"),
        (["python"], "python"),
        (["python", "-c", "pass"], "python"),
        (["§§"], "app"),
    ],
)
def test_names(command: list[str], name: str) -> None:
    assert suggest_name(command) == name
