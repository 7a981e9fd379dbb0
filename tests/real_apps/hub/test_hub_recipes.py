"""Recipes of the documentation with the real applications, behind a real JupyterHub: a person logs
in, sees the application start, has it work something out, and stops it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from _hub.running import RunningHub, command_line
from browser import Troubles
from playwright.sync_api import Page, Response, expect
from recipes import hub_of, recipe

pytestmark = pytest.mark.timeout(400)

_HOST = "hub.example.com"
_USER = "ann"
_CLICKED = "Clicks counted in Python:"


class Visit:
    """Somebody at the browser, and what the browser has seen since."""

    def __init__(self, page: Page, hub: RunningHub) -> None:
        self.page = page
        self.hub = hub
        self.url = hub.url.replace("127.0.0.1", _HOST)
        self.troubles = Troubles(page.context, _HOST)
        self.websockets: list[str] = []
        self.start_pages: list[str] = []
        page.on("websocket", lambda websocket: self.websockets.append(websocket.url))
        page.on("response", self._on_response)

    def _on_response(self, response: Response) -> None:
        if response.status == 503 and response.request.is_navigation_request():
            self.start_pages.append(response.url)

    def log_in(self, password: str = "") -> None:
        """By the Hub's form, which leads to the own server."""
        self.page.goto(f"{self.url}hub/login")
        self.page.get_by_label("Username").fill(_USER)
        self.page.get_by_label("Password").fill(password or self.hub.settings.password)
        self.page.get_by_role("button", name="Sign in").click()

    def stop(self) -> None:
        """By the button on the Hub's page. Nothing of the server may go on."""
        processes = self.hub.marked(_USER)
        assert processes
        self.page.goto(f"{self.url}hub/home")
        self.page.get_by_role("button", name="Stop My Server").click()
        expect(self.page.get_by_role("button", name="Start My Server")).to_be_visible()
        assert [command_line(process) for process in self.hub.marked(_USER)] == []

    def expect_no_troubles(self, *, but: str = "") -> None:
        """Nothing red below the Hub's prefix, which is where the application is."""
        found = self.troubles.below(self.hub.base_url)
        assert [it for it in found if not (but and re.search(but, it))] == []


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
    text = recipe("jupyterhub-recipes", one.heading)
    with hub_of(text, one.packages, tmp_path) as hub:
        visit = Visit(page, hub)
        visit.log_in()
        one.use(page)
        assert page.url.startswith(f"{visit.url}user/{_USER}/")
        assert visit.start_pages
        below = f"{hub.base_url}user/{_USER}/"
        assert bool([url for url in visit.websockets if below in url]) == one.has_websocket
        visit.expect_no_troubles(but=one.known)
        visit.stop()
