"""The recipes of the documentation, and a JupyterHub that follows one of them.

A recipe is used as it is written, but for the folder of the applications in it.
"""

from __future__ import annotations

import os
import re
import runpy
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from _hub.proxy import find_proxy
from _hub.running import RunningHub, Settings, running_hub
from installed import bin_of, need_own_network

_HERE = Path(__file__).parent
_TESTS = _HERE.parents[1]
_DEMO = _TESTS.parent / "demo"
DOCS = _TESTS.parent / "docs" / "user"
# Where the documentation has the applications.
_DOCUMENTED = "/srv/apps"
_SECTION = re.compile(r"^#{2,3} (.+)\n((?:(?!#{2,3} ).*\n)*)", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def recipes(page: str, heading: str, *, language: str = "python") -> list[str]:
    """The blocks below a heading of docs/user/`page`.md."""
    sections = dict(_SECTION.findall((DOCS / f"{page}.md").read_text(encoding="utf-8")))
    return [text for kind, text in _BLOCK.findall(sections[heading]) if kind == language]


def lay_out_applications(folder: Path) -> None:
    """What recipes have in /srv/apps."""
    shutil.copytree(_HERE / "apps", folder)
    shutil.copytree(_HERE.parent / "programs" / "apps" / "shiny", folder / "shiny")
    for name in ("bokeh", "marimo", "streamlit"):
        shutil.copy(_DEMO / "apps" / f"{name}_app.py", folder)
    runpy.run_path(str(_DEMO / "sample_data.py"))["_make_training_log"](folder / "runs")


@contextmanager
def hub_of(
    text: str, packages: str, folder: Path, *, python: str = sys.executable
) -> Iterator[RunningHub]:
    """A Hub configured by `text`, with the programs of the environment `packages`. Nothing of it
    may be left afterwards. The Hub itself is the one of `python`."""
    need_own_network()
    proxy = find_proxy()
    if proxy is None:
        pytest.skip("NO PROXY FOR THE HUB: `make test-apps` installs it and runs these tests")
    apps = folder / "apps"
    lay_out_applications(apps)
    settings = Settings(
        folder=str(folder),
        proxy=proxy,
        command=[],
        recipe=text.replace(_DOCUMENTED, str(apps)),
        python=python,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{bin_of(packages)}{os.pathsep}{os.environ['PATH']}")
        with running_hub(settings) as hub:
            try:
                yield hub
            finally:
                print(hub.log())
