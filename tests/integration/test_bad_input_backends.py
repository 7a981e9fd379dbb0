"""Hostile and broken backends: a clear error for who asked, and nothing else is harmed."""

from __future__ import annotations

import asyncio

import pytest
from _harness.backend import HELLO, listening
from _harness.client import connected, fetch
from _harness.message import read_body

KIB = 1024
BROKEN = (asyncio.IncompleteReadError, ConnectionError)


@pytest.fixture(scope="module")
def baseline(jupyter) -> int:
    return jupyter.descriptors()


@pytest.fixture(autouse=True)
async def nothing_is_harmed(jupyter, baseline):
    """After each test the server still answers, and holds nothing that it did not hold before."""
    yield
    async with listening() as backend:
        backend.answer_with()
        assert (await fetch(jupyter, f"{backend.path}/")).body == b"hello"
    await jupyter.holds_no_more_than(baseline)


async def answered(jupyter, backend, raw: bytes, **options):
    """The response of somebody whose backend sends `raw` and closes."""

    async def script(peer) -> None:
        await peer.request()
        await peer.send(raw)

    backend.run(script)
    return await fetch(jupyter, f"{backend.path}/", **options)


NO_HTTP = {
    "nothing": b"",
    "a line end": b"\r\n",
    "line ends": b"\r\n\r\n\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.9\r\n",
    "html": b"<html>hello</html>",
    "tls alert": b"\x15\x03\x01\x00\x02\x02\x0a",
    "nul": b"\0" * 1000,
    "http2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a request": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "half a status line": b"HTTP/1.1 20",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "only an interim answer": b"HTTP/1.1 100 Continue\r\n\r\n",
    "no code": b"HTTP/1.1 OK\r\n\r\n",
    "short code": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "long code": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "code 000": b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
    "code 099": b"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
    "version": b"HTTP/7.7 200 OK\r\nContent-Length: 0\r\n\r\n",
    "unasked upgrade": b"HTTP/1.1 101 Switching\r\nUpgrade: tcp\r\nConnection: upgrade\r\n\r\nx",
    "space in a name": b"HTTP/1.1 200 OK\r\nX Y: 1\r\nContent-Length: 0\r\n\r\n",
    "no colon": b"HTTP/1.1 200 OK\r\nX-Y\r\nContent-Length: 0\r\n\r\n",
    "no name": b"HTTP/1.1 200 OK\r\n: 1\r\nContent-Length: 0\r\n\r\n",
    "nul in a value": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
    "length of words": b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
    "length in hex": b"HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello",
    "plus": b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nhello",
    "list of lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5, 3\r\n\r\nhello",
    "endless length": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\nhello",
    "both framings": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "odd coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "twice chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("kind", NO_HTTP)
async def test_what_is_no_answer_is_502(jupyter, backend, kind):
    response = await answered(jupyter, backend, NO_HTTP[kind])
    assert response.status == 502
    assert b"The application" in response.body


@pytest.mark.parametrize("kind", ["nothing", "ssh", "nul", "half a head", "two lengths"])
@pytest.mark.parametrize("method", ["POST", "HEAD", "PROPFIND"])
async def test_to_any_method(jupyter, backend, kind, method):
    body = None if method == "HEAD" else b"x" * 100
    response = await answered(jupyter, backend, NO_HTTP[kind], method=method, body=body)
    assert response.status == 502


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * (300 * KIB) + b"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (60 * KIB) + b"Content-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 " + b"OK" * (200 * KIB) + b"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X" * (300 * KIB) + b": y\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["value", "many", "reason", "name"],
)
async def test_a_head_nobody_sends_in_earnest_is_502(jupyter, backend, raw):
    response = await answered(jupyter, backend, raw)
    assert response.status == 502
    assert b"head larger than" in response.body


async def test_a_large_head_within_reason_passes(jupyter, backend):
    value = b"x" * (100 * KIB)
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Large: " + value + b"\r\n\r\n"
    assert (await answered(jupyter, backend, raw)).get("X-Large") == value


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"", b"HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x" * KIB),
        (b"HTTP/1.1 200 OK\r\nX", b"x" * KIB),
        (b"HTTP/1.1 200 ", b"OK" * KIB),
        (b"", b"\r\n" * KIB),
    ],
    ids=["interim", "value", "name", "reason", "empty lines"],
)
async def test_a_head_that_never_ends_is_502(jupyter, backend, start, more):
    before = jupyter.rss()

    async def script(peer) -> None:
        await peer.request()
        await peer.send(start)
        while True:
            await peer.send(more)

    backend.run(script)
    response = await fetch(jupyter, f"{backend.path}/")
    assert response.status == 502
    assert jupyter.rss() - before < 16 * KIB * KIB


