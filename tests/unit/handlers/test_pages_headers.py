"""What the proxy's own pages may do, and who may frame them."""

from __future__ import annotations

import re

import pytest
from tornado.httputil import HTTPHeaders

from jupyter_server_proxy.errors import NothingListens
from jupyter_server_proxy.handlers.pages import (
    describe,
    describe_dead_port,
    frame_ancestors,
    headers_for,
)
from jupyter_server_proxy.processes.listening import Listening


class Request:
    def __init__(self, **headers: str) -> None:
        self.path = "/app/"
        self.headers = HTTPHeaders(headers)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("frame-ancestors 'self'; report-uri /csp", "'self'"),
        ("default-src *; frame-ancestors https://a.example https://b.example", "https://a.example https://b.example"),
        ("Frame-Ancestors *", "*"),
        ("default-src 'self'", "'self'"),
        ("", "'self'"),
        # A second policy, after a comma, is none of this one's directives.
        ("frame-ancestors 'none', script-src 'self'", "'none'"),
    ],
)  # fmt: skip
def test_who_may_frame_jupyter_may_frame_its_pages(policy: str, expected: str) -> None:
    assert frame_ancestors(policy) == expected
    header = headers_for(describe(500, None, request=Request()), framed_by=expected)
    assert header["Content-Security-Policy"].endswith(f"; frame-ancestors {expected}")


def test_only_the_pages_own_style_and_script_are_allowed() -> None:
    first, second = (describe(500, None, request=Request()) for _ in range(2))
    policy = headers_for(first)["Content-Security-Policy"]
    assert f"script-src 'nonce-{first.nonce}'" in policy
    assert f'<style nonce="{first.nonce}">' in first.body
    assert first.nonce != second.nonce
    assert "unsafe" not in policy


def test_a_problem_document_may_do_nothing() -> None:
    problem = describe(500, None, request=Request(Accept="application/json"))
    policy = headers_for(problem)["Content-Security-Policy"]
    assert "-src 'self'" not in policy
    assert "nonce" not in policy


def test_a_page_of_a_dead_port_links_to_the_living_ones() -> None:
    known = [Listening(80, 1, "<b>httpd</b>"), Listening(81, 2, "asked for")]
    error = NothingListens("Nothing at localhost:81")
    page = describe_dead_port(error, 81, known, prefix="/base/proxy/", request=Request())
    assert re.findall(r'<a href="([^"]*)"', page.body) == ["", "/base/proxy/80/"]
    assert "<b>httpd" not in page.body
    alone = describe_dead_port(error, 81, known[1:], prefix="/base/proxy/", request=Request())
    assert "None of your programs" in alone.body
