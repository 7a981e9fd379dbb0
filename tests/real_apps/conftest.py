"""Real programs and packages, and a browser. `make test-apps` runs what is here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(_TESTS / "e2e"))
sys.path.insert(0, str(Path(__file__).parent))

pytest.importorskip("playwright", reason="the browser tests need the package playwright")

from browser import Troubles, find_browser, new_context, screenshot  # noqa: E402
from browser_fixtures import nothing_left_behind, one_browser  # noqa: E402, F401  # fixtures
from jupyter_process import JupyterProcess  # noqa: E402
from playwright.sync_api import Browser, Page  # noqa: E402

_RUN = _TESTS.parent / "demo" / "run.py"


def _start_demo(folder: Path) -> JupyterProcess:
    for application in ("bokeh", "datasette", "marimo", "streamlit", "tensorboard"):
        pytest.importorskip(application, reason=f"{application} is in demo/requirements.txt")
    command = [sys.executable, str(_RUN), "--port", "0", "--folder", str(folder / "demo")]
    # What a person has set up for Jupyter must not matter to the demo.
    settings = {"JUPYTER_RUNTIME_DIR": str(folder / "runtime")}
    return JupyterProcess(command, folder, env=settings, terminal=True)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    """The demo; stopped by its last test, or here if that did not come to it."""
    demo = _start_demo(tmp_path_factory.mktemp("demo"))
    yield demo
    print(demo.output())
    demo.kill()


@pytest.fixture(scope="module")
def jupyter(request: pytest.FixtureRequest) -> JupyterProcess:
    """The server that the pages of a module are pages of; modules may have one of their own."""
    demo: JupyterProcess = request.getfixturevalue("demo")
    return demo


@pytest.fixture
def page(
    browser: Browser, jupyter: JupyterProcess, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page that is logged in to `jupyter`."""
    context = new_context(browser, jupyter.url, jupyter.token)
    page = context.new_page()
    yield page
    for number, shown in enumerate(context.pages):
        screenshot(shown, f"{request.node.name}{f'-{number}' if number else ''}")
    context.close()


@pytest.fixture
def troubles(page: Page) -> Troubles:
    return Troubles(page.context)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it loudly when nothing was looked at."""
    if find_browser() is None:
        terminalreporter.write_line(
            "REAL APPLICATIONS WERE NOT TESTED: no chromium found (set CHROMIUM to its path)",
            red=True,
        )
    skipped = terminalreporter.stats.get("skipped", [])
    for loud in sorted({str(report.longrepr[2]) for report in skipped}):
        terminalreporter.write_line(f"REAL APPLICATIONS WERE NOT ALL TESTED: {loud}", red=True)
