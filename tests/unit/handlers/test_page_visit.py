"""Who is taken for a person that opens a page, and so may insist on another try."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tornado.httputil import HTTPHeaders

from jupyter_server_proxy.handlers.front import FrontHandler

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Upgrade-Insecure-Requests": "1"}


@pytest.mark.parametrize(
    ("method", "headers", "is_visit"),
    [
        ("GET", NAVIGATION, True),
        ("GET", {"Sec-Fetch-Mode": "cors"}, False),
        ("GET", {"Sec-Fetch-Mode": "no-cors", "Accept": "text/html"}, False),
        # Browsers send no Sec-Fetch fields over plain HTTP to another machine.
        ("GET", {"Upgrade-Insecure-Requests": "1"}, True),
        ("POST", {"Upgrade-Insecure-Requests": "1"}, True),
        ("GET", {"Sec-Fetch-Mode": "cors", "Upgrade-Insecure-Requests": "1"}, False),
        ("GET", {"Accept": "text/html"}, False),
        ("GET", {}, False),
    ],
)
def test_a_page_visit(method: str, headers: dict[str, str], is_visit: bool) -> None:
    request = SimpleNamespace(method=method, headers=HTTPHeaders(headers))
    handler = SimpleNamespace(request=request)
    assert FrontHandler.is_page_visit.fget(handler) is is_visit  # type: ignore[attr-defined]
