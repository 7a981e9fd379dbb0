"""Hostile and clumsy clients: they are told, backends are not fooled, nothing is left behind."""

from __future__ import annotations

import asyncio

import pytest
from _harness.backend import listening
from _harness.client import connected, fetch, request_bytes


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


def head(jupyter, backend, *lines: bytes, method: bytes = b"POST") -> bytes:
    first = b"%b %b/ HTTP/1.1" % (method, backend.path.encode())
    own = [f"Host: {jupyter.netloc}".encode(), f"Cookie: {jupyter.cookie}".encode()]
    return b"\r\n".join([first, *own, *lines, b"", b""])


# --- requests that mean two things ----------------------------------------------------------------

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
AMBIGUOUS = {
    "both framings": [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
    "two lengths": [b"Content-Length: 5", b"Content-Length: 6"],
    "list of lengths": [b"Content-Length: 5, 6"],
    "negative": [b"Content-Length: -1"],
    "plus": [b"Content-Length: +5"],
    "underscore": [b"Content-Length: 1_0"],
    "hex": [b"Content-Length: 0x5"],
    "empty": [b"Content-Length: "],
    "words": [b"Content-Length: five"],
    "arabic digits": ["Content-Length: \u0665".encode()],
    "odd coding": [b"Transfer-Encoding: xchunked"],
    "coding before": [b"Transfer-Encoding: gzip, chunked"],
    "coding after": [b"Transfer-Encoding: chunked, gzip"],
    "identity": [b"Transfer-Encoding: identity"],
    "twice": [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
    "vertical tab": [b"Transfer-Encoding: \x0bchunked"],
    "space before colon": [b"Content-Length : 5"],
    "folded": [b"X-A: 1", b" Transfer-Encoding: chunked"],
    "no colon": [b"Content-Length: 5", b"Nonsense"],
    "nul": [b"Content-Length: 5", b"X: a\0b"],
    "bare cr": [b"Content-Length: 5", b"X: a\rTransfer-Encoding: chunked"],
}


@pytest.mark.parametrize("kind", AMBIGUOUS)
async def test_nothing_ambiguous_reaches_a_backend(jupyter, backend, kind):
    """Refused, or passed on with a framing that leaves nothing over for a second request."""
    backend.answer_with()
    async with connected(jupyter) as client:
        await client.send(head(jupyter, backend, *AMBIGUOUS[kind]) + b"0\r\n\r\n" + SMUGGLED)
        client.half_close()
        answer = await client.closed()
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 50"))
    assert backend.requests == []


async def test_equal_lengths_are_one(jupyter, backend):
    backend.answer_with()
    async with connected(jupyter) as client:
        lines = [b"Content-Length: 5", b"Content-Length: 5"]
        await client.send(head(jupyter, backend, *lines) + b"hello")
        answer = await client.head()
    if answer.status == 200:
        assert backend.request.all("Content-Length") == [b"5"]
        assert backend.request.body == b"hello"
    else:
        assert answer.status == 400


@pytest.mark.parametrize(
    "raw",
    [
        b"\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  /two-spaces HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"X" * 200_000,
        b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_nonsense_ends_the_connection(jupyter, raw):
    async with connected(jupyter) as client:
        try:
            await client.send(raw)
            client.half_close()
        except OSError:
            return
        answer = await client.closed()
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    "chunks",
    [
        b"zz\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"fffffffffffffffff\r\nhello\r\n",
        b"5\r\nhelloXX\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5_\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
    ],
)
async def test_broken_chunks_never_look_whole_to_a_backend(jupyter, backend, chunks):
    async with connected(jupyter) as client:
        await client.send(head(jupyter, backend, b"Transfer-Encoding: chunked") + b"4\r\ngood\r\n")
        peer = await backend.accepted()
        await peer.head()
        assert await peer.chunk() == b"good"
        await client.send(chunks)
        received = await peer.closed()
    assert b"0\r\n\r\n" not in received


# --- clients that vanish ------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["close", "reset", "half close"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
async def test_a_client_that_vanishes_in_its_head(jupyter, backend, share, way):
    raw = request_bytes(jupyter, "GET", f"{backend.path}/")
    async with connected(jupyter) as client:
        await client.send(raw[: int(len(raw) * share)])
        leave(client, way)
        await client.closed()
    assert backend.connections == 0


@pytest.mark.parametrize("way", ["close", "reset", "half close"])
@pytest.mark.parametrize("framing", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
async def test_an_upload_that_breaks_off_never_looks_whole(jupyter, backend, framing, way):
    async with connected(jupyter) as client:
        await client.send(head(jupyter, backend, framing) + b"5\r\nhello\r\n")
        peer = await backend.accepted()
        await peer.head()
        leave(client, way)
        received = await peer.closed()
    assert len(received) < 100
    assert b"0\r\n\r\n" not in received


@pytest.mark.parametrize("way", ["close", "reset"])
async def test_clients_that_vanish_while_nobody_accepts(jupyter, way):
    """Twenty uploads to a backend that is never there."""
    async with listening() as backend:
        path = backend.path
    for _ in range(20):
        async with connected(jupyter) as client:
            raw = request_bytes(jupyter, "POST", f"{path}/", [("Content-Length", "100000")])
            await client.send(raw + b"x" * 1000)
            leave(client, way)


async def test_many_clients_that_vanish_at_once(jupyter, backend):
    async def visit(number: int) -> None:
        async with connected(jupyter) as client:
            method = "POST" if number % 2 else "GET"
            fields = [("Content-Length", "1000")] if number % 2 else []
            await client.ask(method, f"{backend.path}/", fields)
            if number % 3:
                client.reset()

    await asyncio.gather(*(visit(number) for number in range(100)))
    backend.answer_with()
    assert (await fetch(jupyter, f"{backend.path}/")).body == b"hello"


def leave(client, way: str) -> None:
    if way == "reset":
        client.reset()
    elif way == "half close":
        client.half_close()
    else:
        client.close()


# --- odd but honest -------------------------------------------------------------------------------


async def test_a_request_byte_by_byte(jupyter, backend):
    backend.answer_with()
    raw = request_bytes(jupyter, "POST", f"{backend.path}/a", body=b"hello")
    async with connected(jupyter) as client:
        for index in range(len(raw)):
            await client.send(raw[index : index + 1])
        assert (await client.response()).body == b"hello"
    assert (backend.request.target, backend.request.body) == (b"/a", b"hello")


async def test_an_answer_byte_by_byte(jupyter, backend):
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"

    async def script(peer) -> None:
        await peer.request()
        for index in range(len(raw)):
            await peer.send(raw[index : index + 1])

    backend.run(script)
    assert (await fetch(jupyter, f"{backend.path}/")).body == b"hello"
