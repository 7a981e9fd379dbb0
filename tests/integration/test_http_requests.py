"""What a backend gets: method, header fields and body as the client sent them, and no others."""

from __future__ import annotations

import pytest
from _harness.backend import listening
from _harness.client import connected, fetch

JUPYTER_PORTS = ("app",)
JUPYTER_CONFIG = """
def overrides(port, name):
    return {"X-Name": name, "X-Port": str(port), "Accept": "from/callable"}

c.ServerProxy.servers = {
    "app": {"port": PORTS["app"]},
    "overriding": {
        "port": PORTS["app"],
        "request_headers_override": {
            "Host": "app.example", "X-Port": "{port}", "X-Braces": "{{}}", "Authorization": "Own",
            "Connection": "close", "Transfer-Encoding": "gzip", "Content-Length": "99",
            "X-Forwarded-Prefix": "/elsewhere",
        },
    },
    "calling": {"port": PORTS["app"], "request_headers_override": overrides},
}
"""

METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
ODD_METHODS = [
    "PROPFIND",
    "MKCOL",
    "M-SEARCH",
    "QUERY",
    "TRACE",
    "get",
    "Post",
    "FINISH",
    "PREPARE",
]
ODD_METHODS += ["WRITE_ERROR", "EXTENSION_METHOD", "!#$%&'*+-.^_`|~09Az", "X" * 200]


# --- methods and bodies -------------------------------------------------------------------


@pytest.mark.parametrize("body", [None, b"", b"x", b"\0\xff\r\n\r\n", b"y" * 200_000])
@pytest.mark.parametrize("method", METHODS + ODD_METHODS)
async def test_every_method_with_any_body(jupyter, backend, method, body):
    backend.answer_with()
    response = await fetch(jupyter, f"{backend.path}/x", method=method, body=body)
    assert response.status == 200
    request = backend.request
    assert request.line == f"{method} /x HTTP/1.1".encode()
    assert request.body == (body or b"")
    assert request.get("Content-Length") == (None if body is None else b"%d" % len(body))
    assert request.get("Transfer-Encoding") is None


@pytest.mark.parametrize("method", ["CONNECT"])
async def test_connect_is_refused(jupyter, backend, method):
    response = await fetch(jupyter, f"{backend.path}/", method=method)
    assert response.status == 405
    assert backend.connections == 0


@pytest.mark.parametrize("method", ["POST", "GET", "PROPFIND"])
async def test_a_chunked_body_stays_chunked(jupyter, backend, method):
    backend.answer_with()
    async with connected(jupyter) as client:
        await client.ask(method, f"{backend.path}/", [("Transfer-Encoding", "chunked")])
        await client.send(b"5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n")
        assert (await client.response()).status == 200
    assert backend.request.body == b"hello world"
    assert backend.request.get("Transfer-Encoding") == b"chunked"
    assert backend.request.get("Content-Length") is None


async def test_an_empty_chunked_body(jupyter, backend):
    backend.answer_with()
    async with connected(jupyter) as client:
        await client.ask("POST", f"{backend.path}/", [("Transfer-Encoding", "chunked")])
        await client.send(b"0\r\n\r\n")
        assert (await client.response()).status == 200
    assert backend.request.body == b""
    assert backend.request.get("Transfer-Encoding") == b"chunked"


async def test_100_continue_is_given_and_the_body_passed_on(jupyter, backend):
    backend.answer_with()
    async with connected(jupyter) as client:
        fields = [("Expect", "100-continue"), ("Content-Length", "5")]
        await client.ask("PUT", f"{backend.path}/", fields)
        assert (await client.head()).status == 100
        await client.send(b"hello")
        assert (await client.response()).status == 200
    assert backend.request.body == b"hello"
    assert backend.request.get("Expect") is None


# --- fields ---------------------------------------------------------------------------------


def forwarded(jupyter, prefix: str) -> dict[str, list[bytes]]:
    return {
        "x-forwarded-for": [b"127.0.0.1"],
        "x-forwarded-proto": [b"http"],
        "x-forwarded-host": [jupyter.netloc.encode()],
        "x-forwarded-port": [str(jupyter.port).encode()],
        "x-forwarded-prefix": [prefix.encode()],
        "x-forwarded-context": [prefix.encode()],
        "x-proxycontextpath": [prefix.encode()],
    }


def grouped(message) -> dict[str, list[bytes]]:
    return {name.lower(): message.all(name) for name in message.names}


async def test_no_field_is_invented_and_none_is_lost(jupyter, backend):
    backend.answer_with()
    sent = [
        ("X-Custom", "one, two"),
        ("x-custom", "three"),
        ("Accept", "a/b;q=0.5"),
        ("Cookie", f"a=b; {jupyter.cookie}; c=d"),
        ("X-Latin", "caf\xc3\xa9\xff"),
        ("X-Tabs", "a\tb"),
        ("Origin", "http://elsewhere.example"),
        ("If-None-Match", '"x"'),
        ("Range", "bytes=0-5"),
        ("Accept-Encoding", "br"),
        ("User-Agent", "mine"),
    ]
    await fetch(jupyter, f"{backend.path}/", fields=sent)
    assert grouped(backend.request) == {
        "host": [jupyter.netloc.encode()],
        "x-custom": [b"one, two", b"three"],
        "accept": [b"a/b;q=0.5"],
        "cookie": [b"a=b; c=d"],
        "x-latin": [b"caf\xc3\xa9\xff"],
        "x-tabs": [b"a\tb"],
        "origin": [b"http://elsewhere.example"],
        "if-none-match": [b'"x"'],
        "range": [b"bytes=0-5"],
        "accept-encoding": [b"br"],
        "user-agent": [b"mine"],
        **forwarded(jupyter, backend.path),
    }


