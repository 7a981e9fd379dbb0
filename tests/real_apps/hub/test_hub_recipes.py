"""Recipes of the documentation with the real applications, behind a real JupyterHub: a person logs
in, sees the application start, has it work something out, and stops it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect
from recipes import hub_of, recipes
from visiting import Visit

pytestmark = pytest.mark.timeout(400)

_CLICKED = "Clicks counted in Python:"


def count_clicks(page: Page) -> None:
    expect(page.get_by_text(f"{_CLICKED} 0")).to_be_visible()
    page.get_by_role("button", name="Count").click()
    expect(page.get_by_text(f"{_CLICKED} 1")).to_be_visible()


def count_clicks_and_upload(page: Page) -> None:
    count_clicks(page)
    upload = {"name": "zeros.bin", "mimeType": "application/octet-stream", "buffer": bytes(3 << 20)}
    page.locator("input[type=file]").set_input_files(upload)
    expect(page.get_by_text("zeros.bin: 3145728 bytes")).to_be_visible()


def type_text(page: Page) -> None:
    expect(page.get_by_text("Python says CBA")).to_be_visible()
    page.locator("input#typed").fill("hello")
    expect(page.get_by_text("Python says OLLEH")).to_be_visible()


def move_bokeh_slider(page: Page) -> None:
    expect(page.get_by_text("Python has drawn frequency 1")).to_be_visible()
    page.locator(".noUi-handle").press("ArrowRight")
    expect(page.get_by_text("Python has drawn frequency 2")).to_be_visible()


def move_marimo_slider(page: Page) -> None:
    expect(page.get_by_text("7 squared is 49")).to_be_visible()
    page.get_by_role("slider").first.press("ArrowRight")
    expect(page.get_by_text("8 squared is 64")).to_be_visible()


def look_at_runs(page: Page) -> None:
    expect(page.get_by_text("slow", exact=True).first).to_be_visible()
    page.locator("scalar-card svg path").first.wait_for(state="attached")


def change_number(page: Page) -> None:
    expect(page.get_by_text("R says 49")).to_be_visible()
    page.get_by_label("Number").fill("8")
    expect(page.get_by_text("R says 64")).to_be_visible()
    expect(page.locator("#plot img")).to_be_visible()


def look_at_files(page: Page) -> None:
    page.get_by_role("link", name="dash_app.py").click()
    page.wait_for_url("**/dash_app.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The heading of its recipe, the environment that has it, and how a person uses it."""

    heading: str
    packages: str
    use: Callable[[Page], None]
    has_websocket: bool = True
    known: str = ""


# Voila's page loads what JupyterLab's pages load, and fonts from elsewhere.
_VOILA = r"labextensions|Shared module|asked the internet|NAME_NOT_RESOLVED"
APPLICATIONS = (
    Application(heading="Streamlit", packages="programs", use=count_clicks_and_upload),
    Application(heading="Dash", packages="programs", use=type_text, has_websocket=False),
    Application(heading="Panel", packages="services", use=count_clicks),
    Application(heading="Bokeh", packages="programs", use=move_bokeh_slider),
    Application(heading="Voila", packages="voila", use=count_clicks, known=_VOILA),
    Application(heading="TensorBoard", packages="services", use=look_at_runs, has_websocket=False),
    Application(heading="marimo", packages="services", use=move_marimo_slider),
    Application(heading="R Shiny", packages="programs", use=change_number),
    Application(
        heading="Anything else", packages="programs", use=look_at_files, has_websocket=False
    ),
)


@pytest.mark.parametrize("one", APPLICATIONS, ids=lambda one: one.heading.replace(" ", "_"))
def test_application_is_a_server(one: Application, page: Page, tmp_path: Path) -> None:
    if one.heading == "R Shiny" and shutil.which("Rscript") is None:
        pytest.skip("NO R: Debian's r-cran-shiny is not installed")
    text = recipes("jupyterhub-recipes", one.heading)[0]
    with hub_of(text, one.packages, tmp_path) as hub:
        visit = Visit(page, hub)
        visit.log_in()
        one.use(page)
        assert page.url.startswith(visit.home)
        assert visit.start_pages
        below = visit.home.replace("http://", "ws://")
        assert any(url.startswith(below) for url in visit.websockets) == one.has_websocket
        visit.expect_no_troubles(but=one.known)
        visit.stop(one.heading)


def test_first_try_serves_what_it_says(page: Page, tmp_path: Path) -> None:
    (text,) = recipes("jupyterhub", "One machine, to begin with")
    with hub_of(text, "programs", tmp_path) as hub:
        visit = Visit(page, hub)
        visit.log_in("choose-a-long-one-here")
        expect(page.get_by_role("heading", name="Directory listing for /")).to_be_visible()
        assert page.url == visit.home
        visit.stop("first-try")


def test_people_choose_from_a_list(page: Page, tmp_path: Path) -> None:
    (text,) = recipes("jupyterhub", "Let people choose")
    with hub_of(text, "programs", tmp_path) as hub:
        visit = Visit(page, hub)
        visit.log_in()
        page.get_by_label("Application").select_option("Words")
        page.get_by_role("button", name="Start").click()
        type_text(page)
        visit.stop("choice")
        page.get_by_role("button", name="Start My Server").click()
        page.get_by_label("Application").select_option("Clicks")
        page.get_by_role("button", name="Start").click()
        count_clicks(page)
        visit.stop("another-choice")


def test_name_of_a_server_says_which_application(page: Page, tmp_path: Path) -> None:
    (text,) = recipes("jupyterhub", "Several at a time, by name")
    with hub_of(text, "programs", tmp_path) as hub:
        visit = Visit(page, hub)
        page.goto(f"{visit.url}hub/login?next={hub.base_url}hub/spawn/{visit.user}/files")
        visit.fill_in()
        expect(page.get_by_role("heading", name="Directory listing for /")).to_be_visible()
        assert page.url == f"{visit.home}files/"
        page.goto(f"{visit.url}hub/spawn/{visit.user}/something")
        expect(page.get_by_role("heading", name="400")).to_be_visible()


def test_one_process_is_for_everybody(page: Page, tmp_path: Path) -> None:
    (text,) = recipes("jupyterhub", "One process for everybody")
    with hub_of(text, "programs", tmp_path) as hub:
        visit = Visit(page, hub)
        page.goto(f"{visit.url}services/clicks/")
        visit.fill_in()
        count_clicks(page)
        assert page.url == f"{visit.url}services/clicks/"
        running = psutil.Process(hub.process.pid).children(recursive=True)
        assert any("streamlit" in " ".join(process.cmdline()) for process in running)
        hub.end()
        _, alive = psutil.wait_procs(running, timeout=10)
        assert alive == []


def test_jupyter_has_the_application_in_it(page: Page, tmp_path: Path) -> None:
    """As people get it who open a server with the extension, at its default URL."""
    (text,) = recipes("jupyterhub-recipes", "Jupyter with applications in it")
    (tmp_path / "home-ann" / ".jupyter").mkdir(parents=True)
    configuration = text.replace("/srv/apps", str(tmp_path / "apps"))
    (tmp_path / "home-ann" / ".jupyter" / "jupyter_server_config.py").write_text(configuration)
    command = ["jupyterhub-singleuser", *(["--allow-root"] if os.getuid() == 0 else [])]
    hub_text = f"c.Spawner.cmd = {command}\nc.Spawner.default_url = '/clicks/'\n"
    with hub_of(hub_text, "programs", tmp_path) as hub:
        visit = Visit(page, hub)
        visit.log_in()
        count_clicks(page)
        assert page.url == f"{visit.home}clicks/"
        visit.stop("extension")
