"""Fixtures of every folder of tests with a browser; their conftest.py imports them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import find_browser, running_browser
from playwright.sync_api import Browser


@pytest.fixture(autouse=True)
def nothing_left_behind() -> None:
    """Jupyter and the browser live longer than a test here; what Jupyter leaves behind when it
    ends is asserted on then, by the mark in the environment of its processes."""


@pytest.fixture(name="browser", scope="module")
def one_browser() -> Iterator[Browser]:
    path = find_browser()
    if path is None:
        pytest.skip("NO BROWSER: install chromium or set CHROMIUM to run the browser tests")
    with running_browser(path) as browser:
        yield browser
