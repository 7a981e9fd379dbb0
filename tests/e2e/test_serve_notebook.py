"""A person starts an application from a notebook in JupyterLab, and uses it there."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
from browser import screenshot
from jupyter_process import JupyterProcess
from playwright.sync_api import Page, expect

ECHO = str(Path(__file__).parent / "apps" / "echo_page.py")
START = f"""
from jupyter_server_proxy import serve
app = serve(["python", {ECHO!r}, "{{port}}", "From a notebook"],
            name="from-a-notebook", launcher_entry={{"title": "My application"}})
app
"""
CELLS = (START.strip(), "app.iframe(height=320)", "app.logs(3)")


def write_notebook(jupyter: JupyterProcess, name: str) -> None:
    cells = [
        {"cell_type": "code", "id": f"cell-{number}", "metadata": {}, "source": source,
         "outputs": [], "execution_count": None}
        for number, source in enumerate(CELLS)
    ]  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4,
               "nbformat_minor": 5}  # fmt: skip
    request = urllib.request.Request(
        f"{jupyter.url}api/contents/{name}",
        json.dumps({"type": "notebook", "format": "json", "content": content}).encode(),
        {"Authorization": f"token {jupyter.token}", "Content-Type": "application/json"},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=60):
        pass


@pytest.mark.timeout(300)
def test_a_notebook_shows_a_link_and_the_application_itself(
    page: Page, jupyter: JupyterProcess
) -> None:
    write_notebook(jupyter, "serve.ipynb")
    page.goto("lab/tree/serve.ipynb?reset")
    page.locator("#jupyterlab-splash").wait_for(state="detached")
    notebook = page.locator(".jp-NotebookPanel")
    expect(notebook.locator(".jp-Cell")).to_have_count(len(CELLS))
    # Nothing can be run before the kernel is there.
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first).to_be_visible()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    link = notebook.get_by_role("link", name="My application")
    expect(link).to_have_attribute("href", "/from-a-notebook/")
    expect(notebook.get_by_text("is ready.")).to_be_visible()
    frame = notebook.frame_locator("iframe[title='My application']")
    expect(frame.locator("h1")).to_have_text("From a notebook")
    expect(frame.locator("#state")).to_have_text("connected")
    frame.locator("#text").fill("from inside a cell")
    frame.locator("#send").click()
    expect(frame.locator("#log li")).to_have_text(["echo: from inside a cell"])
    screenshot(page, "serve-in-a-notebook")

    with page.expect_popup() as opened:
        link.click()
    expect(opened.value.locator("h1")).to_have_text("From a notebook")
