"""One response, fed to an exchange in every way that bytes can arrive."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_server_proxy.backend.exchange import HIGH_WATER, MAX_HEAD_BYTES, Exchange
from jupyter_server_proxy.errors import BackendBroke, BackendSpokeNonsense, ClientGone


class Flow:
    """A connection that only notes whether it was asked to stop."""

    def __init__(self) -> None:
        self.is_paused = False

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False


def exchange(method: str = "GET", *data: bytes) -> Exchange:
    new = Exchange(Flow(), method)
    for piece in data:
        new.feed(piece)
    return new


async def body_of(exchange: Exchange) -> bytes:
    parts = []
    while part := await exchange.read():
        parts.append(part)
    return b"".join(parts)


LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX: y\r\n\r\nhello world"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n"
    b"5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nT: u\r\n\r\n"
)
INTERIM = b"HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
# As scripts write heads; RFC 9112 section 2.2 lets a recipient understand them.
BARE_LF = b"HTTP/1.1 200 OK\nContent-Length: 11\nX: y\n\nhello world"
WHOLE = [LENGTH, CHUNKED, INTERIM + LENGTH, INTERIM + CHUNKED, BARE_LF]


@settings(deadline=None)
@given(st.sampled_from(WHOLE), st.lists(st.integers(0, 200), max_size=8))
def test_it_makes_no_difference_how_the_bytes_are_cut(raw, cuts):
    places = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    pieces = [raw[start:end] for start, end in pairwise(places)]

    async def read() -> None:
        response = exchange("GET", *filter(None, pieces))
        await response.head_arrived()
        assert (response.status, response.reason) == (200, "OK")
        assert dict(response.headers)[b"X"] == b"y"
        assert b"Link" not in dict(response.headers)
        assert b"T" not in dict(response.headers)
        assert await body_of(response) == b"hello world"
        assert response.is_complete
        assert response.end()

    asyncio.run(read())


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(1, 50))
def test_no_bytes_whatever_raise(data, size):
    async def feed() -> None:
        response = exchange("GET", *(data[i : i + size] for i in range(0, len(data), size)))
        response.end_of_input(None)
        with contextlib.suppress(BackendBroke, BackendSpokeNonsense):
            await response.head_arrived()
            await body_of(response)

    asyncio.run(feed())


@pytest.mark.parametrize(
    ("method", "raw", "is_reusable"),
    [
        ("GET", LENGTH, True),
        ("GET", CHUNKED, True),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", True),
        ("HEAD", LENGTH, False),
        ("GET", b"HTTP/1.1 204 No\r\n\r\n", True),
        ("GET", b"HTTP/1.1 304 No\r\nContent-Length: 11\r\n\r\n", True),
        ("GET", LENGTH + b"more", False),
        ("GET", CHUNKED + LENGTH, False),
        ("GET", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", False),
        ("GET", b"HTTP/1.1 200 OK\r\nConnection: x, CLOSE\r\nContent-Length: 0\r\n\r\n", False),
        ("GET", b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        ("GET", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", True),
    ],
)
async def test_when_a_connection_may_be_used_again(method, raw, is_reusable):
    response = exchange(method, raw)
    await response.head_arrived()
    await body_of(response)
    assert response.end() is is_reusable


async def test_an_answer_without_a_length_lasts_until_the_backend_closes():
    response = exchange("GET", b"HTTP/1.1 200 OK\r\n\r\nhello", b" world")
    await response.head_arrived()
    assert not response.is_complete
    response.end_of_input(None)
    assert await body_of(response) == b"hello world"
    assert not response.end()


async def test_a_reset_does_not_end_an_answer_without_a_length():
    response = exchange("GET", b"HTTP/1.1 200 OK\r\n\r\nhello")
    response.end_of_input(ConnectionResetError())
    assert await response.read() == b"hello"
    with pytest.raises(BackendBroke):
        await response.read()


@pytest.mark.parametrize("cut", [0, 5, 30, len(LENGTH) - 1])
@pytest.mark.parametrize("error", [None, ConnectionResetError()])
async def test_a_cut_is_told_after_what_came_before_it(cut, error):
    response = exchange("GET", LENGTH[:cut]) if cut else exchange("GET")
    response.end_of_input(error)
    with pytest.raises(BackendBroke):
        await body_of_response(response)


async def body_of_response(response: Exchange) -> None:
    await response.head_arrived()
    await body_of(response)


async def test_a_waiting_reader_is_woken_by_a_failure():
    response = exchange("GET")
    waiting = asyncio.create_task(response.head_arrived())
    await asyncio.sleep(0)
    response.fail(ClientGone("gone"))
    response.fail(BackendBroke("later"))
    with pytest.raises(ClientGone):
        await waiting


async def test_a_reader_that_is_slow_stops_the_backend():
    response = exchange("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n")
    flow = response._connection
    await response.head_arrived()
    response.feed(b"x" * HIGH_WATER)
    assert not flow.is_paused
    response.feed(b"x")
    assert flow.is_paused
    assert len(await response.read()) == HIGH_WATER + 1
    assert not flow.is_paused


@pytest.mark.parametrize(
    "field",
    [
        b"X: " + b"x" * MAX_HEAD_BYTES,
        b"x" * MAX_HEAD_BYTES + b": x",
        b"X: y\r\n" * (MAX_HEAD_BYTES // 5),
    ],
)
async def test_a_head_that_is_too_large(field):
    response = exchange("GET", b"HTTP/1.1 200 OK\r\n" + field + b"\r\n\r\n")
    with pytest.raises(BackendSpokeNonsense, match="larger than"):
        await response.head_arrived()


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"HTTP/1.1 200 ", b"O"),
        (b"HTTP/1.1 200 OK\r\nX", b"x"),
        (b"HTTP/1.1 200 OK\r\nX: y", b"y"),
        (b"\r\n", b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"y"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"y"),
    ],
)
async def test_a_line_that_never_ends(start, more):
    response = exchange("GET", start)
    for _ in range(5):
        response.feed(more * (MAX_HEAD_BYTES // 4))
    with pytest.raises(BackendSpokeNonsense, match="larger than"):
        await body_of_response(response)


async def test_a_body_of_any_size_is_not_mistaken_for_that():
    response = exchange("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(5):
        response.feed(b"%x\r\n%b\r\n" % (MAX_HEAD_BYTES, b"x" * MAX_HEAD_BYTES))
        assert len(await response.read()) == MAX_HEAD_BYTES


async def test_101_ends_the_exchange_and_keeps_what_follows():
    head = b"HTTP/1.1 101 Switching\r\nUpgrade: tcp\r\nConnection: upgrade\r\n\r\n"
    response = exchange("GET", head + b"first bytes")
    await response.head_arrived()
    assert (response.status, response.leftover) == (101, b"first bytes")
    assert not response.end()


async def test_a_bare_line_feed_within_a_value_begins_no_other_field():
    smuggling = b"HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: b=1\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(BackendSpokeNonsense):
        await exchange("GET", smuggling).head_arrived()


@pytest.mark.parametrize(
    ("fields", "content_type"),
    [
        (b"X: y\r\ncontent-TYPE: Text/Plain; a=b\r\n", b"Text/Plain; a=b"),
        (b"Content-Type: a/b\r\nContent-Type: c/d\r\n", b"a/b"),
        (b"X-Content-Type: a/b\r\n", b""),
    ],
)
async def test_the_content_type_is_that_of_the_first_field(fields, content_type):
    response = exchange("GET", b"HTTP/1.1 200 OK\r\n" + fields + b"Content-Length: 0\r\n\r\n")
    await response.head_arrived()
    assert response.content_type == content_type
