"""marimo-jupyter-extension, which reaches into the state of its route to end and renew marimo."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil
import pytest
from browser import Troubles
from installed import ask_jupyter, jupyter_of
from jupyter_process import JupyterProcess
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.timeout(400)

_NOTEBOOK = """\
import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo
    return (mo,)


@app.cell
def _(mo):
    number = mo.ui.slider(1, 10, value=7)
    number
    return (number,)


@app.cell
def _(mo, number):
    mo.md(f"{number.value} squared is {number.value ** 2}")
    return
"""


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    folder = tmp_path_factory.mktemp("marimo")
    (folder / "squares.py").write_text(_NOTEBOOK)
    with jupyter_of("services", folder, config="c.MarimoProxyConfig.sandbox = None\n") as jupyter:
        yield jupyter


def is_alive(jupyter: JupyterProcess) -> bool:
    """What the package's own sidebar shows."""
    answer = ask_jupyter(jupyter, "marimo-tools/health")
    assert answer.status == 200
    return bool(answer.json()["process_alive"])


def marimos(jupyter: JupyterProcess) -> set[int]:
    """The marimo servers of this Jupyter."""
    return {process.pid for process in jupyter.marked() if "--base-url" in process.cmdline()}


def test_restart_ends_marimo_and_the_next_request_starts_another(jupyter: JupyterProcess) -> None:
    assert not is_alive(jupyter)
    assert ask_jupyter(jupyter, "marimo/").status == 200
    assert is_alive(jupyter)
    before = marimos(jupyter)
    assert len(before) == 1
    restarted = ask_jupyter(jupyter, "marimo-tools/restart", method="POST")
    assert restarted.json() == {"success": True, "message": "Server restarting"}
    assert not is_alive(jupyter)
    assert marimos(jupyter) == set()
    assert ask_jupyter(jupyter, "marimo/health").json() == {"status": "healthy"}
    assert is_alive(jupyter)
    assert len(marimos(jupyter) - before) == 1


def test_marimo_that_died_is_noticed_and_started_again(jupyter: JupyterProcess) -> None:
    assert ask_jupyter(jupyter, "marimo/health").status == 200
    (pid,) = marimos(jupyter)
    process = psutil.Process(pid)
    process.kill()
    psutil.wait_procs([process], timeout=20)
    answer = ask_jupyter(jupyter, "marimo/health")
    while answer.status == 503:
        time.sleep(float(answer.headers["Retry-After"]))
        answer = ask_jupyter(jupyter, "marimo/health")
    assert answer.json() == {"status": "healthy"}
    assert is_alive(jupyter)
    assert "watcher iteration failed" not in jupyter.output()


def test_notebook_reacts_without_a_login_of_its_own(page: Page, troubles: Troubles) -> None:
    page.goto("marimo/?file=squares.py")
    expect(page.get_by_test_id("cell-editor").first).to_be_visible()
    page.keyboard.press("Control+Shift+r")
    expect(page.get_by_text("7 squared is 49")).to_be_visible()
    page.get_by_role("slider").first.press("ArrowRight")
    expect(page.get_by_text("8 squared is 64")).to_be_visible()
    assert troubles.below("/marimo/") == []
