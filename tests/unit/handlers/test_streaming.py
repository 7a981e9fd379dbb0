"""Which class serves a request: the streaming one has those with a body, and only of our own."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from jupyter_server_proxy.handlers import AddSlashHandler, LocalProxyHandler
from jupyter_server_proxy.handlers.streaming import StreamingBody, with_streaming


class Ours(LocalProxyHandler):
    """A class that only relays."""

    relays_only = True


class Theirs(LocalProxyHandler):
    """A class of another package; it may read `request.body`."""


KEYWORDS = {"state": {}}
ROUTES = [
    (r"/ours/(.*)", Ours, KEYWORDS),
    (r"/theirs/(.*)", Theirs, {}),
    (r"/ours", AddSlashHandler),
]


def request(path: str, **fields: str) -> HTTPServerRequest:
    names = {name.replace("_", "-"): value for name, value in fields.items()}
    headers = HTTPHeaders({"Host": "localhost", **names})
    connection = SimpleNamespace(context=None)
    line = RequestStartLine("POST", path, "HTTP/1.1")
    return HTTPServerRequest(start_line=line, headers=headers, connection=connection)


def test_the_routes_given_stay_and_only_what_relays_gets_another():
    routes = with_streaming(ROUTES)
    assert routes[-3:] == ROUTES
    (rule,) = routes[:-3]
    assert issubclass(rule.target, StreamingBody)
    assert issubclass(rule.target, Ours)


def test_the_other_route_looks_like_the_one_it_stands_for():
    """Another package finds the route of its service by its pattern and its `state`."""
    (rule, *_) = with_streaming(ROUTES)
    assert rule.matcher.regex.pattern == r"/ours/(.*)$"
    assert rule.target_kwargs is KEYWORDS


@pytest.mark.parametrize(
    ("fields", "has_body"),
    [
        ({}, False),
        ({"Content_Length": "5"}, True),
        ({"Transfer_Encoding": "chunked"}, True),
        ({"Content_Type": "text/plain"}, False),
    ],
)
def test_requests_with_a_body_are_streamed(fields, has_body):
    (rule, *_) = with_streaming(ROUTES)
    assert bool(rule.matcher.match(request("/ours/x", **fields))) is has_body
    assert rule.matcher.match(request("/theirs/x", **fields)) is None


def test_what_serves_a_path_is_told_the_same_either_way():
    (rule, *_) = with_streaming(ROUTES)
    found = rule.matcher.match(request("/ours/a%2Fb", Content_Length="1"))
    assert found == {"path_args": [b"a/b"], "path_kwargs": {}}
