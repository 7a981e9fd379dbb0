"""The answer to an error, for people and for programs."""

from __future__ import annotations

import json
import re

import pytest
from tornado import web
from tornado.httputil import HTTPHeaders

from jupyter_server_proxy.errors import BackendUnreachable, OverLimit, StartFailed
from jupyter_server_proxy.handlers.pages import describe, headers_for, prefers_problem


class Request:
    def __init__(self, path: str = "/app/x", **headers: str) -> None:
        self.path = path
        self.headers = HTTPHeaders({name.replace("_", "-"): v for name, v in headers.items()})


JSON = {"Accept": "application/json"}


@pytest.mark.parametrize(
    ("accept", "mode", "expected"),
    [
        (None, None, False),
        ("text/html", None, False),
        ("text/html,*/*;q=0.8", "navigate", False),
        ("*/*", None, True),
        ("*/*", "cors", True),
        ("*/*", "navigate", False),
        ("application/json", None, True),
        ("", None, True),
    ],
)
def test_who_gets_a_problem_document(accept, mode, expected):
    assert prefers_problem(accept, mode) is expected


def test_a_foreseen_error_says_what_it_is():
    error = BackendUnreachable("Nothing at 127.0.0.1:1")
    problem = describe(502, error, request=Request(**JSON))
    assert problem.content_type == "application/problem+json"
    assert json.loads(problem.body) == {
        "type": "about:blank",
        "title": error.title,
        "status": 502,
        "detail": "Nothing at 127.0.0.1:1",
    }
    page = describe(502, error, request=Request())
    assert page.content_type.startswith("text/html")
    assert "Nothing at 127.0.0.1:1" in page.body
    assert error.title in page.body


@pytest.mark.parametrize("headers", [{}, JSON])
def test_an_unforeseen_error_is_not_told(headers):
    problem = describe(500, ValueError("s3cr3t"), request=Request(**headers))
    assert "s3cr3t" not in problem.body
    assert "log" in problem.body


def test_an_error_of_tornados_keeps_its_words():
    error = web.HTTPError(403, reason="Not you")
    problem = describe(403, error, request=Request(**JSON))
    assert json.loads(problem.body)["title"] == "Not you"


@pytest.mark.parametrize("text", ["<script>x</script>", '"><img src=x onerror=y>', "&lt;b&gt;"])
def test_what_others_wrote_is_text(text):
    error = StartFailed(f"exited: {text}")
    page = describe(503, error, request=Request(path=f"/{text}")).body
    assert text not in page
    assert not re.search(r"onerror=y>", page)


@pytest.mark.parametrize(("seconds", "sent"), [(0.2, "1"), (1.0, "1"), (1.1, "2"), (30.0, "30")])
def test_when_to_come_back(seconds, sent):
    problem = describe(503, OverLimit("busy", retry_after=seconds), request=Request())
    assert headers_for(problem)["Retry-After"] == sent


def test_nothing_is_kept_sniffed_or_framed():
    headers = headers_for(describe(502, None, request=Request()))
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Retry-After" not in headers
