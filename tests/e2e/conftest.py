"""One Jupyter server and one browser per module; one logged-in window per test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

pytest.importorskip("playwright", reason="the browser tests need the package playwright")

from browser import Troubles, find_browser, new_context, screenshot
from browser_fixtures import nothing_left_behind, one_browser  # noqa: F401  # fixtures
from jupyter_process import JupyterProcess, start_jupyter
from playwright.sync_api import Browser, BrowserContext, Page


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    jupyter = start_jupyter(tmp_path_factory.mktemp("jupyter"))
    try:
        yield jupyter
    finally:
        left = jupyter.stop()
    assert left == [], f"left behind after SIGTERM: {left}"


@pytest.fixture
def context(browser: Browser, jupyter: JupyterProcess) -> Iterator[BrowserContext]:
    context = new_context(browser, jupyter.url, jupyter.token)
    yield context
    context.close()


@pytest.fixture
def troubles(context: BrowserContext) -> Troubles:
    return Troubles(context)


@pytest.fixture
def page(
    context: BrowserContext, jupyter: JupyterProcess, request: pytest.FixtureRequest
) -> Iterator[Page]:
    page = context.new_page()
    yield page
    for number, shown in enumerate(context.pages):
        screenshot(shown, f"{request.node.name}-{number}")


@pytest.fixture
def open_lab(page: Page) -> Callable[[], Page]:
    """JupyterLab in a workspace of its own, with the launcher in front."""

    def open_it() -> Page:
        page.goto("lab?reset")
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        page.locator(".jp-Launcher").first.wait_for()
        return page

    return open_it


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it loudly when nothing was looked at."""
    if find_browser() is None:
        terminalreporter.write_line(
            "BROWSER TESTS WERE SKIPPED: no chromium found (set CHROMIUM to its path)", red=True
        )
