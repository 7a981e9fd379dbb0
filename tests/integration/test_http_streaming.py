"""Bytes move when they are there, both ways; who is slow slows the other; who goes is missed."""

from __future__ import annotations

import asyncio
import hashlib
from functools import partial

import pytest
from _harness.backend import listening
from _harness.client import connected, fetch
from _harness.flow import MEBIBYTE, Torrent, digest_of_torrent
from _harness.message import patiently

JUPYTER_PORTS = ("app",)
JUPYTER_CONFIG = """
c.ServerProxy.servers = {"app": {"port": PORTS["app"]}}
"""

TOTAL = 64 * MEBIBYTE
# What the kernel keeps for the four ends of two connections, and the engine's own marks.
MOST_IN_FLIGHT = 32 * MEBIBYTE
MOST_MEMORY = 16 * MEBIBYTE

TYPES = ["", "text/html", "application/json", "image/png", "text/event-stream"]


# --- down ---------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
async def test_each_part_of_an_answer_comes_before_the_next_is_made(
    jupyter, backend, framing, content_type
):
    fields = {"length": "Content-Length: 20\r\n", "chunked": "Transfer-Encoding: chunked\r\n"}
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n{fields.get(framing, '')}\r\n"
    async with connected(jupyter) as client:
        await client.ask("GET", f"{backend.path}/")
        peer = await backend.accepted()
        await peer.request()
        await peer.send(head.encode())
        assert (await client.head()).status == 200
        for part in (b"12345", b"67890", b"abcde", b"fghij"):
            await peer.send(b"5\r\n%b\r\n" % part if framing == "chunked" else part)
            received = await (client.read(5) if framing == "length" else client.chunk())
            assert received == part
        if framing == "chunked":
            await peer.send(b"0\r\n\r\n")
        if framing == "close":
            peer.close()
        if framing != "length":
            assert await client.chunk() == b""


async def test_the_first_part_comes_with_the_head(jupyter, backend):
    async with connected(jupyter) as client:
        await client.ask("GET", f"{backend.path}/")
        peer = await backend.accepted()
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
        assert (await client.head()).status == 200
        assert await client.read(5) == b"12345"
        await peer.send(b"67890")
        assert await client.read(5) == b"67890"


@pytest.mark.parametrize("route", ["proxy", "app"])
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
async def test_a_large_download_leaves_memory_flat(jupyter, framing, route):
    fields = {
        "length": f"Content-Length: {TOTAL}\r\n",
        "chunked": "Transfer-Encoding: chunked\r\n",
        "close": "",
    }
    async with listening(at=jupyter.sockets["app"]) as backend, connected(jupyter) as client:
        await client.ask("GET", "/app/" if route == "app" else f"{backend.path}/")
        peer = await backend.accepted()
        await peer.request()
        await peer.send(f"HTTP/1.1 200 OK\r\n{fields[framing]}\r\n".encode())
        await client.head()
        before = jupyter.rss()
        send = peer.send_chunk if framing == "chunked" else peer.send
        read = partial(client.reader.read, 65536) if framing == "length" else client.chunk
        async with Torrent(TOTAL, send) as torrent:
            digest, peak = await swallowed(read, jupyter)
            await torrent.task
    assert digest == digest_of_torrent(TOTAL)
    assert peak - before < MOST_MEMORY


async def swallowed(read, jupyter) -> tuple[str, int]:
    """The digest of a torrent that is taken with `read`, and how large Jupyter was meanwhile."""
    digest, received, peak = hashlib.sha256(), 0, 0
    while received < TOTAL:
        data = await patiently(read())
        assert data, "cut short"
        digest.update(data)
        received += len(data)
        peak = max(peak, jupyter.rss())
    return digest.hexdigest(), peak


async def test_a_reader_that_does_not_read_holds_the_backend_up(jupyter, backend):
    async with listening() as other, connected(jupyter) as client:
        other.answer_with()
        await client.ask("GET", f"{backend.path}/")
        peer = await backend.accepted()
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % TOTAL)
        await client.head()
        client.writer.transport.pause_reading()
        before = jupyter.rss()
        async with Torrent(TOTAL, peer.send) as torrent:
            await torrent.is_held_up(lambda: fetch(jupyter, f"{other.path}/"))
            assert torrent.written < MOST_IN_FLIGHT
            assert jupyter.rss() - before < MOST_MEMORY
            client.writer.transport.resume_reading()
            digest, _ = await swallowed(partial(client.reader.read, 65536), jupyter)
            await torrent.task
    assert digest == digest_of_torrent(TOTAL)


