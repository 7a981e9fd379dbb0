"""What the front makes of a request before anything is done for it."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest
from tornado import web
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from jupyter_server_proxy.errors import StartFailed
from jupyter_server_proxy.handlers.front import ExtensionMethod, FrontHandler
from jupyter_server_proxy.handlers.runtime import jupyter_credentials


def front(
    *fields: tuple[str, str], method: str = "GET", version: str = "HTTP/1.1", path: str = "/"
) -> FrontHandler:
    headers = HTTPHeaders({"Host": "localhost"})
    for name, value in fields:
        headers.add(name, value)
    handler = FrontHandler.__new__(FrontHandler)
    connection = SimpleNamespace(context=None)
    line = RequestStartLine(method, path, version)
    handler.request = HTTPServerRequest(start_line=line, headers=headers, connection=connection)
    return handler


UPGRADE = ("Connection", "Upgrade")


@pytest.mark.parametrize(
    ("fields", "offered"),
    [
        ([UPGRADE, ("Upgrade", "websocket")], "websocket"),
        ([("Connection", "keep-alive, UPGRADE"), ("Upgrade", "WebSocket")], "WebSocket"),
        ([("Connection", "close"), UPGRADE, ("Upgrade", "tcp")], "tcp"),
        ([UPGRADE, ("Upgrade", "a, b/1.0")], "a, b/1.0"),
        ([UPGRADE, ("Upgrade", "a"), ("Upgrade", "b")], "a, b"),
        ([UPGRADE, ("Upgrade", "h2c, websocket")], "websocket"),
        ([UPGRADE, ("Upgrade", "websocket"), ("Content-Length", "0")], "websocket"),
        ([UPGRADE, ("Upgrade", "H2C")], ""),
        ([UPGRADE, ("Upgrade", ",,")], ""),
        ([UPGRADE], ""),
        ([("Upgrade", "websocket")], ""),
        ([("Connection", "no-upgrade"), ("Upgrade", "websocket")], ""),
        ([UPGRADE, ("Upgrade", "websocket"), ("Content-Length", "1")], ""),
        ([UPGRADE, ("Upgrade", "websocket"), ("Transfer-Encoding", "chunked")], ""),
    ],
)
def test_an_offer_is_what_can_be_tunnelled(fields, offered):
    handler = front(*fields)
    assert handler.offered_protocols == offered
    assert handler.is_upgrade == bool(offered)


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "PROPFIND", "get"])
def test_only_a_get_offers(method):
    assert not front(UPGRADE, ("Upgrade", "websocket"), method=method).is_upgrade


def test_http_1_0_offers_nothing():
    assert not front(UPGRADE, ("Upgrade", "websocket"), version="HTTP/1.0").is_upgrade


@pytest.mark.parametrize(
    ("fields", "is_visit"),
    [
        ([("Sec-Fetch-Mode", "navigate")], True),
        ([("Sec-Fetch-Mode", "cors")], False),
        ([], False),
    ],
)
def test_a_page_visit_is_a_navigation(fields, is_visit):
    assert front(*fields).is_page_visit is is_visit


@pytest.mark.parametrize(
    ("method", "fields", "action"),
    [
        ("GET", [], "read"),
        ("HEAD", [], "read"),
        ("OPTIONS", [], "read"),
        ("POST", [], "write"),
        ("PROPFIND", [], "write"),
        ("GET", [UPGRADE, ("Upgrade", "websocket")], "execute"),
    ],
)
def test_the_authorizer_is_asked_for_what_is_done(method, fields, action):
    assert front(*fields, method=method)._authorization_action() == action


@pytest.mark.parametrize("method", ["FINISH", "PREPARE", "__INIT__", "PROPFIND", "get"])
def test_no_method_of_a_request_is_a_method_of_the_handler(method):
    """Tornado calls the attribute of the handler that the method names in lower case."""
    assert ExtensionMethod(method).lower() == "extension_method"
    assert ExtensionMethod(method) == method
    assert method in FrontHandler.SUPPORTED_METHODS


def test_connect_is_for_other_proxies():
    assert "CONNECT" not in FrontHandler.SUPPORTED_METHODS


class Provider:
    token = "the token"

    def is_token_authenticated(self, handler):
        return True

    def get_token(self, handler):
        return "another token"

    def get_cookie_name(self, handler):
        return "username-localhost-8888"


def test_everything_that_logs_in_is_a_credential():
    found = jupyter_credentials({"identity_provider": Provider()}, None)
    assert found.tokens == {"the token", "another token"}
    for name in (
        "username-localhost-8888",
        "username-localhost-8889",  # another server on this host, whose cookie comes along
        "_xsrf",
        "jupyterhub-user-somebody",
        "__Host-jupyterhub-session-id",
    ):
        assert found.is_secret_cookie(name)
    assert not found.is_secret_cookie("session")


def test_without_jupyter_there_are_none():
    found = jupyter_credentials({}, None)
    assert not found.tokens
    assert not found.is_secret_cookie("_xsrf")


# --- the log ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            web.HTTPError(400, "in %s", "b\n[I] c"),
            r"GET /a (None): HTTP 400: Bad Request (in b\n[I] c)",
        ),
        (web.HTTPError(400, "100 %"), "GET /a (None): HTTP 400: Bad Request (100 %)"),
        (StartFailed("b\x1b[2J\nmore"), r"server-proxy: /a: b\x1b[2J"),
        (ValueError("c"), "Uncaught exception GET /a (None)"),
    ],
    ids=["a status", "a status without arguments", "foreseen", "not foreseen"],
)
def test_the_log_gets_one_line_without_the_query(error, said, caplog, monkeypatch):
    monkeypatch.setattr(FrontHandler, "log", logging.getLogger("tests.front"))
    caplog.set_level(logging.DEBUG, "tests.front")
    handler = front(path="/a?token=secret")
    handler.log_exception(type(error), error, None)
    (record,) = caplog.records
    assert record.getMessage() == said
    assert bool(record.exc_info) == isinstance(error, ValueError)


def test_a_status_without_a_message_is_not_logged(caplog, monkeypatch):
    monkeypatch.setattr(FrontHandler, "log", logging.getLogger("tests.front"))
    front().log_exception(web.HTTPError, web.HTTPError(403), None)
    assert caplog.records == []


def test_an_argument_that_is_no_text_is_not_quoted():
    with pytest.raises(web.HTTPError) as caught:
        front().decode_argument(b"s3cret\xff", "token")
    assert (caught.value.status_code, "s3cret" in str(caught.value)) == (400, False)
