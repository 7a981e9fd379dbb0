"""What a client gets: status, reason, fields and body as the backend sent them, and no others."""

from __future__ import annotations

import pytest
from _harness.backend import listening
from _harness.client import connected, fetch

JUPYTER_PORTS = ("app", "absolute")
JUPYTER_CONFIG = """
c.ServerProxy.servers = {
    "app": {"port": PORTS["app"]},
    "absolute": {"port": PORTS["absolute"], "absolute_url": True},
}
"""


async def answered(jupyter, backend, head: bytes, body: bytes = b"", **options):
    """The response to a request that the backend answers with `head` (no blank line) and `body`."""
    backend.answer_with(head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + body)
    return await fetch(jupyter, f"{backend.path}/", **options)


def fields_of(message) -> list[tuple[str, bytes]]:
    return [(name.decode().lower(), value) for name, value in message.fields]


# --- status and reason ----------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 203, 206, 299, 300, 307, 400, 401, 404, 418, 421])
@pytest.mark.parametrize("status_text", ["", "Fine By Me", "caf\xe9 \t!"])
async def test_status_and_reason_as_sent(jupyter, backend, status, status_text):
    line = f"HTTP/1.1 {status} {status_text}\nContent-Length: 2".encode("latin-1")
    response = await answered(jupyter, backend, line, b"ok")
    assert response.status == status
    assert response.reason == status_text.encode("latin-1")
    assert response.body == b"ok"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599, 600, 999])
async def test_errors_of_the_backend_are_its_own(jupyter, backend, status):
    head = f"HTTP/1.1 {status} Mine\nContent-Length: 4\nRetry-After: 7".encode()
    response = await answered(jupyter, backend, head, b"mine")
    assert (response.status, response.reason, response.body) == (status, b"Mine", b"mine")
    assert response.get("Retry-After") == b"7"


# --- fields -----------------------------------------------------------------------------------


async def test_no_field_is_invented_and_none_is_lost(jupyter, backend):
    fields = b"X-B: 1\nx-a: caf\xc3\xa9\xff\nX-B: 2\nVary: a\nVary: b"
    head = b"HTTP/1.1 200 OK\nContent-Length: 2\n" + fields
    response = await answered(jupyter, backend, head, b"ok")
    assert sorted(fields_of(response)) == [
        ("content-length", b"2"),
        ("vary", b"a"),
        ("vary", b"b"),
        ("x-a", b"caf\xc3\xa9\xff"),
        ("x-b", b"1"),
        ("x-b", b"2"),
    ]


async def test_fields_that_jupyter_sets_itself_are_the_backends(jupyter, backend):
    head = (
        b'HTTP/1.1 200 OK\nContent-Length: 2\nServer: mine\nEtag: "x"\nDate: once\n'
        b"Content-Type: x/y\nContent-Security-Policy: none\nX-Content-Type-Options: odd"
    )
    response = await answered(jupyter, backend, head, b"ok")
    assert fields_of(response)[1:] == [
        ("server", b"mine"),
        ("etag", b'"x"'),
        ("date", b"once"),
        ("content-type", b"x/y"),
        ("content-security-policy", b"none"),
        ("x-content-type-options", b"odd"),
    ]


async def test_an_if_none_match_is_not_answered_by_jupyter(jupyter, backend):
    head = b'HTTP/1.1 200 OK\nContent-Length: 2\nEtag: "x"'
    fields = [("If-None-Match", '"x"')]
    response = await answered(jupyter, backend, head, b"ok", fields=fields)
    assert (response.status, response.body) == (200, b"ok")


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\nContent-Length: 12345\nX-A: 1"),
        ("HEAD", b"HTTP/1.1 404 Not Found\nContent-Length: 12345\nX-A: 1"),
        ("GET", b"HTTP/1.1 204 No Content\nX-A: 1"),
        ("POST", b"HTTP/1.1 204 No Content\nX-A: 1"),
        ("GET", b'HTTP/1.1 304 Not Modified\nEtag: "x"\nContent-Length: 12345\nX-A: 1'),
    ],
)
async def test_answers_without_a_body_keep_their_fields(jupyter, backend, method, head):
    response = await answered(jupyter, backend, head, method=method)
    sent = [line.split(b": ") for line in head.split(b"\n")[1:]]
    assert fields_of(response) == [(name.decode().lower(), value) for name, value in sent]
    assert response.body == b""