# --- up -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "GET", "PROPFIND"])
@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_each_part_of_an_upload_arrives_before_the_next_is_sent(
    jupyter, backend, framing, method
):
    is_chunked = framing == "chunked"
    field = ("Transfer-Encoding", "chunked") if is_chunked else ("Content-Length", "15")
    async with connected(jupyter) as client:
        await client.ask(method, f"{backend.path}/", [field])
        peer = await backend.accepted()
        assert (await peer.head()).method == method.encode()
        for part in (b"12345", b"67890", b"abcde"):
            await client.send(b"5\r\n%b\r\n" % part if is_chunked else part)
            assert await (peer.chunk() if is_chunked else peer.read(5)) == part
        if is_chunked:
            await client.send(b"0\r\n\r\n")
            assert await peer.chunk() == b""
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        assert (await client.response()).body == b"ok"


async def test_an_answer_may_flow_while_the_upload_does(jupyter, backend):
    async with connected(jupyter) as client:
        await client.ask("POST", f"{backend.path}/", [("Transfer-Encoding", "chunked")])
        peer = await backend.accepted()
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert (await client.head()).status == 200
        for part in (b"one", b"two", b"three"):
            await client.send(b"%x\r\n%b\r\n" % (len(part), part))
            assert await peer.chunk() == part
            await peer.send(b"%x\r\n%b\r\n" % (len(part), part))
            assert await client.chunk() == part
        await client.send(b"0\r\n\r\n")
        assert await peer.chunk() == b""
        await peer.send(b"0\r\n\r\n")
        assert await client.chunk() == b""


@pytest.mark.parametrize("route", ["proxy", "app"])
@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_a_large_upload_leaves_memory_flat(jupyter, framing, route):
    is_chunked = framing == "chunked"
    field = ("Transfer-Encoding", "chunked") if is_chunked else ("Content-Length", str(TOTAL))
    async with listening(at=jupyter.sockets["app"]) as backend, connected(jupyter) as client:
        await client.ask("POST", "/app/" if route == "app" else f"{backend.path}/", [field])
        peer = await backend.accepted()
        await peer.head()
        before = jupyter.rss()
        send = client.send_chunk if is_chunked else client.send
        read = peer.chunk if is_chunked else partial(peer.reader.read, 65536)
        async with Torrent(TOTAL, send) as torrent:
            digest, peak = await swallowed(read, jupyter)
            await torrent.task
        if is_chunked:
            await client.send(b"0\r\n\r\n")
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        assert (await client.response()).body == b"ok"
    assert digest == digest_of_torrent(TOTAL)
    assert peak - before < MOST_MEMORY


async def test_a_backend_that_does_not_read_holds_the_client_up(jupyter, backend):
    async with listening() as other, connected(jupyter) as client:
        other.answer_with()
        await client.ask("POST", f"{backend.path}/", [("Content-Length", str(TOTAL))])
        peer = await backend.accepted()
        await peer.head()
        peer.writer.transport.pause_reading()
        before = jupyter.rss()
        async with Torrent(TOTAL, client.send) as torrent:
            await torrent.is_held_up(lambda: fetch(jupyter, f"{other.path}/"))
            assert torrent.written < MOST_IN_FLIGHT
            assert jupyter.rss() - before < MOST_MEMORY
            peer.writer.transport.resume_reading()
            digest, _ = await swallowed(partial(peer.reader.read, 65536), jupyter)
            await torrent.task
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        assert (await client.response()).body == b"ok"
    assert digest == digest_of_torrent(TOTAL)


async def test_an_upload_may_be_larger_than_jupyters_limit(make_own_jupyter, backend):
    jupyter = make_own_jupyter("c.ServerApp.max_body_size = 1000")
    backend.answer_with()
    for fields in ([], [("Transfer-Encoding", "chunked"), ("Content-Length", "")]):
        body = b"x" * 300_000
        framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if fields else body
        response = await fetch(
            jupyter, f"{backend.path}/", method="POST", fields=fields, body=framed
        )
        assert response.status == 200
    assert [request.body for request in backend.requests] == [b"x" * 300_000] * 2


@pytest.mark.parametrize("size", [1000, 8 * MEBIBYTE])
async def test_an_answer_before_the_upload_ended_reaches_the_client(jupyter, backend, size):
    async with connected(jupyter) as client:
        await client.ask("POST", f"{backend.path}/", [("Content-Length", str(size))])
        peer = await backend.accepted()
        await peer.head()
        await peer.send(b"HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno")
        response = await client.response()
        assert (response.status, response.reason, response.body) == (413, b"Too Much", b"no")
        await peer.closed()