async def test_a_request_with_next_to_nothing(jupyter, backend):
    backend.answer_with()
    await fetch(jupyter, f"{backend.path}/")
    expected = {"host": [jupyter.netloc.encode()], **forwarded(jupyter, backend.path)}
    assert grouped(backend.request) == expected


async def test_hop_by_hop_fields_stop_here(jupyter, backend):
    backend.answer_with()
    hop_by_hop = [
        ("Connection", "keep-alive, X-Mine, x-other"),
        ("X-Mine", "1"),
        ("X-Other", "2"),
        ("Keep-Alive", "timeout=5"),
        ("TE", "trailers"),
        ("Trailer", "X-T"),
        ("Proxy-Authorization", "Basic x"),
        ("Proxy-Connection", "keep-alive"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABkAAQAAP__"),
    ]
    await fetch(jupyter, f"{backend.path}/", fields=[*hop_by_hop, ("X-Stays", "3")])
    expected = {"host", "x-stays", *forwarded(jupyter, "")}
    assert set(grouped(backend.request)) == expected


CLAIMS = [
    ("X-Forwarded-For", "6.6.6.6"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Port", "443"),
    ("X-Forwarded-Prefix", "/evil"),
    ("X-Forwarded-Context", "/evil"),
    ("X-ProxyContextPath", "/evil"),
    ("X-Forwarded-User", "root"),
    ("X_Forwarded_For", "6.6.6.6"),
    ("X-Real-IP", "6.6.6.6"),
    ("X-Scheme", "https"),
    ("Forwarded", "for=6.6.6.6;host=evil.example"),
]


async def test_a_clients_claims_about_itself_do_not_pass(jupyter, backend):
    backend.answer_with()
    await fetch(jupyter, f"{backend.path}/", fields=CLAIMS)
    expected = {"host": [jupyter.netloc.encode()], **forwarded(jupyter, backend.path)}
    assert grouped(backend.request) == expected


async def test_connection_cannot_remove_what_the_proxy_says(jupyter, backend):
    backend.answer_with()
    named = "X-Forwarded-For, X-Forwarded-Prefix, Host, Cookie"
    await fetch(jupyter, f"{backend.path}/", fields=[("Connection", named)])
    expected = {"host": [jupyter.netloc.encode()], **forwarded(jupyter, backend.path)}
    assert grouped(backend.request) == expected


async def test_absolute_url_does_not_tell_the_prefix(jupyter, backend):
    backend.answer_with()
    await fetch(jupyter, f"/proxy/absolute/{backend.port}/")
    expected = forwarded(jupyter, "")
    for name in ("x-forwarded-prefix", "x-forwarded-context", "x-proxycontextpath"):
        del expected[name]
    assert grouped(backend.request) == {"host": [jupyter.netloc.encode()], **expected}


async def test_behind_a_trusted_proxy_its_claims_pass(make_own_jupyter, backend):
    jupyter = make_own_jupyter("c.ServerApp.trust_xheaders = True")
    backend.answer_with()
    fields = [
        ("X-Forwarded-For", "1.2.3.4, 5.6.7.8"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "hub.example"),
        ("X-Forwarded-Prefix", "/evil"),
        ("X-Real-IP", "5.6.7.8"),
    ]
    await fetch(jupyter, f"{backend.path}/", fields=fields)
    request = grouped(backend.request)
    assert request["x-forwarded-for"] == [b"1.2.3.4, 5.6.7.8"]
    assert request["x-forwarded-proto"] == [b"https"]
    assert request["x-forwarded-host"] == [b"hub.example"]
    assert request["x-forwarded-port"] == [b"443"]
    assert request["x-forwarded-prefix"] == [backend.path.encode()]
    assert request["x-real-ip"] == [b"5.6.7.8"]


# --- overrides --------------------------------------------------------------------------------


async def test_overrides_replace_fields_but_never_the_framing(jupyter):
    async with listening(at=jupyter.sockets["app"]) as backend:
        backend.answer_with()
        fields = [("x-braces", "client"), ("X-Stays", "1")]
        await fetch(jupyter, "/overriding/", method="POST", fields=fields, body=b"hello")
    request = backend.request
    assert request.body == b"hello"
    assert grouped(request) == {
        **forwarded(jupyter, "/overriding"),
        "host": [b"app.example"],
        "content-length": [b"5"],
        "authorization": [b"Own"],
        "x-port": [b"%d" % backend.port],
        "x-braces": [b"{}"],
        "x-stays": [b"1"],
        "x-forwarded-prefix": [b"/elsewhere"],
    }


async def test_overrides_may_be_a_callable(jupyter):
    async with listening(at=jupyter.sockets["app"]) as backend:
        backend.answer_with()
        await fetch(jupyter, "/calling/", fields=[("Accept", "from/client")])
    request = backend.request
    assert request.get("X-Name") == b"calling"
    assert request.get("X-Port") == b"%d" % backend.port
    assert request.get("Accept") == b"from/callable"
