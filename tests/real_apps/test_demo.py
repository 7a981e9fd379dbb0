"""Every application of the demo, used once by a person in a browser, then all stopped.

The tests share one demo and are meant to run in this order: the last one ends it.
"""

from __future__ import annotations

import re

import pytest
from browser import Troubles
from jupyter_process import JupyterProcess
from playwright.sync_api import Page, expect

# Seconds, on a machine that does other things besides.
pytestmark = pytest.mark.timeout(400)


def test_launcher_offers_every_application(page: Page) -> None:
    page.goto("lab?reset")
    for title in (
        *("Datasette", "TensorBoard", "Streamlit", "Bokeh", "marimo"),
        *("Broken", "Never listens"),
    ):
        card = page.locator(".jp-LauncherCard").filter(has_text=title)
        expect(card).to_be_visible()
        # JupyterLab shows a picture in its own sections, and a drawing in others.
        picture = card.locator(".jp-LauncherCard-icon").locator("img, svg image")
        address = picture.get_attribute("src") or picture.get_attribute("href")
        assert page.request.get(str(address)).headers["content-type"] == "image/svg+xml"


def test_datasette_answers_a_query(page: Page, troubles: Troubles) -> None:
    page.goto("datasette/")
    page.get_by_role("link", name="library").click()
    page.get_by_role("link", name="books", exact=True).first.click()
    expect(page.locator("table.rows-and-columns tbody tr")).to_have_count(6)
    page.get_by_role("link", name="year", exact=True).first.click()
    expect(page.locator("table.rows-and-columns tbody tr").first).to_contain_text("Frankenstein")
    page.goto(
        "datasette/library?sql=select+title+from+books+where+year+>+1900+and+title+like+'%25s'"
    )
    expect(page.locator("table.rows-and-columns tbody tr")).to_have_text(["Dubliners"])
    assert troubles.seen == []


def test_streamlit_counts_clicks_and_takes_an_upload(page: Page, troubles: Troubles) -> None:
    page.goto("streamlit/")
    expect(page.get_by_text("Clicks counted in Python: 0")).to_be_visible()
    page.get_by_role("button", name="Count").click()
    expect(page.get_by_text("Clicks counted in Python: 1")).to_be_visible()
    page.get_by_role("button", name="Count").click()
    expect(page.get_by_text("Clicks counted in Python: 2")).to_be_visible()
    upload = {"name": "zeros.bin", "mimeType": "application/octet-stream", "buffer": bytes(3 << 20)}
    page.locator("input[type=file]").set_input_files(upload)
    expect(page.get_by_text("zeros.bin: 3145728 bytes")).to_be_visible()
    assert troubles.seen == []


def test_marimo_runs_its_cells_and_reacts(page: Page, troubles: Troubles) -> None:
    page.goto("marimo/")
    expect(page.get_by_test_id("cell-editor").first).to_be_visible()
    page.keyboard.press("Control+Shift+r")
    expect(page.get_by_text("7 squared is 49")).to_be_visible()
    page.get_by_role("slider").first.press("ArrowRight")
    expect(page.get_by_text("8 squared is 64")).to_be_visible()
    assert troubles.seen == []


def test_tensorboard_draws_both_runs(page: Page, troubles: Troubles) -> None:
    page.goto("tensorboard/")
    expect(page.get_by_text("fast", exact=True).first).to_be_visible()
    expect(page.get_by_text("slow", exact=True).first).to_be_visible()
    page.locator("scalar-card svg path").first.wait_for(state="attached")
    # TensorBoard asks for its fonts at the root, whatever its prefix; it shows others instead.
    fonts = re.compile(r"/font-roboto/")
    assert [trouble for trouble in troubles.seen if not fonts.search(trouble)] == []


def test_bokeh_redraws_over_its_websocket(page: Page, troubles: Troubles) -> None:
    page.goto("bokeh/bokeh_app")
    expect(page.get_by_text("Python has drawn frequency 1")).to_be_visible()
    page.locator(".noUi-handle").press("ArrowRight")
    expect(page.get_by_text("Python has drawn frequency 2")).to_be_visible()
    assert troubles.seen == []


def test_broken_application_says_why(page: Page) -> None:
    page.goto("broken/")
    expect(page.locator("body")).to_contain_text("licence.key is missing")


def test_application_that_never_listens_says_so(page: Page) -> None:
    page.goto("silent/")
    expect(page.locator("body")).to_contain_text("8 s")
    expect(page.locator("body")).to_contain_text("Loading a very large model")


def test_ctrl_c_stops_everything(page: Page, demo: JupyterProcess) -> None:
    for path in ("datasette/", "streamlit/", "marimo/", "tensorboard/", "bokeh/bokeh_app"):
        page.goto(path)
    # Jupyter, five applications, and what marimo and TensorBoard start themselves.
    assert len(demo.marked()) >= 7
    demo.interrupt()
    assert demo.wait() == 0
    assert demo.survivors() == []
    assert "Shutting down" in demo.output()
