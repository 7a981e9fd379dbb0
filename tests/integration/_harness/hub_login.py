"""Logging in at the harness's Hub, as a browser does."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from .client import fetch
from .message import Message
from .standalone import Standalone


def cookies(answer: Message) -> list[str]:
    """The cookies that an answer sets, as a browser sends them back."""
    return [value.decode().split(";")[0] for value in answer.all("Set-Cookie")]


def state_of(answer: Message) -> str:
    """The state in a redirect to the Hub's login."""
    return parse_qs(urlsplit(answer.get("Location").decode()).query)["state"][0]


async def log_in(proxy: Standalone, user: str, path: str = "/") -> Message:
    """As a browser does: sent to the Hub, and back with a code. The last answer."""
    proxy.cookie = "theme=dark"
    asked = await fetch(proxy, path)
    proxy.cookie = "; ".join(["theme=dark", *cookies(asked)])
    answer = await fetch(proxy, f"/oauth_callback?code={user}&state={state_of(asked)}")
    proxy.cookie = "; ".join(["theme=dark", "_xsrf=of-the-app", *cookies(answer)])
    return answer
