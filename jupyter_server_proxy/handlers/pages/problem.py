"""What people and programs see when something fails: a page, or a problem document."""

from __future__ import annotations

import json
import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import responses
from typing import Any
from urllib.parse import urlsplit

import jinja2
from tornado import httputil, web

from ...errors import ProxyError

PROBLEM_TYPE = "application/problem+json"
PAGE_TYPE = "text/html; charset=UTF-8"

_NONE, _SELF = "'none'", "'self'"
_NOTHING_ELSE = "default-src 'none'; base-uri 'none'"
_FRAME_ANCESTORS = re.compile(r"(?:^|;)\s*frame-ancestors\s+([^;,]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error, ready to be sent. `retry_after` is seconds, rounded up when sent.

    `nonce` marks the page's own style and scripts, the only ones that it may have. `has_form`: it
    sends one to us. `images_from` is the origin of images that are not ours, "" for none.
    """

    content_type: str
    body: str
    retry_after: float | None
    nonce: str = ""
    has_form: bool = False
    images_from: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a page has around it where others than Jupyter serve it: whose it is, where else one can
    go, who is logged in ("" for nobody)."""

    name: str
    home_url: str
    logo_url: str
    links: tuple[tuple[str, str], ...] = ()
    user: str = ""


def describe(
    status: int,
    error: BaseException | None,
    *,
    request: httputil.HTTPServerRequest,
    members: Mapping[str, Any] | None = None,
    frame: Frame | None = None,
) -> Problem:
    """The answer that says `error`, in the form this client prefers.

    `members` are those of a problem document besides the usual ones. An exception nobody foresaw is
    not told to the client, only logged.
    """
    title, detail = words_of(status, error)
    retry_after = error.retry_after if isinstance(error, ProxyError) else None
    if prefers_problem(request.headers.get("Accept"), request.headers.get("Sec-Fetch-Mode")):
        body = json.dumps(
            {
                "type": "about:blank",
                "title": title,
                "status": status,
                "detail": detail,
                **(members or {}),
            }
        )
        return Problem(PROBLEM_TYPE, body, retry_after)
    return page(
        "error.html",
        retry_after=retry_after,
        frame=frame,
        status=status,
        title=title,
        detail=detail,
        path=request.path,
    )


def page(
    template: str,
    *,
    retry_after: float | None = None,
    frame: Frame | None = None,
    has_form: bool = False,
    **facts: Any,
) -> Problem:
    """The page that `template` makes of `facts`, in `frame`."""
    nonce = secrets.token_urlsafe(16)
    body = _environment().get_template(template).render(nonce=nonce, frame=frame, **facts)
    images_from = _origin(frame.logo_url) if frame is not None else ""
    return Problem(PAGE_TYPE, body, retry_after, nonce, has_form, images_from)


def _origin(url: str) -> str:
    """Of a full URL, fit for a policy; "" for a path, which is ours."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def prefers_problem(accept: str | None, fetch_mode: str | None) -> bool:
    """Whether a program asks: it says what it accepts, and HTML is not in it, or a page's
    script fetches (Fetch Metadata). A client that says nothing gets HTML."""
    if accept is None:
        return False
    if "text/html" in accept:
        return False
    return fetch_mode != "navigate"


def headers_for(problem: Problem, *, framed_by: str = "'self'") -> dict[str, str]:
    """The headers to send with it. `framed_by` is a value of `frame-ancestors`."""
    headers = {
        "Content-Type": problem.content_type,
        "Cache-Control": "no-store",
        "Content-Security-Policy": _policy(problem, framed_by),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }
    if problem.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(problem.retry_after)))
    return headers


def frame_ancestors(policy: str) -> str:
    """Who may frame Jupyter's own pages by their Content-Security-Policy, and so ours: JupyterLab
    shows them in a frame, and may itself be in one."""
    found = _FRAME_ANCESTORS.search(policy)
    return found[1].strip() if found else "'self'"


def words_of(status: int, error: BaseException | None) -> tuple[str, str]:
    """A title and the details."""
    if isinstance(error, ProxyError):
        return error.title, error.message
    title = responses.get(status, "Error")
    if isinstance(error, web.HTTPError):
        return error.reason or title, error.get_message() or title
    return title, "Something went wrong in the proxy; Jupyter's log has the details"


def _policy(problem: Problem, framed_by: str) -> str:
    """Nothing but the page's own style and script, which may ask this server only."""
    policy = [_NOTHING_ELSE, f"form-action {_SELF if problem.has_form else _NONE}"]
    if problem.nonce:
        policy += [
            f"script-src 'nonce-{problem.nonce}'",
            f"style-src 'nonce-{problem.nonce}'",
            f"img-src {_SELF} {problem.images_from}".rstrip(),
            f"connect-src {_SELF}",
        ]
    return "; ".join([*policy, f"frame-ancestors {framed_by}"])


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("jupyter_server_proxy"),
        autoescape=jinja2.select_autoescape(("html",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