async def test_a_trailer_that_never_ends_breaks_the_answer_off(jupyter, backend):
    before = jupyter.rss()

    async def script(peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ")
        while True:
            await peer.send(b"x" * KIB)

    backend.run(script)
    with pytest.raises(BROKEN):
        await fetch(jupyter, f"{backend.path}/")
    assert jupyter.rss() - before < 16 * KIB * KIB


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\nhello\r\n",
        b"-5\r\nhello\r\n",
        b"fffffffffffffffffff\r\nhello\r\n",
        b"5\r\nhelloXX0\r\n\r\n",
        b"5hello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
    ],
)
async def test_broken_chunks_break_the_answer_off(jupyter, backend, body):
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n"

    async with connected(jupyter) as client:
        await client.ask("GET", f"{backend.path}/")
        peer = await backend.accepted()
        await peer.request()
        await peer.send(raw)
        assert await client.head()
        assert await client.chunk() == b"good"
        await peer.send(body)
        with pytest.raises(BROKEN):
            await all_chunks(client)
        await peer.closed()


async def all_chunks(client) -> None:
    while await client.chunk():
        pass


INJECTED = b"Set-Cookie: injected=1"


@pytest.mark.parametrize(
    "value",
    [
        b"a\r" + INJECTED,
        b"a\n" + INJECTED,
        b"a\x0b" + INJECTED,
        b"a\x0c" + INJECTED,
        b"a\x85" + INJECTED,
        b"a\r\r\n" + INJECTED,
        b"a\r\n " + INJECTED,
        b"a\r\n\t" + INJECTED,
        "a\u560d\u560a".encode() + INJECTED,
    ],
)
@pytest.mark.parametrize("name", [b"X-A", b"Location", b"Set-Cookie", b"Link"])
async def test_no_field_can_smuggle_another(jupyter, backend, name, value):
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + name + b": " + value + b"\r\n\r\nok"
    response = await answered(jupyter, backend, raw)
    assert response.status in (200, 502)
    lines = response.raw.replace(b"\r", b"\n").replace(b"\x85", b"\n").split(b"\n")
    if b"\x85" not in value:  # no line end in HTTP
        assert INJECTED not in lines
    assert b"injected=1" not in response.all("Set-Cookie")


async def test_a_reason_cannot_smuggle_a_field(jupyter, backend):
    raw = b"HTTP/1.1 200 OK\r" + INJECTED + b"\r\nContent-Length: 2\r\n\r\nok"
    response = await answered(jupyter, backend, raw)
    assert "Set-Cookie" not in response.names


# --- bodies that are not what was said ----------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_more_than_was_said_is_cut_and_never_the_next_answer(jupyter, backend, method):
    poison = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"

    async def script(peer) -> None:
        while True:
            await peer.request()
            await peer.send(HELLO + poison)

    backend.run(script)
    async with connected(jupyter) as client:
        for _ in range(5):
            await client.ask(method, f"{backend.path}/")
            response = await client.response(is_head=method == "HEAD")
            assert response.body == (b"" if method == "HEAD" else b"hello")
    assert backend.connections == 5


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("framing", [b"Content-Length: 6", b"Transfer-Encoding: chunked"])
async def test_a_body_where_none_may_be_is_dropped(jupyter, backend, status, framing):
    async def script(peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 %d X\r\n%b\r\n\r\n6\r\npoison\r\n0\r\n\r\n" % (status, framing))

    backend.run(script)
    async with connected(jupyter) as client:
        for _ in range(3):
            await client.ask("GET", f"{backend.path}/")
            assert (await client.response()).status == status


async def test_less_than_was_said_breaks_off(jupyter, backend):
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"
    with pytest.raises(BROKEN):
        await answered(jupyter, backend, raw)


@pytest.mark.parametrize("way", ["close", "reset", "half close"])
async def test_a_backend_that_hangs_up_at_once(jupyter, backend, way):
    async def script(peer) -> None:
        if way == "reset":
            peer.reset()
        elif way == "half close":
            peer.half_close()
            await peer.closed()

    backend.run(script)
    for method in ("GET", "POST"):
        response = await fetch(jupyter, f"{backend.path}/", method=method, body=b"")
        assert response.status == 502


async def test_a_backend_that_speaks_first(jupyter, backend):
    async def script(peer) -> None:
        await peer.send(b"220 smtp.example ESMTP\r\n")
        await peer.closed()

    backend.run(script)
    assert (await fetch(jupyter, f"{backend.path}/")).status == 502


async def test_a_backend_that_refuses_to_read_an_upload(jupyter, backend):
    async def script(peer) -> None:
        await peer.head()
        peer.reset()

    backend.run(script)
    async with connected(jupyter) as client:
        await client.ask("POST", f"{backend.path}/", body=b"x" * (4 * KIB * KIB))
        head = await client.final_head()
        assert head.status == 502
        assert b"closed the connection" in await read_body(client.reader, head, until_close=True)
