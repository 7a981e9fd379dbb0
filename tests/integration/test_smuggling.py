"""Messages that two programs may read in two ways: refused, or passed on in one way only.

What Tornado takes for one request must be one request for the backend, and what the backend
sends for one request must be one response for the client (RFC 9112 section 11).
"""

from __future__ import annotations

import asyncio

import pytest
from _harness.backend import Peer
from _harness.client import connected
from _harness.message import patiently

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n"
IN_CHUNKS = b"\r\n5\r\nhello\r\n0\r\n\r\n"

UNCLEAR = {
    "length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "two lengths in one": b"Content-Length: 5, 6\r\n\r\nhello!",
    "a signed length": b"Content-Length: +5\r\n\r\nhello",
    "a negative length": b"Content-Length: -5\r\n\r\nhello",
    "a hexadecimal length": b"Content-Length: 0x5\r\n\r\nhello",
    "a length with a gap": b"Content-Length: 5 5\r\n\r\nhello",
    "a length with an underscore": b"Content-Length: 1_0\r\n\r\nhellohello",
    "an endless length": b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nhello",
    "no length": b"Content-Length: \r\n\r\nhello",
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n" + IN_CHUNKS,
    "two codings": b"Transfer-Encoding: gzip, chunked\r\n" + IN_CHUNKS,
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" + IN_CHUNKS,
    "identity": b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
    "a coding behind a control": b"Transfer-Encoding: \x0bchunked\r\n" + IN_CHUNKS,
    "a name with a space": b"Transfer-Encoding : chunked\r\n" + IN_CHUNKS,
    "a name with an odd space": b"Transfer-Encoding\xa0: chunked\r\n" + IN_CHUNKS,
    "a folded line": b"X-A: b\r\n Content-Length: 5\r\nContent-Length: 0\r\n\r\n",
    "a bare CR": b"X-A: b\rContent-Length: 5\r\nContent-Length: 0\r\n\r\n",
    "a NUL": b"X-A: b\0c\r\nContent-Length: 0\r\n\r\n",
    "no colon": b"Evil\r\nContent-Length: 0\r\n\r\n",
    "two hosts": b"Host: evil.example\r\nContent-Length: 0\r\n\r\n",
}


def request_head(client, path: str) -> bytes:
    login = f"Host: {client.jupyter.netloc}\r\nCookie: {client.jupyter.cookie}\r\n"
    return f"POST {path} HTTP/1.1\r\n{login}".encode()


@pytest.mark.parametrize("unclear", UNCLEAR)
async def test_an_unclear_request_is_refused_before_the_backend_is_contacted(
    jupyter, backend, unclear
):
    backend.answer_with()
    async with connected(jupyter) as client:
        await client.send(request_head(client, backend.path + "/") + UNCLEAR[unclear] + SMUGGLED)
        answer = await client.head()
        assert answer.status == 400
        # Nothing that follows is taken for a request.
        rest = await client.closed()
        assert b"HTTP/1.1 200" not in rest
        assert b"HTTP/1.1 404" not in rest
    assert backend.connections == 0


TWICE_THE_SAME = {
    "two lengths": b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "two lengths in one": b"Content-Length: 5, 5\r\n\r\nhello",
    "named in Connection": b"Connection: Content-Length\r\nContent-Length: 5\r\n\r\nhello",
    "a bare LF": b"X-A: b\nX-B: c\r\nContent-Length: 5\r\n\r\nhello",
    "an underscore": b"Content_Length: 9\r\nContent-Length: 5\r\n\r\nhello",
}


@pytest.mark.parametrize("case", TWICE_THE_SAME)
async def test_what_can_be_read_in_one_way_only_is_sent_in_that_way(jupyter, backend, case):
    backend.answer_with()
    async with connected(jupyter) as client:
        await client.send(request_head(client, backend.path + "/") + TWICE_THE_SAME[case])
        assert (await client.response()).status == 200
    assert backend.request.get("Content-Length") == b"5"
    assert backend.request.body == b"hello"
    assert b"\n" not in backend.request.raw.replace(b"\r\n", b"")


async def test_a_chunked_body_is_framed_anew(jupyter, backend):
    backend.answer_with()
    async with connected(jupyter) as client:
        head = request_head(client, backend.path + "/")
        await client.send(head + b"Connection: Transfer-Encoding\r\n")
        await client.send(b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")
        assert (await client.response()).status == 200
    assert backend.request.all("Transfer-Encoding") == [b"chunked"]
    assert backend.request.body == b"hello"


BROKEN_CHUNKS = {
    "no end of a chunk": b"5\r\nhelloXX0\r\n\r\n",
    "a negative chunk": b"-5\r\nhello\r\n0\r\n\r\n",
    "a chunk of no number": b"xyz\r\nhello\r\n0\r\n\r\n",
    "an overlong number": b"0" * 500 + b"5\r\nhello\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("case", BROKEN_CHUNKS)
async def test_a_broken_body_never_becomes_a_whole_one(jupyter, backend, case):
    ends: asyncio.Queue[bytes] = asyncio.Queue()

    async def collect(peer: Peer) -> None:
        await peer.head()
        await ends.put(await peer.closed())

    backend.run(collect)
    async with connected(jupyter) as client:
        head = request_head(client, backend.path + "/") + b"Transfer-Encoding: chunked\r\n\r\n"
        await client.send(head)
        await client.send(BROKEN_CHUNKS[case] + SMUGGLED)
        received = await patiently(ends.get())
        assert not received.endswith(b"0\r\n\r\n")
        assert b"smuggled" not in received


OK = b"HTTP/1.1 200 OK\r\n"
EVIL = b"HTTP/1.1 418 Evil\r\nSet-Cookie: evil=1\r\nContent-Length: 4\r\n\r\nevil"
ANSWERS = {
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "length and chunks": (OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "an unknown coding": OK + b"Transfer-Encoding: xchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "a signed length": OK + b"Content-Length: +2\r\n\r\nok",
    "a name with a space": OK + b"Content-Length : 2\r\n\r\nok",
    "a folded line": OK + b"X-A: b\r\n Content-Length: 9\r\nContent-Length: 2\r\n\r\nok",
    "a bare LF": OK + b"X-A: b\nX-B: c\r\nContent-Length: 2\r\n\r\nok",
    "a bare CR": OK + b"X-A: b\rX-B: c\r\nContent-Length: 2\r\n\r\nok",
    "a NUL": OK + b"X-A: b\0c\r\nContent-Length: 2\r\n\r\nok",
    "a body after 204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "a body after 304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n",
    "more than its length": OK + b"Content-Length: 2\r\n\r\nok",
    "interim without end": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok",
    "a reason that ends early": b"HTTP/1.1 200 O\rK\r\nContent-Length: 2\r\n\r\nok",
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_an_unclear_answer_is_no_other_requests_answer(jupyter, backend, case):
    """Whatever is made of it: the next requests on both connections get their own answers."""

    async def script(peer: Peer) -> None:
        while True:
            head = await peer.head()
            if head.target == b"/unclear":
                await peer.send(ANSWERS[case] + EVIL)
            else:
                await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

    backend.run(script)
    async with connected(jupyter) as client:
        await client.ask("GET", backend.path + "/unclear")
        answer = await client.response()
        assert answer.status in (200, 204, 304, 502)
        assert answer.body in (b"ok", b"") or answer.status == 502
        assert b"\0" not in answer.raw
        assert b"vil" not in answer.raw
        await client.ask("GET", "/api/status")
        assert b"last_activity" in (await client.response()).body
        await client.ask("GET", backend.path + "/")
        assert (await client.response()).body == b"hello"
