"""`rewrite_response` and `mappath`: what a service's own functions may change."""

from __future__ import annotations

import gzip

import pytest
from _harness.backend import listening
from _harness.client import connected, fetch

JUPYTER_PORTS = ("app",)
JUPYTER_CONFIG = """
def shout(response):
    response.body = response.body.upper()

def sign(response, request, host, port, path, orig_response):
    response.headers["X-Seen"] = f"{request.method} {host} {port == PORTS['app']} {path}"
    response.headers["X-Length"] = str(len(orig_response.body))
    response.body += b" signed"

async def teapot(response):
    response.code = 418

def refuse(response):
    raise ValueError("not this one")

def reason(response):
    response.code, response.reason = 299, "Well"

def cookies(response):
    response.headers.add("Set-Cookie", "a=b; Path=/")
    response.headers.add("Set-Cookie", "_xsrf=c")
    response.headers["Location"] = "/moved"

class Callable:
    def __call__(self, response):
        response.body = b"called"

def mapped(path):
    return path + "mapped?from=" + path.strip("/")

async def mapped_later(path):
    return "/later" + path

def service(**options):
    return {"port": PORTS["app"], **options}

c.ServerProxy.non_service_rewrite_response = shout
c.ServerProxy.servers = {
    "shout": service(rewrite_response=shout),
    "both": service(rewrite_response=[shout, sign]),
    "other-order": service(rewrite_response=[sign, shout]),
    "teapot": service(rewrite_response=teapot),
    "refuse": service(rewrite_response=[shout, refuse]),
    "reason": service(rewrite_response=reason),
    "cookies": service(rewrite_response=cookies),
    "callable": service(rewrite_response=Callable()),
    "lambda": service(rewrite_response=lambda response, path: setattr(response, "body", b"x")),
    "html": service(rewrite_response=shout, rewrite_response_content_types=["text/*"]),
    "small": service(rewrite_response=shout, rewrite_response_limit=10),
    "dict": service(mappath={"/": "/root", "/a": "/b?c=d"}),
    "function": service(mappath=mapped),
    "later": service(mappath=mapped_later),
    "raising": service(mappath=lambda path: 1 / 0),
    "wrong": service(mappath=lambda path: 5),
    "absolute-mapped": service(mappath={"/a": "/b"}, absolute_url=True),
}
"""


