"""Packages that bring a service, as they are on the package index, each asked once."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Troubles
from installed import ask_jupyter, bin_of, jupyter_of
from jupyter_process import JupyterProcess
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.timeout(400)

_PANEL_APP = """\
import panel as pn

pn.extension()
slider = pn.widgets.IntSlider(name="Number", start=0, end=10, value=3)
pn.Column(slider, pn.bind(lambda number: f"Python says {number * number}", slider)).servable()
"""
_EVENT_FILE = """\
import sys
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

writer = EventFileWriter(sys.argv[1])
for step in range(5):
    value = Summary.Value(tag="loss", simple_value=1 / (1 + step))
    writer.add_event(Event(step=step, wall_time=1e9 + step, summary=Summary(value=[value])))
writer.close()
"""


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    folder = tmp_path_factory.mktemp("services")
    examples = folder / "examples"
    examples.mkdir()
    (examples / "hello_panel.py").write_text(_PANEL_APP)
    write_events(folder / "home" / "logs" / "run1")
    with jupyter_of("services", folder, config="c.MarimoProxyConfig.sandbox = None\n") as jupyter:
        yield jupyter


def write_events(folder: Path) -> None:
    """What a training run leaves for TensorBoard."""
    folder.mkdir(parents=True)
    subprocess.run([bin_of("services") / "python", "-c", _EVENT_FILE, folder], check=True)


def test_every_package_is_listed_and_nothing_complains(jupyter: JupyterProcess) -> None:
    listed = ask_jupyter(jupyter, "server-proxy/servers-info").json()["server_processes"]
    names = {process["name"] for process in listed}
    assert {"glances", "hello", "marimo", "panel", "tensorboard"} <= names
    assert "Traceback" not in jupyter.output()


def test_hello_echoes_the_path_as_it_was_sent(jupyter: JupyterProcess) -> None:
    answer = ask_jupyter(jupyter, "hello/a%20b?x=1")
    assert answer.status == 200
    assert "Request path is <code>/a%20b?x=1</code>" in answer.text
    assert re.search(r"listening \(behind the proxy\) on <code>/\S+</code>", answer.text)
    for header in ("X-Forwarded-Context", "X-Forwarded-Prefix", "X-ProxyContextPath"):
        assert re.search(rf"^{header}: /hello", answer.text, re.MULTILINE | re.IGNORECASE)


def test_address_without_slash_leads_to_hello(jupyter: JupyterProcess) -> None:
    answer = ask_jupyter(jupyter, "hello?x=1")
    assert (answer.status, answer.headers["Location"]) == (302, "/hello/?x=1")


def test_glances_shows_its_page_and_answers_its_api(jupyter: JupyterProcess) -> None:
    page = ask_jupyter(jupyter, "glances/")
    assert page.status == 200
    assert "<title>Glances</title>" in page.text
    cpu = ask_jupyter(jupyter, "glances/api/4/cpu")
    assert cpu.status == 200
    assert "total" in cpu.json()


def test_panel_computes_in_python_over_its_websocket(page: Page, troubles: Troubles) -> None:
    page.goto("panel/hello_panel")
    expect(page.get_by_text("Python says 9")).to_be_visible()
    page.locator(".noUi-handle").press("ArrowRight")
    expect(page.get_by_text("Python says 16")).to_be_visible()
    # Panel has no icon for the browser below its prefix.
    assert [it for it in troubles.below("/panel/") if "favicon.ico" not in it] == []


def test_tensorboard_lists_its_run(jupyter: JupyterProcess, page: Page) -> None:
    assert ask_jupyter(jupyter, "tensorboard/data/runs").json() == ["run1"]
    page.goto("tensorboard/")
    expect(page.get_by_text("run1", exact=True).first).to_be_visible()


def test_stopping_jupyter_finds_them_running(jupyter: JupyterProcess) -> None:
    """What is left of them is looked for when this module is done."""
    commands = [" ".join(process.cmdline()) for process in jupyter.marked()]
    for program in ("hello_jupyter_proxy", "glances", "panel serve", "tensorboard"):
        assert any(program in command for command in commands), program
