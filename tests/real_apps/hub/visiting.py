"""Somebody at a browser, who goes to a JupyterHub."""

from __future__ import annotations

import re

import psutil
from _hub.running import RunningHub, command_line
from browser import Troubles, screenshot
from playwright.sync_api import Page, Response, expect

# Where the documentation has its Hub; the browser is told that it is here.
HOST = "hub.example.com"


class Visit:
    """Somebody named `user`, and what their browser has seen since."""

    def __init__(self, page: Page, hub: RunningHub, user: str = "ann") -> None:
        self.page = page
        self.hub = hub
        self.user = user
        self.url = hub.url.replace("127.0.0.1", HOST)
        self.home = f"{self.url}user/{user}/"
        self.troubles = Troubles(page.context, HOST)
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
        self.fill_in(password)

    def fill_in(self, password: str = "") -> None:
        """The Hub's form, to which everybody comes who is not logged in."""
        self.page.get_by_label("Username").fill(self.user)
        self.page.get_by_label("Password").fill(password or self.hub.settings.password)
        self.page.get_by_role("button", name="Sign in").click()

    def stop(self, name: str) -> None:
        """By the button on the Hub's page. Nothing of the server may go on for long."""
        screenshot(self.page, f"hub-{name}")
        running = self.hub.marked(self.user)
        assert running
        self.page.goto(f"{self.url}hub/home")
        self.page.get_by_role("button", name="Stop My Server").click()
        expect(self.page.get_by_role("button", name="Start My Server")).to_be_visible()
        psutil.wait_procs(running, timeout=10)
        left = [command_line(process) for process in self.hub.marked(self.user)]
        assert left == [], left

    def expect_no_troubles(self, *, but: str = "") -> None:
        """Nothing red below the Hub's prefix, which is where the application is."""
        found = self.troubles.below(self.hub.base_url)
        assert [it for it in found if not (but and re.search(but, it))] == []
