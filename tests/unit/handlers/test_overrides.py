"""Whose code a method is, and that the answer follows when it is replaced."""

from __future__ import annotations

import functools
from abc import ABC
from types import SimpleNamespace

import pytest
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from jupyter_server_proxy import handlers
from jupyter_server_proxy.handlers import NamedLocalProxyHandler, ProxyHandler
from jupyter_server_proxy.handlers.local import LocalRoute, RemoteRoute
from jupyter_server_proxy.handlers.seams.overrides import SEAMS, decide, overridden
from jupyter_server_proxy.handlers.streaming import WithBody
from jupyter_server_proxy.rules.service import Launcher, Service

LAUNCHER = Launcher(enabled=True, icon_path="", title="", path_info="", category="")


@pytest.mark.parametrize(
    "cls",
    [LocalRoute, RemoteRoute]
    + [getattr(handlers, name) for name in handlers.__all__ if name.endswith("ProxyHandler")],
    ids=lambda cls: cls.__name__,
)
def test_our_own_classes_override_nothing(cls: type) -> None:
    assert overridden(cls) == frozenset()


def test_a_class_made_for_a_service_overrides_nothing() -> None:
    attributes = {"service": Service(name="x", launcher=LAUNCHER), "mappath": staticmethod(len)}
    assert overridden(type("X", (NamedLocalProxyHandler,), attributes)) == frozenset()


def test_attributes_and_other_methods_are_no_overrides() -> None:
    class Own(ExtensionHandlerMixin, NamedLocalProxyHandler, ABC):
        port = 1

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)

        def initialize(self):
            pass

    assert overridden(Own) == frozenset()


@pytest.mark.parametrize("name", SEAMS)
def test_every_seam_can_be_overridden(name: str) -> None:
    cls = type("Own", (NamedLocalProxyHandler,), {name: lambda self, *args: None})
    assert overridden(cls) == {name}
    assert overridden(type("Below", (cls,), {})) == {name}


def test_a_mixin_of_somebody_else_counts() -> None:
    class Mixin:
        def get_current_user(self):
            return "anybody"

    assert overridden(type("Own", (Mixin, ProxyHandler), {})) == {"get_current_user"}


@pytest.mark.parametrize("made", [functools.partial(print), print, property(lambda self: 1)])
def test_what_is_no_function_is_somebody_elses(made: object) -> None:
    assert overridden(type("Own", (ProxyHandler,), {"proxy": made})) == {"proxy"}


def test_a_replaced_method_counts_though_it_is_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert overridden(LocalRoute) == frozenset()
    original = ProxyHandler._build_proxy_request

    @functools.wraps(original)
    def wrapped(self, *args):
        return original(self, *args)

    with monkeypatch.context() as patching:
        patching.setattr(ProxyHandler, "_build_proxy_request", wrapped)
        assert overridden(LocalRoute) == {"_build_proxy_request"}
    assert overridden(LocalRoute) == frozenset()


def test_a_replaced_verb_counts_where_a_body_is_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    class Route(NamedLocalProxyHandler):
        pass

    assert overridden(Route) == frozenset()
    monkeypatch.setattr(Route, "post", lambda self, path: None)
    assert decide(Route) == {"post"}
    assert overridden(Route) == {"post"}


def test_a_body_is_not_streamed_past_somebody_elses_code() -> None:
    class Own(NamedLocalProxyHandler):
        def prepare(self):
            return super().prepare()

    headers = HTTPHeaders({"Content-Length": "1", "Host": "localhost"})
    line = RequestStartLine("POST", "/x", "HTTP/1.1")
    connection = SimpleNamespace(context=None)
    request = HTTPServerRequest(start_line=line, headers=headers, connection=connection)
    assert WithBody("/x", NamedLocalProxyHandler).match(request) is not None
    assert WithBody("/x", Own).match(request) is None
