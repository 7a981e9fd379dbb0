"""`RewritableResponse` and which responses are collected."""

from __future__ import annotations

import io

import pytest
from tornado import httpclient, httputil
from traitlets import TraitError

from jupyter_server_proxy.backend.exchange import Exchange
from jupyter_server_proxy.errors import CallableFailed, RewriteFailed
from jupyter_server_proxy.relay.rewrite import (
    RewritableResponse,
    collect,
    rewritten,
    wants_rewriting,
)
from jupyter_server_proxy.rules.service import Origin


class Connection:
    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def response(content_type: str = "text/html", status: str = "200 OK", body: bytes = b"hello"):
    exchange = Exchange(Connection(), "GET")
    fields = f"Content-Type: {content_type}\r\nX: 1\r\nX: 2\r\nContent-Length: {len(body)}"
    exchange.feed(f"HTTP/1.1 {status}\r\n{fields}\r\n\r\n".encode() + body)
    return exchange


@pytest.mark.parametrize(
    ("content_type", "wanted", "expected"),
    [
        ("text/html", (), True),
        ("", (), True),
        ("text/event-stream", (), False),
        ("Text/Event-Stream; charset=utf-8", (), False),
        ("text/event-stream", ("text/*",), False),
        ("text/html; charset=x", ("text/html",), True),
        ("TEXT/HTML", ("text/html",), True),
        ("text/plain", ("text/html",), False),
        ("text/plain", ("text/*",), True),
        ("textual/plain", ("text/*",), False),
        ("", ("text/*",), False),
    ],
)
def test_which_types_are_collected(content_type, wanted, expected):
    assert wants_rewriting(response(content_type), wanted) is expected


async def test_the_limit_is_inclusive():
    assert await collect(response(), 5) == b"hello"
    with pytest.raises(RewriteFailed, match="4 bytes"):
        await collect(response(), 4)


ORIGIN = Origin("app", "rewrite_response")


async def run(*functions, status: str = "200 OK", **known):
    return await rewritten(
        response(status=status), b"hello", functions, known=known, url="http://x", origin=ORIGIN
    )


async def test_each_function_sees_what_the_one_before_made():
    seen = []

    def first(response):
        response.body = b"first"
        response.headers["X-First"] = "1"

    async def second(response, orig_response, path):
        seen.append((response.body, orig_response.body, path, orig_response.headers.get("X-First")))
        response.body += b" second"

    result = await run(first, second, path="/p", unused=1)
    assert seen == [(b"first", b"hello", "/p", None)]
    assert result.body == b"first second"
    assert ("X-First", "1") in result.header_items()
    assert [value for name, value in result.header_items() if name == "X"] == ["1", "2"]


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [("200 OK", 404, "Not Found"), ("200 Mine", 404, "Mine"), ("200 OK", 299, "Unknown")],
)
async def test_a_standard_phrase_follows_the_code(status, code, reason):
    result = await run(lambda response: setattr(response, "code", code), status=status)
    assert (result.code, result.reason) == (code, reason)


async def test_headers_may_be_a_dictionary():
    result = await run(lambda response: setattr(response, "headers", {"A": "b"}))
    assert result.header_items() == [("A", "b")]


async def test_a_wrong_type_names_the_function():
    def careless(response):
        response.body = "text"

    with pytest.raises(CallableFailed, match="careless"):
        await run(careless)


def test_it_can_be_made_from_what_tornado_fetched():
    """As functions do that are tested without a server."""
    fetched = httpclient.HTTPResponse(
        httpclient.HTTPRequest("http://x"),
        200,
        headers=httputil.HTTPHeaders({"A": "b"}),
        buffer=io.BytesIO(b"hello"),
    )
    made = RewritableResponse(orig_response=fetched)
    assert (made.code, made.reason, made.body) == (200, "OK", b"hello")
    made.headers["A"] = "c"
    assert fetched.headers["A"] == "b"
    with pytest.raises(TraitError):
        made.code = "200"
