"""Connections to backends: kept, replaced when stale, limited in number and in patience."""

from __future__ import annotations

import asyncio
import socket

import pytest
from _harness.backend import HELLO, listening
from _harness.client import connected, fetch

JUPYTER_PORTS = ("deaf", "silent", "few")
JUPYTER_CONFIG = """
c.ServerProxy.servers = {
    "deaf": {"port": PORTS["deaf"], "connect_timeout": 0.5},
    "silent": {"port": PORTS["silent"], "response_timeout": 0.5},
    "few": {"port": PORTS["few"], "max_connections": 2, "connect_timeout": 0.5},
    "patient": {"port": PORTS["few"], "max_connections": 2, "connect_timeout": 60},
}
"""

REPEATED = ["GET", "HEAD", "OPTIONS"]
NOT_REPEATED = ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"]


async def test_one_connection_serves_many_requests(jupyter, backend):
    backend.answer_with()
    for number in range(10):
        assert (await fetch(jupyter, f"{backend.path}/{number}")).body == b"hello"
    assert [request.target for request in backend.requests] == [b"/%d" % n for n in range(10)]
    assert backend.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
async def test_a_connection_that_the_backend_will_close_is_not_used_again(jupyter, backend, answer):
    backend.answer_with(answer)
    for _ in range(3):
        assert (await fetch(jupyter, f"{backend.path}/")).body == b"hello"
    assert backend.connections == 3


async def test_a_backend_that_closes_after_each_answer_costs_no_request(jupyter, backend):
    """It does not say `Connection: close`, so it can be found out only by trying."""

    async def answer_once(peer) -> None:
        backend.requests.append(await peer.request())
        await peer.send(HELLO)

    backend.run(answer_once)
    for method in [*REPEATED, *NOT_REPEATED] * 5:
        response = await fetch(jupyter, f"{backend.path}/", method=method, body=b"")
        assert response.status == 200
    assert len(backend.requests) == 40


@pytest.mark.parametrize("way", ["close", "reset"])
@pytest.mark.parametrize("method", REPEATED)
async def test_a_kept_connection_that_dies_on_use_is_replaced(jupyter, backend, method, way):
    async with connected(jupyter) as client:
        await client.ask("GET", f"{backend.path}/")
        peer = await backend.accepted()
        await peer.request()
        await peer.send(HELLO)
        await client.response()
        await client.ask(method, f"{backend.path}/again")
        assert (await peer.request()).target == b"/again"
        peer.reset() if way == "reset" else peer.close()
        second = await backend.accepted()
        assert (await second.request()).target == b"/again"
        await second.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        assert (await client.response(is_head=method == "HEAD")).status == 200
    assert backend.connections == 2


@pytest.mark.parametrize("method", NOT_REPEATED)
@pytest.mark.parametrize("body", [None, b"x"])
async def test_what_may_have_been_done_is_not_done_twice(jupyter, backend, method, body):
    async with connected(jupyter) as client:
        await client.ask("GET", f"{backend.path}/")
        kept = await backend.accepted()
        await kept.request()
        await kept.send(HELLO)
        await client.response()
        await client.ask(method, f"{backend.path}/", body=body)
        peer = await backend.accepted()
        await peer.request()
        peer.close()
        assert (await client.response()).status == 502
    assert backend.connections == 2


async def test_a_new_connection_that_dies_is_not_tried_again(jupyter, backend):
    async def hang_up(peer) -> None:
        await peer.request()

    backend.run(hang_up)
    response = await fetch(jupyter, f"{backend.path}/")
    assert response.status == 502
    assert b"without an answer" in response.body
    assert backend.connections == 1


async def reset_next(backend) -> None:
    """What becomes of a connection whose process dies with it unread; once all has been sent, since
    until then it may be the connecting that fails."""
    peer = await backend.accepted()
    await peer.head()
    peer.reset()


async def test_what_was_never_taken_from_the_queue_is_sent_to_who_comes_next(jupyter, backend):
    """A process that dies resets the connections that it has not accepted."""
    async with connected(jupyter) as client:
        await client.ask("GET", f"{backend.path}/")
        await reset_next(backend)
        backend.answer_with()
        assert (await client.response()).body == b"hello"
    assert backend.connections == 2