def answer(body: bytes = b"hello", *fields: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.fixture
async def app(jupyter):
    async with listening(at=jupyter.sockets["app"]) as backend:
        backend.answer_with(answer())
        yield backend


# --- rewriting ------------------------------------------------------------------------------


async def test_a_body_is_rewritten_and_measured_anew(jupyter, app):
    response = await fetch(jupyter, "/shout/")
    assert response.body == b"HELLO"
    assert response.get("Content-Length") == b"5"


@pytest.mark.parametrize(
    ("service", "body"), [("both", b"HELLO signed"), ("other-order", b"HELLO SIGNED")]
)
async def test_functions_run_in_order_and_get_what_they_name(jupyter, app, service, body):
    response = await fetch(jupyter, f"/{service}/some%20path?q", method="PUT", body=b"")
    assert response.body == body
    assert response.get("Content-Length") == str(len(body)).encode()
    assert response.get("X-Seen") == b"PUT localhost True /some path"
    assert response.get("X-Length") == b"5"


async def test_a_lambda_and_an_object(jupyter, app):
    assert (await fetch(jupyter, "/lambda/")).body == b"x"
    assert (await fetch(jupyter, "/callable/")).body == b"called"


async def test_the_status_changes_and_the_phrase_follows(jupyter, app):
    response = await fetch(jupyter, "/teapot/")
    assert (response.status, response.reason) == (418, b"I'm a Teapot")
    response = await fetch(jupyter, "/reason/")
    assert (response.status, response.reason) == (299, b"Well")


async def test_a_phrase_of_the_backends_own_stays(jupyter, app):
    app.answer_with(answer(status="200 Fine By Me"))
    response = await fetch(jupyter, "/shout/")
    assert response.reason == b"Fine By Me"


async def test_fields_stay_and_none_is_invented(jupyter, app):
    app.answer_with(
        answer(b"hello", "X-A: 1", "X-B: 2", "X-A: 3", "Content-Type: a/b", 'Etag: "x"')
    )
    response = await fetch(jupyter, "/shout/")
    assert sorted((name.decode().lower(), value) for name, value in response.fields) == [
        ("content-length", b"5"),
        ("content-type", b"a/b"),
        ("etag", b'"x"'),
        ("x-a", b"1"),
        ("x-a", b"3"),
        ("x-b", b"2"),
    ]


async def test_what_functions_set_is_held_to_the_same_rules(jupyter, app):
    response = await fetch(jupyter, "/cookies/")
    assert response.all("Set-Cookie") == [b"a=b; Path=/cookies/"]
    assert response.get("Location") == b"/cookies/moved"


async def test_a_function_that_raises_is_a_500_that_names_it(jupyter, app):
    response = await fetch(jupyter, "/refuse/")
    assert response.status == 500
    assert b"refuse" in response.body
    assert b"not this one" in response.body
    assert b"HELLO" not in response.body
    jupyter.expected_tracebacks += 1  # where it raised is in the log


async def test_only_the_chosen_types_are_collected(jupyter, app):
    for kind, body in (("text/html; charset=x", b"HELLO"), ("application/json", b"hello")):
        app.answer_with(answer(b"hello", f"Content-Type: {kind}"))
        assert (await fetch(jupyter, "/html/")).body == body


async def test_a_body_over_the_limit_is_a_500(jupyter, app):
    app.answer_with(answer(b"x" * 10))
    assert (await fetch(jupyter, "/small/")).body == b"X" * 10
    app.answer_with(answer(b"x" * 11))
    response = await fetch(jupyter, "/small/")
    assert response.status == 500
    assert b"larger than the 10 bytes" in response.body
    app.answer_with(answer(b"x"))
    assert (await fetch(jupyter, "/small/")).body == b"X"


async def test_event_streams_are_never_collected(jupyter):
    async with listening(at=jupyter.sockets["app"]) as backend, connected(jupyter) as client:
        await client.ask("GET", "/shout/")
        peer = await backend.accepted()
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: a\n\n")
        assert (await client.head()).get("X-Accel-Buffering") == b"no"
        assert await client.chunk() == b"data: a\n\n"
        await peer.send(b"data: b\n\n")
        assert await client.chunk() == b"data: b\n\n"


@pytest.mark.parametrize("framing", ["Content-Length: 100", "Transfer-Encoding: chunked"])
async def test_a_body_that_breaks_off_is_not_rewritten(jupyter, framing):
    async with listening(at=jupyter.sockets["app"]) as backend, connected(jupyter) as client:
        await client.ask("GET", "/shout/")
        peer = await backend.accepted()
        await peer.request()
        await peer.send(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n5\r\nhello\r\n".encode())
        peer.close()
        response = await client.response()
    assert response.status == 502
    assert b"HELLO" not in response.body


@pytest.mark.parametrize(
    ("method", "status"),
    [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not Modified")],
)
async def test_answers_without_a_body(jupyter, app, method, status):
    app.answer_with(f"HTTP/1.1 {status}\r\nX-A: 1\r\n\r\n".encode())
    async with connected(jupyter) as client:
        for _ in range(2):
            await client.ask(method, "/shout/")
            response = await client.response(is_head=method == "HEAD")
            assert f"{response.status}" == status[:3]
            assert response.get("X-A") == b"1"
            assert response.body == b""


async def test_a_compressed_body_is_given_as_it_is(jupyter, app):
    packed = gzip.compress(b"hello")
    app.answer_with(answer(packed, "Content-Encoding: gzip"))
    response = await fetch(jupyter, "/both/")
    assert response.get("X-Length") == str(len(packed)).encode()
    assert response.get("Content-Encoding") == b"gzip"


async def test_answers_without_a_service_can_be_rewritten_too(jupyter, app):
    response = await fetch(jupyter, f"{app.path}/")
    assert response.body == b"HELLO"


# --- mapping paths ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/dict/", b"/root"),
        ("/dict/?x=y", b"/root?x=y"),
        ("/dict/a?x=y", b"/b?c=d&x=y"),
        ("/dict/other%2Fone?x", b"/other%2Fone?x"),
        ("/function/a", b"/amapped?from=a"),
        ("/function/a?b=%20c", b"/amapped?from=a&b=%20c"),
        ("/later/a%20b", b"/later/a%20b"),
        ("/absolute-mapped/a?b", b"/absolute-mapped/b?b"),
    ],
)
async def test_mapped_paths(jupyter, app, path, target):
    app.answer_with()
    response = await fetch(jupyter, path)
    assert response.status == 200
    assert app.request.target == target


@pytest.mark.parametrize(
    ("service", "reason"), [("raising", b"ZeroDivisionError"), ("wrong", b"returned int")]
)
async def test_a_mappath_that_fails_is_a_500_that_names_the_service(jupyter, app, service, reason):
    response = await fetch(jupyter, f"/{service}/")
    assert response.status == 500
    assert reason in response.body
    assert service.encode() in response.body
    assert app.connections == 0
    jupyter.expected_tracebacks += service == "raising"
