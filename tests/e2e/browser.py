"""A headless Chromium driven by Playwright, and a page that remembers what went wrong in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)
from playwright.sync_api import Error as PlaywrightError

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"

# Milliseconds. Generous, since a small machine may be busy; a test that passes never waits for it.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# The last five keep the browser from calling home, so that the tests need no network.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
)


def find_browser() -> str | None:
    """The path of a Chromium: `CHROMIUM` from the environment, or one on PATH."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@contextmanager
def running_browser(path: str, *flags: str) -> Iterator[Browser]:
    """A browser with a fresh profile and these flags besides the usual, gone at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, headless=True, args=[*_FLAGS, *flags]
        )
        try:
            yield browser
        finally:
            browser.close()


def new_context(browser: Browser, url: str, token: str) -> BrowserContext:
    """A window that is logged in, as after opening the printed address."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=url)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"login?token={token}&next=%2Fapi%2Fstatus")
    page.close()
    return context


class Troubles:
    """What a person with the developer tools open would see in red, for all pages of a context,
    and what is asked of any other host than `host`."""

    def __init__(self, context: BrowserContext, host: str = "127.0.0.1") -> None:
        self.seen: list[str] = []
        self._host = host
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.seen.append(f"uncaught: {error.error}"))
        context.on("response", self._on_response)
        context.on("requestfailed", self._on_request_failed)
        context.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        # What was answered with 503 comes by the response, which says whether it is meant so.
        if message.type == "error" and "status of 503" not in message.text:
            self.seen.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and not _is_start_page(response):
            self.seen.append(f"{response.status}: {response.request.method} {response.url}")

    def _on_request_failed(self, request: Request) -> None:
        # A page that navigates away aborts its own requests.
        if request.failure != "net::ERR_ABORTED":
            self.seen.append(f"{request.failure}: {request.url}")

    def _on_request(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in {self._host, None}:
            self.seen.append(f"asked the internet: {request.url}")

    def below(self, part: str) -> list[str]:
        """Those whose text contains `part`, usually the prefix of an application."""
        return [trouble for trouble in self.seen if part in trouble]


def _is_start_page(response: Response) -> bool:
    """Whether it is what visitors of an application see while it starts."""
    is_visit = response.status == 503 and response.request.is_navigation_request()
    return is_visit and "retry-after" in response.headers


def screenshot(page: Page, name: str) -> None:
    """Keep a picture for a person to look at; never a reason for a test to fail."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    try:
        page.screenshot(path=SCREENSHOTS / f"{name}.png")
    except PlaywrightError as error:
        print(f"no screenshot {name}: {error}")