async def test_a_client_that_writes_before_it_reads_sees_an_early_answer(jupyter, backend):
    """It has sent all before it looks; a reset would have thrown the answer away."""
    body = b"x" * (8 * MEBIBYTE)

    async def refuse(peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno")
        peer.close()

    backend.run(refuse)
    response = await fetch(jupyter, f"{backend.path}/", method="POST", body=body)
    assert (response.status, response.body) == (413, b"no")


async def test_a_client_that_writes_before_it_reads_sees_that_nobody_listens(jupyter):
    async with listening() as backend:
        path = backend.path
    response = await fetch(jupyter, f"{path}/", method="POST", body=b"x" * (8 * MEBIBYTE))
    assert response.status == 502
    assert b"Nothing can be reached" in response.body


async def test_the_connection_can_be_used_again_after_an_early_answer(jupyter, backend):
    async with connected(jupyter) as client:
        await client.ask("POST", f"{backend.path}/", [("Content-Length", "10")])
        peer = await backend.accepted()
        await peer.head()
        await peer.send(b"HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno")
        assert (await client.response()).status == 413
        await client.send(b"0123456789")
        backend.answer_with()
        await client.ask("GET", f"{backend.path}/")
        assert (await client.response()).body == b"hello"


# --- who goes is missed -------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["close", "reset"])
@pytest.mark.parametrize("phase", ["waiting", "download", "event stream", "upload", "slow upload"])
async def test_a_client_that_goes_frees_the_backend_at_once(jupyter, backend, phase, way):
    async with connected(jupyter) as client:
        is_upload = phase.endswith("upload")
        fields = [("Content-Length", "100")] if is_upload else []
        await client.ask("POST" if is_upload else "GET", f"{backend.path}/", fields)
        peer = await backend.accepted()
        await peer.head()
        if is_upload:
            await client.send(b"x" * 50)
            await peer.read(50)
        elif phase != "waiting":
            kind = "text/event-stream" if phase == "event stream" else "a/b"
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\ndata"
            await peer.send(head.encode())
            await client.head()
            assert await client.chunk() == b"data"
        client.reset() if way == "reset" else client.close()
        assert await peer.closed() == b""


async def test_a_client_that_goes_in_a_stalled_download_frees_the_backend(jupyter, backend):
    async with listening() as other, connected(jupyter) as client:
        other.answer_with()
        await client.ask("GET", f"{backend.path}/")
        peer = await backend.accepted()
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % TOTAL)
        await client.head()
        client.writer.transport.pause_reading()
        async with Torrent(TOTAL, peer.send) as torrent:
            await torrent.is_held_up(lambda: fetch(jupyter, f"{other.path}/"))
            client.reset()
            with pytest.raises(ConnectionError):
                await torrent.task


async def test_a_client_that_goes_in_a_stalled_upload_frees_the_backend(jupyter, backend):
    async with listening() as other, connected(jupyter) as client:
        other.answer_with()
        await client.ask("POST", f"{backend.path}/", [("Content-Length", str(TOTAL))])
        peer = await backend.accepted()
        await peer.head()
        peer.writer.transport.pause_reading()
        async with Torrent(TOTAL, client.send) as torrent:
            await torrent.is_held_up(lambda: fetch(jupyter, f"{other.path}/"))
            client.reset()
        peer.writer.transport.resume_reading()
        assert len(await peer.closed()) < TOTAL


@pytest.mark.parametrize("way", ["close", "reset"])
@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
@pytest.mark.parametrize("framing", ["Content-Length: 100", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("has_body", [True, False])
async def test_an_answer_that_breaks_off_never_looks_whole(
    jupyter, backend, framing, version, way, has_body
):
    async with connected(jupyter) as client:
        fields = f"Host: {jupyter.netloc}\r\nCookie: {jupyter.cookie}"
        request = f"GET {backend.path}/ {version}\r\n{fields}\r\n\r\n"
        await client.send(request.encode())
        peer = await backend.accepted()
        await peer.request()
        await peer.send(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode())
        if has_body:
            await peer.send(b"5\r\nhello\r\n")
        assert (await client.head()).status == 200
        peer.reset() if way == "reset" else peer.close()
        is_until_close = version == "HTTP/1.0" and "chunked" in framing
        broken = asyncio.IncompleteReadError
        with pytest.raises(ConnectionError if is_until_close else (ConnectionError, broken)):
            await (read_until_close(client) if is_until_close else read_framed(client, framing))


async def read_until_close(client) -> None:
    while await patiently(client.reader.read(100)):
        pass


async def read_framed(client, framing: str) -> None:
    if "chunked" not in framing:
        await client.read(100)
    else:
        while await client.chunk():
            pass
