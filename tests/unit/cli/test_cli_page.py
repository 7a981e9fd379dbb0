"""The pages about the command line and notebooks tell the truth."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from jupyter_server_proxy.cli.arguments import build_parser
from jupyter_server_proxy.cli.exit_codes import MEANINGS
from jupyter_server_proxy.serving import App, serve

DOCS = Path(__file__).parents[3] / "docs" / "user"
CLI = (DOCS / "cli.md").read_text(encoding="utf-8")
NOTEBOOKS = (DOCS / "notebooks.md").read_text(encoding="utf-8")


def commands():
    return build_parser()._subparsers._group_actions[0].choices


def test_the_exit_codes() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", CLI, re.MULTILINE)
    assert rows == [(str(int(code)), meaning) for code, meaning in MEANINGS.items()]


def test_every_command_is_there() -> None:
    named = set(re.findall(r"^\| `(\w+)", CLI, re.MULTILINE))
    assert named == set(commands())


def test_options_exist() -> None:
    known = {option for parser in commands().values() for option in parser._option_string_actions}
    ours = re.sub(r" -- .+", "", CLI)  # what follows is the application's
    named = set(re.findall(r"(?<![\w.-])--?[a-z][a-z-]*", ours))
    assert named - {"-m"} <= known


def test_what_is_said_of_apps() -> None:
    named = set(re.findall(r"app\.(\w+)", re.sub(r'"app\.py"', "", NOTEBOOKS)))
    members = {name for name, _ in inspect.getmembers(App) if not name.startswith("_")}
    assert named <= members
    assert members - named <= {"name", "instance"}
    keywords = set(re.findall(r"serve\(\[\.\.\.\], (\w+)=", NOTEBOOKS)) | {"wait", "name"}
    assert keywords - {"timeout"} <= set(inspect.signature(serve).parameters)
