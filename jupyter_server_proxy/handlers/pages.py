"""What people and programs see when something fails: a page, or a problem document."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from http.client import responses
from typing import Any

import jinja2
from tornado import httputil, web

from ..errors import ProxyError

PROBLEM_TYPE = "application/problem+json"

# Nothing but the page's own styles, and nobody else may frame or be told of it.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error, ready to be sent. `retry_after` is seconds, rounded up when sent."""

    content_type: str
    body: str
    retry_after: float | None


def describe(
    status: int, error: BaseException | None, *, request: httputil.HTTPServerRequest
) -> Problem:
    """The answer that says `error`, in the form this client prefers.

    An exception nobody foresaw is not told to the client, only logged.
    """
    title, detail = _words(status, error)
    retry_after = error.retry_after if isinstance(error, ProxyError) else None
    if prefers_problem(request.headers.get("Accept"), request.headers.get("Sec-Fetch-Mode")):
        body = json.dumps(
            {"type": "about:blank", "title": title, "status": status, "detail": detail}
        )
        return Problem(PROBLEM_TYPE, body, retry_after)
    body = _template("error.html").render(
        status=status, title=title, detail=detail, path=request.path
    )
    return Problem("text/html; charset=UTF-8", body, retry_after)


def prefers_problem(accept: str | None, fetch_mode: str | None) -> bool:
    """Whether a program asks: it says what it accepts, and HTML is not in it, or a page's
    script fetches (Fetch Metadata). A client that says nothing gets HTML."""
    if accept is None:
        return False
    if "text/html" in accept:
        return False
    return fetch_mode != "navigate"


def headers_for(problem: Problem) -> dict[str, str]:
    """The headers to send with it."""
    headers = {
        "Content-Type": problem.content_type,
        "Cache-Control": "no-store",
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    if problem.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(problem.retry_after)))
    return headers


def _words(status: int, error: BaseException | None) -> tuple[str, str]:
    if isinstance(error, ProxyError):
        return error.title, error.message
    title = responses.get(status, "Error")
    if isinstance(error, web.HTTPError):
        return error.reason or title, error.get_message() or title
    return title, "Something went wrong in the proxy; Jupyter's log has the details"


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("jupyter_server_proxy"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )


def _template(name: str) -> Any:
    return _environment().get_template(name)
