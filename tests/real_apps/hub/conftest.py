"""A browser for which the machine has the name of the documentation's examples."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "hub"))
sys.path.insert(0, str(Path(__file__).parent))

from browser import PATIENCE, find_browser, running_browser, screenshot
from playwright.sync_api import Browser, Page
from visiting import HOST


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = find_browser()
    if path is None:
        pytest.skip("NO BROWSER: install chromium or set CHROMIUM to run the browser tests")
    with running_browser(path, f"--host-resolver-rules=MAP {HOST} 127.0.0.1") as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of nobody yet."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    yield page
    screenshot(page, request.node.name)
    context.close()