@pytest.mark.parametrize("method", ["POST", "PATCH", "LOCK"])
async def test_what_may_not_be_repeated_is_not_even_when_it_was_not_taken(jupyter, backend, method):
    async with connected(jupyter) as client:
        await client.ask(method, f"{backend.path}/")
        await reset_next(backend)
        assert (await client.response()).status == 502
    assert backend.connections == 1


async def test_whoever_resets_twice_has_had_enough_chances(jupyter, backend):
    async with connected(jupyter) as client:
        await client.ask("GET", f"{backend.path}/")
        await reset_next(backend)
        await reset_next(backend)
        assert (await client.response()).status == 502
    assert backend.connections == 2


async def test_a_request_whose_answer_has_begun_is_not_sent_again(jupyter, backend):
    async with connected(jupyter) as client:
        await client.ask("GET", f"{backend.path}/")
        peer = await backend.accepted()
        await peer.request()
        await peer.send(HELLO)
        await client.response()
        await client.ask("GET", f"{backend.path}/")
        await peer.request()
        await peer.send(b"HTTP/1.1 2")
        peer.close()
        assert (await client.response()).status == 502
    assert backend.connections == 1


async def test_bytes_nobody_asked_for_end_a_kept_connection(jupyter, backend):
    async with connected(jupyter) as client:
        await client.ask("GET", f"{backend.path}/")
        peer = await backend.accepted()
        await peer.request()
        await peer.send(HELLO)
        await client.response()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
        await peer.closed()
        backend.answer_with()
        await client.ask("GET", f"{backend.path}/")
        assert (await client.response()).body == b"hello"


async def test_a_backend_that_comes_back_is_reached_again(jupyter):
    reserved = jupyter.sockets["silent"]
    for generation in (b"one", b"two"):
        async with listening(at=reserved) as backend:
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(generation)
            backend.answer_with(head + generation)
            for _ in range(3):
                response = await fetch(jupyter, f"/proxy/{backend.port}/")
                assert response.body == generation


# --- limits ---------------------------------------------------------------------------------


async def test_over_the_limit_is_503_and_says_when_to_come_back(jupyter):
    async with listening(at=jupyter.sockets["few"]) as backend:
        async with connected(jupyter) as one, connected(jupyter) as two:
            for client in (one, two):
                await client.ask("GET", "/few/")
                await (await backend.accepted()).request()
            response = await fetch(jupyter, "/few/")
            assert response.status == 503
            assert response.get("Retry-After") == b"1"
            assert b"max_connections" in response.body
        assert backend.connections == 2


async def test_those_over_the_limit_wait_for_their_turn(jupyter):
    async with listening(at=jupyter.sockets["few"]) as backend:
        waiting = [asyncio.create_task(fetch(jupyter, f"/patient/{n}")) for n in range(5)]
        peers = [await backend.accepted(), await backend.accepted()]
        for peer in peers:
            await peer.request()
        backend.answer_with()
        for peer in peers:
            await peer.send(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
            )
        responses = await asyncio.gather(*waiting)
    assert [response.body for response in responses] == [b"hello"] * 5


async def test_clients_that_give_up_free_their_places(jupyter):
    async with listening(at=jupyter.sockets["few"]) as backend:
        for _ in range(3):
            async with connected(jupyter) as one, connected(jupyter) as two:
                for client in (one, two):
                    await client.ask("GET", "/patient/")
                    peer = await backend.accepted()
                    await peer.request()
                one.reset()
                two.close()
        backend.answer_with()
        assert (await fetch(jupyter, "/patient/")).body == b"hello"


async def test_a_backend_that_never_accepts_is_504(jupyter):
    deaf = jupyter.sockets["deaf"]
    deaf.listen(0)
    fillers = []
    try:
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            fillers.append(filler)
            filler.connect_ex(deaf.getsockname())
        response = await fetch(jupyter, "/deaf/")
    finally:
        for filler in fillers:
            filler.close()
    assert response.status == 504
    assert b"accepted a connection within 0.5 seconds" in response.body


