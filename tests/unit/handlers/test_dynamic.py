"""Routes that come and go, and which names are left for them."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter_server.base.handlers import Template404
from tornado import httputil, routing, web

from jupyter_server_proxy.handlers.dynamic import DynamicRouter, has_route, literal_head


class First(web.RequestHandler):
    pass


class Second(web.RequestHandler):
    pass


@pytest.fixture
def application() -> web.Application:
    known = web.Application(
        [
            (r"/base/api/kernels/(\d+)", First),
            (r"/base/lab/?", First),
            (r"/base/doc(/.*)?", First),
            (r"/base/(robots\.txt|humans\.txt)", First),
            (r"/base\-not/x", First),
            (r".*", Template404),
        ]
    )
    known.add_handlers(".*", [(r"/base/added/(.*)", First)])
    return known


def handler_of(application: web.Application, path: str) -> Any:
    line = httputil.RequestStartLine("GET", path, "HTTP/1.1")
    headers = httputil.HTTPHeaders({"Host": "127.0.0.1"})
    request = httputil.HTTPServerRequest(start_line=line, headers=headers)
    return getattr(application.find_handler(request), "handler_class", None)


@pytest.mark.parametrize(
    ("name", "is_taken"),
    [
        ("api", True),
        ("lab", True),
        ("doc", True),
        ("robots.txt", True),
        ("added", True),
        ("ap", False),
        ("apis", False),
        ("robots", False),
        ("x", False),
        ("a b", False),
        ("é?#", False),
    ],
)
def test_a_name_is_taken_where_anything_is_below_it(
    application: web.Application, name: str, is_taken: bool
) -> None:
    assert has_route(application, "/base/", name) is is_taken


@pytest.mark.parametrize(
    ("pattern", "head", "is_whole"),
    [
        (r"/a/b$", "/a/b", True),
        (r"/a\.b/(.*)", "/a.b/", False),
        (r"/a\-b/\d+", "/a-b/", False),
        (r"/ab?", "/a", False),
        (r"^/a(?:b|c)$", "/a", False),
        (r".*", "", False),
        ("", "", True),
    ],
)
def test_what_all_matches_begin_with(pattern: str, head: str, is_whole: bool) -> None:
    assert literal_head(pattern) == (head, is_whole)


def test_routes_come_and_go_before_those_of_the_application(application: web.Application) -> None:
    router = DynamicRouter(application)
    router.join()
    assert handler_of(application, "/base/new/x") is Template404
    router.add("a", [(r"/base/new/(.*)", Second)])
    router.add("b", [routing.Rule(routing.PathMatches(r"/base/other"), First)])
    assert handler_of(application, "/base/new/x") is Second
    assert handler_of(application, "/base/other") is First
    assert has_route(application, "/base/", "new")
    router.remove("a")
    router.remove("a")
    assert handler_of(application, "/base/new/x") is Template404
    assert handler_of(application, "/base/other") is First
    # What the application was given before goes first.
    router.add("a", [(r"/base/added/(.*)", Second)])
    assert handler_of(application, "/base/added/x") is First


def test_what_is_added_below_a_route_is_found(application: web.Application) -> None:
    router = DynamicRouter(application)
    router.join()
    router.add("all", [(r"/base/app/(.*)", First)])
    router.add("part", [(r"/base/app/i/1/(.*)", Second)])
    assert handler_of(application, "/base/app/i/1/x") is Second
    assert handler_of(application, "/base/app/i/2/x") is First
    router.remove("part")
    assert handler_of(application, "/base/app/i/1/x") is First
