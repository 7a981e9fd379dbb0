"""Names are literal text: what a service's route matches, and what it does not."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado import web
from tornado.httputil import HTTPHeaders
from tornado.routing import PathMatches, Rule

from jupyter_server_proxy import handlers
from jupyter_server_proxy.config import ServerProcess, compile_service, make_handlers
from jupyter_server_proxy.config.routes import literal_pattern
from jupyter_server_proxy.processes.child import Binding
from jupyter_server_proxy.processes.launching import make_launch


@pytest.mark.parametrize(
    ("name", "requested"),
    [
        ("app", "app"),
        ("my-app_2~x", "my-app_2~x"),
        ("app.v1", "app.v1"),
        ("my app", "my%20app"),
        ("a+b", "a+b"),
        ("a+b", "a%2Bb"),
        ("a+b", "a%2bb"),
        ("café", "caf%C3%A9"),
        ("café", "caf%c3%a9"),
        ("a@b", "a@b"),
        ("a@b", "a%40b"),
        ("a(b)[c]*", "a(b)[c]*"),
        ("a%20b", "a%20b"),
        ("a%20b", "a%2520b"),
        ("dir/app", "dir/app"),
    ],
)
def test_matches_the_name_as_browsers_send_it(name: str, requested: str) -> None:
    assert re.fullmatch(literal_pattern(name), requested)


@pytest.mark.parametrize(
    ("name", "requested"),
    [("app.v1", "appxv1"), ("a+b", "aab"), ("a*", "aaa"), ("(a|b)", "a"), ("my app", "my+app")],
)
def test_is_no_regular_expression(name: str, requested: str) -> None:
    assert not re.fullmatch(literal_pattern(name), requested)


def test_a_plain_name_stands_in_the_pattern_as_it_is() -> None:
    # A shipped package finds its own route by looking for its name in the pattern.
    assert "my-marimo_app" in literal_pattern("/user/x/my-marimo_app")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_name_is_found_quoted_and_unquoted(name: str) -> None:
    pattern = literal_pattern(name)
    assert re.fullmatch(pattern, name)
    assert re.fullmatch(pattern, quote(name))
    assert re.fullmatch(pattern, re.sub("%..", lambda m: m[0].lower(), quote(name)))


def routes_of(*processes: ServerProcess, base_url: str = "/user/a.b/") -> list[Any]:
    return make_handlers(base_url, processes)


def served(
    routes: list[Any], path: str, *, length: str | None = None
) -> tuple[type, list[bytes]] | None:
    """The handler that Tornado would take for `path`, and the path's captured group.

    `length` is the Content-Length of a request with a body.
    """
    headers = HTTPHeaders({} if length is None else {"Content-Length": length})
    request: Any = SimpleNamespace(path=path, headers=headers)
    for route in routes:
        rule = route if isinstance(route, Rule) else Rule(PathMatches(route[0]), route[1])
        found = rule.matcher.match(request)
        if found is not None:
            return rule.target, found.get("path_args", [])
    return None


def test_a_service_has_its_paths_and_no_others() -> None:
    routes = routes_of(ServerProcess(name="my app", port=8000))
    handler, args = served(routes, "/user/a.b/my%20app/x%2Fy") or (None, None)
    assert isinstance(handler, type)
    assert issubclass(handler, handlers.NamedLocalProxyHandler)
    assert args == [b"x/y"]
    assert served(routes, "/user/a.b/my%20app/") == (handler, [b""])
    assert served(routes, "/user/a.b/my%20app") == (handlers.AddSlashHandler, [])
    assert served(routes, "/user/aXb/my%20app/") is None
    assert served(routes, "/user/a.b/my%20apps/") is None


def test_only_requests_with_a_body_are_streamed() -> None:
    routes = routes_of(ServerProcess(name="app", port=8000))
    plain, _ = served(routes, "/user/a.b/app/x") or (None, None)
    streaming, args = served(routes, "/user/a.b/app/x", length="3") or (None, None)
    assert plain is not None
    assert streaming is not None
    assert not getattr(plain, "_stream_request_body", False)
    assert streaming._stream_request_body
    assert issubclass(streaming, plain)
    assert args == [b"x"]


@pytest.mark.parametrize(
    ("settings", "base", "keywords"),
    [
        ({"command": ["x"]}, handlers.SuperviseAndProxyHandler, {"state": {}}),
        ({"command": lambda: ["x"]}, handlers.SuperviseAndProxyHandler, {"state": {}}),
        ({"command": ["x"], "raw_socket_proxy": True}, handlers.SuperviseAndRawSocketHandler,
         {"state": {}}),
        ({"port": 1}, handlers.NamedLocalProxyHandler, {}),
        ({"unix_socket": "/s", "raw_socket_proxy": True}, handlers.RawSocketHandler, {}),
        ({"backend_url": "https://h"}, handlers.NamedLocalProxyHandler, {}),
    ],
)  # fmt: skip
def test_the_handler_fits_the_service(
    settings: dict[str, Any], base: type, keywords: dict[str, Any]
) -> None:
    process = ServerProcess(name="app", **settings)
    handler, given = process.make_proxy_handler()
    assert handler is not None
    assert issubclass(handler, base)
    assert given == keywords
    assert handler.service == compile_service(process)  # type: ignore[attr-defined]


def test_routes_do_not_share_their_state() -> None:
    (_, first), (_, second) = (
        ServerProcess(name=name, command=["x"]).make_proxy_handler() for name in "ab"
    )
    assert first["state"] is not second["state"]


def test_callables_do_not_become_methods() -> None:
    def mappath(path: str) -> str:
        return path + "/mapped"

    def count(request: object) -> bool:
        return False

    def rewrite(response: object) -> None:
        pass

    process = ServerProcess(
        name="app", port=1, mappath=mappath, update_last_activity=count, rewrite_response=rewrite
    )
    handler: Any = process.make_proxy_handler()[0]
    instance = handler.__new__(handler)
    assert instance.mappath is mappath
    assert instance.update_last_activity is count
    assert instance.rewrite_response is rewrite


async def test_a_supervised_handler_knows_how_to_launch() -> None:
    process = ServerProcess(name="app", command=["x", "{base_url}", "{port}"], timeout=7)
    handler: Any = process.make_proxy_handler()[0]
    launch = await make_launch(handler.service, "/b/", Binding(8123, ""))
    assert launch.argv == ("x", "/b/", "8123")
    assert (handler.timeout, handler.requested_port, handler.command) == (7, 0, process.command)


def test_a_service_without_a_handler_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(ServerProcess):
        def make_proxy_handler(self) -> tuple[type | None, dict[str, Any]]:
            raise RuntimeError("no licence")

    class Confused(ServerProcess):
        def make_proxy_handler(self) -> Any:
            return "handler", {}

    class Own(ServerProcess):
        def make_proxy_handler(self) -> tuple[type | None, dict[str, Any]]:
            return web.RequestHandler, {"keyword": 1}

    routes = routes_of(
        Failing(name="failing"),
        Confused(name="confused"),
        ServerProcess(name="nothing"),
        ServerProcess(name="wrong", command=["{foo}"]),
        Own(name="own"),
        base_url="/",
    )
    assert routes == [
        ("/own/(.*)", web.RequestHandler, {"keyword": 1}),
        ("/own", handlers.AddSlashHandler),
    ]
    failing, confused, nothing, wrong = (record.getMessage() for record in caplog.records)
    assert "service 'failing': make_proxy_handler: " in failing
    assert "Failing.make_proxy_handler() of module " in failing
    assert "raised RuntimeError: no licence" in failing
    assert "returned no handler class, but the string 'handler'" in confused
    assert nothing.startswith("service 'nothing' has no command, port, ")
    assert wrong.startswith("service 'wrong': command: '{foo}' in")