async def test_a_backend_that_never_answers_is_504(jupyter):
    async with listening(at=jupyter.sockets["silent"]) as backend:
        response = await fetch(jupyter, "/silent/")
        assert response.status == 504
        assert b"sent nothing for 0.5 seconds" in response.body
        peer = await backend.accepted()
        await peer.request()
        assert await peer.closed() == b""


async def test_a_backend_that_falls_silent_breaks_the_answer_off(jupyter):
    async with listening(at=jupyter.sockets["silent"]) as backend, connected(jupyter) as client:
        await client.ask("GET", "/silent/")
        peer = await backend.accepted()
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        assert (await client.head()).status == 200
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.read(10)
        await peer.closed()


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_a_client_that_sends_slowly_is_not_the_backends_silence(jupyter, framing):
    is_chunked = framing == "chunked"
    field = ("Transfer-Encoding", "chunked") if is_chunked else ("Content-Length", "10")
    async with listening(at=jupyter.sockets["silent"]) as backend, connected(jupyter) as client:
        backend.answer_with()
        await client.ask("POST", "/silent/", [field])
        for part in (b"hello", b"world"):
            # Longer than the time-out, which is what this is about.
            await asyncio.sleep(1.2)
            await (client.send_chunk(part) if is_chunked else client.send(part))
        if is_chunked:
            await asyncio.sleep(1.2)
            await client.send(b"0\r\n\r\n")
        assert (await client.response()).body == b"hello"
    assert backend.request.body == b"helloworld"


async def test_a_backend_that_takes_no_upload_is_504(jupyter):
    async with listening(at=jupyter.sockets["silent"]) as backend, connected(jupyter) as client:
        sending = asyncio.create_task(client.ask("POST", "/silent/", body=b"x" * (32 << 20)))
        peer = await backend.accepted()
        await peer.head()
        peer.writer.transport.pause_reading()
        assert (await client.head()).status == 504
        await sending


async def test_services_do_not_share_their_limits(jupyter):
    """Though they share the backend, and others reach it too."""
    async with (
        listening(at=jupyter.sockets["few"]) as backend,
        connected(jupyter) as one,
        connected(jupyter) as two,
    ):
        for client in (one, two):
            await client.ask("GET", "/few/")
            await (await backend.accepted()).request()
        backend.answer_with()
        for path in ("/patient/", f"/proxy/{backend.port}/"):
            assert (await fetch(jupyter, path)).body == b"hello"


async def test_a_client_that_reads_slowly_is_not_the_backends_silence(jupyter):
    size = 8 * 1024 * 1024
    async with listening(at=jupyter.sockets["silent"]) as backend, connected(jupyter) as client:
        await client.ask("GET", "/silent/")
        peer = await backend.accepted()
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        client.writer.transport.pause_reading()
        sending = asyncio.create_task(peer.send(b"x" * size))
        # Longer than the time-out, which is what this is about.
        await asyncio.sleep(1.5)
        client.writer.transport.resume_reading()
        assert (await client.head()).status == 200
        assert await client.read(size) == b"x" * size
        await sending


async def test_nobody_listens_is_502(jupyter):
    async with listening() as backend:
        path = backend.path
    response = await fetch(jupyter, f"{path}/")
    assert response.status == 502
    assert b"Nothing can be reached" in response.body


async def test_two_hundred_at_once(jupyter, backend):
    backend.answer_with()
    responses = await asyncio.gather(
        *(fetch(jupyter, f"{backend.path}/{number}") for number in range(200))
    )
    assert [response.body for response in responses] == [b"hello"] * 200
    assert len({request.target for request in backend.requests}) == 200


async def test_pipelined_requests_are_answered_in_order(jupyter, backend):
    backend.answer_with(
        lambda request: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%b" % request.target
    )
    async with connected(jupyter) as client:
        head = f"Host: {jupyter.netloc}\r\nCookie: {jupyter.cookie}\r\n\r\n"
        requests = [f"GET {backend.path}/{n} HTTP/1.1\r\n{head}" for n in range(9)]
        await client.send("".join(requests).encode())
        for number in range(9):
            assert (await client.response()).body == b"/%d" % number
