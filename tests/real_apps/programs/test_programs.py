"""Programs that people put behind Jupyter by configuration alone, used in a browser: with the whole
path and without, at ports and unix sockets. What the demo shows is not repeated here."""

from __future__ import annotations

import re
import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Troubles, new_context, screenshot
from installed import ask_jupyter, jupyter_of
from jupyter_process import JupyterProcess
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.timeout(400)

_HERE = Path(__file__).parent
_DEMO = _HERE.parents[2] / "demo"
_BASE_URL = "/user/ann/"


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    folder = tmp_path_factory.mktemp("programs")
    env = {
        "PROGRAMS": str(_HERE),
        "DEMO": str(_DEMO),
        "FOLDER": str(folder),
        "BASE_URL": _BASE_URL,
        # What would otherwise ask somebody on the internet about versions, or tell them of its use.
        "GRADIO_ANALYTICS_ENABLED": "False",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # Seven more processes, which take the longer part of a minute to start.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    make_database(folder / "library.db")
    config = (_HERE / "configuration.py").read_text()
    with jupyter_of("programs", folder, config=config, env=env) as jupyter:
        yield jupyter


def make_database(path: Path) -> None:
    """The demo's table of books."""
    runpy.run_path(str(_DEMO / "sample_data.py"))["_make_database"](path)


@pytest.fixture
def page(
    browser: Browser, jupyter: JupyterProcess, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page below Jupyter's base URL, logged in."""
    context = new_context(browser, f"{jupyter.url}{_BASE_URL.strip('/')}/", jupyter.token)
    page = context.new_page()
    yield page
    screenshot(page, request.node.name)
    context.close()


@pytest.fixture
def websockets(page: Page) -> list[str]:
    """The addresses of all websockets that the page has opened."""
    opened: list[str] = []
    page.on("websocket", lambda websocket: opened.append(websocket.url))
    return opened


@pytest.mark.parametrize("service", ["datasette-absolute", "datasette-unix"])
def test_datasette_shows_its_table(page: Page, troubles: Troubles, service: str) -> None:
    page.goto(f"{service}/")
    page.get_by_role("link", name="library").click()
    page.get_by_role("link", name="books", exact=True).first.click()
    expect(page.locator("table.rows-and-columns tbody tr")).to_have_count(6)
    assert page.url.endswith(f"{_BASE_URL}{service}/library/books")
    # Given the whole path, Datasette puts its prefix into its links for sorting twice.
    page.goto(f"{service}/library/books?_sort=year")
    expect(page.locator("table.rows-and-columns tbody tr").first).to_contain_text("Frankenstein")
    assert troubles.seen == []


def test_streamlit_counts_clicks(page: Page, troubles: Troubles, websockets: list[str]) -> None:
    service = "streamlit-absolute"
    page.goto(f"{service}/")
    expect(page.get_by_text("Clicks counted in Python: 0")).to_be_visible()
    page.get_by_role("button", name="Count").click()
    expect(page.get_by_text("Clicks counted in Python: 1")).to_be_visible()
    upload = {"name": "zeros.bin", "mimeType": "application/octet-stream", "buffer": bytes(3 << 20)}
    page.locator("input[type=file]").set_input_files(upload)
    expect(page.get_by_text("zeros.bin: 3145728 bytes")).to_be_visible()
    assert [url for url in websockets if f"{_BASE_URL}{service}/" in url]
    assert troubles.seen == []


def test_bokeh_redraws_over_its_websocket(
    page: Page, troubles: Troubles, websockets: list[str]
) -> None:
    page.goto("bokeh-absolute/bokeh_app")
    expect(page.get_by_text("Python has drawn frequency 1")).to_be_visible()
    page.locator(".noUi-handle").press("ArrowRight")
    expect(page.get_by_text("Python has drawn frequency 2")).to_be_visible()
    assert [url for url in websockets if f"{_BASE_URL}bokeh-absolute/bokeh_app/ws" in url]
    assert troubles.seen == []


@pytest.mark.parametrize("service", ["dash", "dash-absolute", "dash-unix"])
def test_dash_answers_what_is_typed(page: Page, troubles: Troubles, service: str) -> None:
    page.goto(f"{service}/")
    expect(page.get_by_text("Python says CBA")).to_be_visible()
    page.locator("input#typed").fill("hello")
    expect(page.get_by_text("Python says OLLEH")).to_be_visible()
    expect(page.locator(".js-plotly-plot .scatterlayer path").first).to_be_visible()
    assert troubles.seen == []


@pytest.mark.parametrize("service", ["gradio", "gradio-absolute", "gradio-unix"])
def test_gradio_answers_and_takes_a_file(page: Page, troubles: Troubles, service: str) -> None:
    page.goto(f"{service}/")
    page.get_by_label("Typed").fill("hello")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_label("Said")).to_have_value("Python says OLLEH")
    upload = {"name": "zeros.bin", "mimeType": "application/octet-stream", "buffer": bytes(3 << 20)}
    page.locator("input[type=file]").first.set_input_files(upload)
    expect(page.get_by_label("Said")).to_have_value("3145728 bytes")
    assert troubles.below(f"{_BASE_URL}{service}") == []


@pytest.mark.parametrize("service", ["mlflow", "mlflow-absolute"])
def test_mlflow_makes_an_experiment(
    jupyter: JupyterProcess, page: Page, troubles: Troubles, service: str
) -> None:
    assert ask_jupyter(jupyter, f"{_BASE_URL}{service}/".removeprefix("/")).status == 200
    page.goto(f"{service}/#/experiments")
    page.get_by_role("button", name="Create", exact=False).first.click()
    page.get_by_placeholder("Input an experiment name").fill("tides")
    page.get_by_role("button", name="Create", exact=True).last.click()
    expect(page.get_by_text("tides").first).to_be_visible()
    # It asks whether there are users, and whether there is an experiment of that name already.
    unknown = re.compile(r"404.*/ajax-api/2\.0/mlflow/(users/current|experiments/get-by-name)")
    found = troubles.below(f"{_BASE_URL}{service}")
    assert [trouble for trouble in found if not unknown.search(trouble)] == []


def test_trame_shares_its_state(page: Page, troubles: Troubles, websockets: list[str]) -> None:
    page.goto("trame/")
    expect(page.get_by_text("Python has heard of 0 clicks")).to_be_visible()
    page.get_by_role("button", name="Click").click()
    expect(page.get_by_text("Python has heard of 1 clicks")).to_be_visible()
    assert [url for url in websockets if f"{_BASE_URL}trame/ws" in url]
    # Its client asks for a launcher first, behind no proxy too, and does without.
    assert [trouble for trouble in troubles.below("/trame/") if "/paraview/" not in trouble] == []


def test_shiny_computes_in_r(page: Page, troubles: Troubles, websockets: list[str]) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip("NO R: Debian's r-cran-shiny is not installed")
    page.goto("shiny/")
    expect(page.get_by_text("R says 49")).to_be_visible()
    page.get_by_label("Number").fill("8")
    expect(page.get_by_text("R says 64")).to_be_visible()
    expect(page.locator("#plot img")).to_be_visible()
    assert [url for url in websockets if f"{_BASE_URL}shiny/" in url]
    assert troubles.below("/shiny/") == []


def test_all_of_them_run_when_jupyter_is_stopped(jupyter: JupyterProcess) -> None:
    """What is left of them is looked for when this module is done."""
    commands = [" ".join(process.cmdline()) for process in jupyter.marked()]
    programs = ["bokeh", "dash_app", "datasette", "gradio_app", "gunicorn", "mlflow", "streamlit"]
    for program in (*programs, "trame_app"):
        assert any(program in command for command in commands), program