async def test_a_head_request_leaves_the_connection_usable(jupyter, backend):
    backend.answer_with(
        lambda request: (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
            + (b"" if request.method == b"HEAD" else b"hello")
        )
    )
    async with connected(jupyter) as client:
        for method in ("HEAD", "GET", "HEAD", "GET"):
            await client.ask(method, f"{backend.path}/")
            response = await client.response(is_head=method == "HEAD")
            assert response.body == (b"" if method == "HEAD" else b"hello")
    assert backend.connections == 1


async def test_hop_by_hop_fields_stop_here(jupyter, backend):
    head = (
        b"HTTP/1.1 200 OK\nContent-Length: 2\nConnection: keep-alive, X-Mine\nX-Mine: 1\n"
        b"Keep-Alive: timeout=5\nProxy-Authenticate: Basic\nTrailer: X-T\nUpgrade: h2c\nX-Stays: 2"
    )
    response = await answered(jupyter, backend, head, b"ok")
    assert fields_of(response) == [("content-length", b"2"), ("x-stays", b"2")]


async def test_connection_close_of_the_backend_is_not_the_clients(jupyter, backend):
    async with connected(jupyter) as client:
        for _ in range(3):
            await client.ask("GET", f"{backend.path}/")
            peer = await backend.accepted()
            await peer.request()
            await peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
            peer.close()
            assert (await client.response()).body == b"ok"


ORIGIN_WIDE = [
    b"Clear-Site-Data: *",
    b"X-Accel-Redirect: /etc/passwd",
    b"X-Accel-Buffering: yes",
    b"Strict-Transport-Security: max-age=9",
    b"Service-Worker-Allowed: ../",
    b"Alt-Svc: h3",
]


@pytest.mark.parametrize("field", ORIGIN_WIDE)
async def test_fields_that_speak_for_the_whole_origin_do_not_pass(jupyter, backend, field):
    head = b"HTTP/1.1 200 OK\nContent-Length: 2\n" + field
    response = await answered(jupyter, backend, head, b"ok")
    assert fields_of(response) == [("content-length", b"2")]


@pytest.mark.parametrize("scope", ["/", "/sub/", "{prefix}/sub/"])
async def test_a_service_worker_may_have_its_prefix(jupyter, backend, scope):
    scope = scope.format(prefix=backend.path)
    head = f"HTTP/1.1 200 OK\nContent-Length: 2\nService-Worker-Allowed: {scope}".encode()
    response = await answered(jupyter, backend, head, b"ok")
    wanted = backend.path + scope.removeprefix(backend.path)
    assert response.get("Service-Worker-Allowed") == wanted.encode()


# --- framing ------------------------------------------------------------------------------------


async def test_a_chunked_answer_with_extensions_and_trailers(jupyter, backend):
    body = (
        b"5;a=b\r\nhello\r\n1;c\r\n \r\n5\r\nworld\r\n0\r\nX-Trailer: 1\r\nSet-Cookie: a=b\r\n\r\n"
    )
    head = b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTrailer: X-Trailer"
    response = await answered(jupyter, backend, head, body)
    assert response.body == b"hello world"
    assert "X-Trailer" not in response.names
    again = await fetch(jupyter, f"{backend.path}/")
    assert again.body == b"hello world"
    assert backend.connections == 1


async def test_an_answer_that_lasts_until_the_backend_closes(jupyter, backend):
    async with connected(jupyter) as client:
        await client.ask("GET", f"{backend.path}/")
        peer = await backend.accepted()
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\nhello ")
        head = await client.head()
        assert head.get("Transfer-Encoding") == b"chunked"
        assert await client.chunk() == b"hello "
        await peer.send(b"world")
        peer.close()
        assert await client.chunk() == b"world"
        assert await client.chunk() == b""


