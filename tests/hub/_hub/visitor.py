"""Somebody with a browser: keeps cookies, follows redirects, fills in the Hub's forms."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from .running import PATIENCE, RunningHub

# How a browser says that a person opens a page.
NAVIGATION = {
    "Accept": "text/html,application/xhtml+xml",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}
INPUT = re.compile(r"<input\b[^>]*>", re.DOTALL)
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


class Visitor:
    """Paths are below the Hub's base URL; full URLs work too."""

    def __init__(self, hub: RunningHub, client: httpx.AsyncClient, name: str) -> None:
        self.hub = hub
        self.client = client
        self.name = name

    def home(self, path: str = "", server: str = "") -> str:
        """A path of one's own server."""
        return f"user/{self.name}/{server}/{path}" if server else f"user/{self.name}/{path}"

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.client.get(path, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self.client.post(path, **options)

    async def log_in(self, page: httpx.Response | None = None) -> httpx.Response:
        """By the form, of `page` if that is it already. The page that follows.

        Without a page nothing starts: what follows is the page with the buttons.
        """
        page = page or await self.get(f"hub/login?next={self.hub.base_url}hub/home")
        login = {"username": self.name, "password": self.hub.settings.password}
        return await self.post(
            str(page.url), data={**hidden_inputs(page.text), **login}, headers=NAVIGATION
        )

    async def visit(self, path: str) -> httpx.Response:
        """As `look`; where that is a start page, what is there when the application has started."""
        page = await self.look(path)
        return await self.get(path) if page.status_code == 503 else page

    async def look(self, path: str) -> httpx.Response:
        """Open an address, letting the Hub tell the application who we are if it asks."""
        page = await self.get(path, headers=NAVIGATION)
        if urlsplit(str(page.url)).path.endswith("/oauth2/authorize") and page.is_success:
            form = {**hidden_inputs(page.text), "scopes": checked_scopes(page.text)}
            page = await self.post(str(page.url), data=form, headers=NAVIGATION)
        return page

    @asynccontextmanager
    async def websocket(
        self, path: str, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[ClientConnection]:
        """As a page of this site opens one. Raises InvalidStatus when it is refused."""
        request = self.client.build_request("GET", path)
        fields = {"Origin": self.hub.site, **(headers or {})}
        if "Cookie" in request.headers:
            fields.setdefault("Cookie", request.headers["Cookie"])
        url = str(request.url.copy_with(scheme="ws"))
        async with connect(
            url,
            additional_headers={name: value for name, value in fields.items() if value},
            open_timeout=PATIENCE,
            max_size=None,
            proxy=None,
        ) as socket:
            yield socket


async def refused_websocket(somebody: Visitor, path: str, **headers: str) -> int:
    """The status that a websocket is refused with."""
    with pytest.raises(InvalidStatus) as refusal:
        async with somebody.websocket(path, headers):
            raise AssertionError("it was opened")
    return refusal.value.response.status_code


def hidden_inputs(page: str) -> dict[str, str]:
    """What the forms of a page send along without asking."""
    found = [dict(ATTRIBUTE.findall(tag)) for tag in INPUT.findall(page)]
    return {it["name"]: it["value"] for it in found if it.get("type") == "hidden"}


def checked_scopes(page: str) -> list[str]:
    found = [dict(ATTRIBUTE.findall(tag)) for tag in INPUT.findall(page)]
    return [it["value"] for it in found if it.get("name") == "scopes"]


@asynccontextmanager
async def visitor(hub: RunningHub, name: str = "", **options: Any) -> AsyncIterator[Visitor]:
    """With empty pockets; `name` is who they log in as."""
    options = {"follow_redirects": True, "timeout": PATIENCE, **options}
    async with httpx.AsyncClient(base_url=hub.url, **options) as client:
        yield Visitor(hub, client, name)


@asynccontextmanager
async def logged_in(hub: RunningHub, name: str) -> AsyncIterator[Visitor]:
    async with visitor(hub, name) as somebody:
        page = await somebody.log_in()
        assert urlsplit(str(page.url)).path != f"{hub.base_url}hub/login", page.text
        yield somebody