async def test_an_http10_backend(jupyter, backend):
    async with connected(jupyter) as client:
        await client.ask("GET", f"{backend.path}/")
        peer = await backend.accepted()
        await peer.request()
        await peer.send(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        assert (await client.response()).body == b"hello"
        await peer.closed()


@pytest.mark.parametrize("framing", [b"Content-Length: 5\r\n\r\nhello", b"\r\nhello"])
async def test_an_http10_client(jupyter, backend, framing):
    async with connected(jupyter) as client:
        request = f"GET {backend.path}/ HTTP/1.0\r\nAuthorization: token {jupyter.token}\r\n\r\n"
        await client.send(request.encode())
        peer = await backend.accepted()
        head = await peer.head()
        assert head.line == b"GET / HTTP/1.1"
        assert head.get("Host") == f"localhost:{backend.port}".encode()
        await peer.send(b"HTTP/1.1 200 OK\r\n" + framing)
        peer.close()
        response = await client.response()
        assert response.body == b"hello"
        assert response.get("Transfer-Encoding") is None


# --- interim answers ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [100, 102, 103, 150])
async def test_interim_answers_are_not_the_answer(jupyter, backend, status):
    interim = f"HTTP/1.1 {status} Wait\r\nLink: </x>; rel=preload\r\nX-I: 1\r\n\r\n".encode()
    backend.answer_with(interim * 2 + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    for _ in range(2):
        response = await fetch(jupyter, f"{backend.path}/")
        assert (response.status, response.reason, response.body) == (200, b"OK", b"hello")
        assert "X-I" not in response.names
    assert backend.connections == 1


# --- URLs and cookies ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 302, 308, 401, 503])
@pytest.mark.parametrize(
    ("field", "sent", "expected"),
    [
        ("Location", "/x?y=/z", "{prefix}/x?y=/z"),
        ("Location", "{prefix}/x", "{prefix}/x"),
        ("Location", "http://127.0.0.1:{port}/x", "{prefix}/x"),
        ("Location", "http://localhost:{port}/x", "{prefix}/x"),
        ("Location", "http://{jupyter}/x", "{prefix}/x"),
        ("Location", "//{jupyter}/x", "{prefix}/x"),
        ("Location", "http://elsewhere.example/x", "http://elsewhere.example/x"),
        ("Location", "x/y", "x/y"),
        ("Location", "?q", "?q"),
        ("Content-Location", "/x", "{prefix}/x"),
        ("Refresh", "5; url=/x", "5; url={prefix}/x"),
        ("Link", '</x>; rel="next", </y>', '<{prefix}/x>; rel="next", <{prefix}/y>'),
    ],
)
async def test_urls_in_fields_come_back_under_the_prefix(
    jupyter, backend, status, field, sent, expected
):
    known = {"prefix": backend.path, "port": backend.port, "jupyter": jupyter.netloc}
    head = f"HTTP/1.1 {status} X\nContent-Length: 2\n{field}: {sent.format(**known)}".encode()
    response = await answered(jupyter, backend, head, b"ok")
    assert response.get(field) == expected.format(**known).encode()


@pytest.mark.parametrize("field", ["Location: /x", "Content-Location: /x", "Link: </x>"])
async def test_an_absolute_url_backend_writes_its_urls_itself(jupyter, field):
    async with listening(at=jupyter.sockets["absolute"]) as backend:
        backend.answer_with(f"HTTP/1.1 302 X\r\nContent-Length: 0\r\n{field}\r\n\r\n".encode())
        response = await fetch(jupyter, "/absolute/")
    name, _, value = field.partition(": ")
    assert response.get(name) == value.encode()


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("a=b", "a=b"),
        ("a=b; Path=/", "a=b; Path={prefix}/"),
        ("a=b; Path=/x; HttpOnly", "a=b; Path={prefix}/x; HttpOnly"),
        ("a=b; Domain=127.0.0.1; Secure; SameSite=Lax", "a=b; Secure; SameSite=Lax"),
        ("a=b; Expires=Wed, 21 Oct 2035 07:28:00 GMT; Max-Age=5", None),
    ],
)
async def test_cookies_stay_below_the_prefix(jupyter, backend, sent, expected):
    head = f"HTTP/1.1 200 OK\nContent-Length: 2\nSet-Cookie: z=1\nSet-Cookie: {sent}".encode()
    response = await answered(jupyter, backend, head, b"ok")
    wanted = (expected or sent).format(prefix=backend.path)
    assert response.all("Set-Cookie") == [b"z=1", wanted.encode()]


@pytest.mark.parametrize(
    "name", ["_xsrf", "username-{host}-{port}", "jupyterhub-user-x", "=_xsrf", " _xsrf"]
)
async def test_a_backend_cannot_set_jupyters_cookies(jupyter, backend, name):
    name = name.format(host=jupyter.host.replace(".", "-"), port=jupyter.port)
    head = f"HTTP/1.1 200 OK\nContent-Length: 2\nSet-Cookie: {name}=1\nSet-Cookie: ok=1".encode()
    response = await answered(jupyter, backend, head, b"ok")
    assert response.all("Set-Cookie") == [b"ok=1"]


# --- event streams -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["text/event-stream", "text/event-stream; charset=utf-8"])
async def test_event_streams_ask_not_to_be_buffered(jupyter, backend, kind):
    head = f"HTTP/1.1 200 OK\nContent-Length: 2\nContent-Type: {kind}".encode()
    response = await answered(jupyter, backend, head, b"ok")
    assert response.get("X-Accel-Buffering") == b"no"
