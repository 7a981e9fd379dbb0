"""Upgraded connections, byte by byte: the handshake is the backend's, and so is what follows."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest
from _harness.backend import HELLO, listening
from _harness.client import connected, fetch
from _harness.flow import MEBIBYTE, Torrent
from _harness.jupyter import Jupyter
from _harness.upgrades import KEY, WEBSOCKET, switching, tunnel

JUPYTER_PORTS = ("plain", "mapped", "absolute", "idle", "counted", "forwarding")
JUPYTER_CONFIG = """
c.ServerProxy.servers = {
    "plain": {"port": PORTS["plain"]},
    "mapped": {
        "port": PORTS["mapped"],
        "mappath": {"/from": "/to?a=b"},
        "request_headers_override": {"Host": "elsewhere", "X-Api-Key": "{port}"},
    },
    "absolute": {"port": PORTS["absolute"], "absolute_url": True},
    "idle": {"port": PORTS["idle"], "tunnel_idle_timeout": 0.3},
    "counted": {"port": PORTS["counted"]},
    "forwarding": {"port": PORTS["forwarding"], "forward_credentials": True},
    "socket": {"command": [], "unix_socket": FOLDER + "/backend.sock"},
}
"""


def offers(protocol: str) -> list[tuple[str, str]]:
    return [("Connection", "Upgrade"), ("Upgrade", protocol)]


# --- the handshake -----------------------------------------------------------------------------


async def test_the_offer_reaches_the_backend_and_its_answer_the_client(jupyter, backend):
    more = [("Sec-WebSocket-Protocol", "a, b"), ("Sec-WebSocket-Extensions", "x; y=1")]
    async with connected(jupyter) as client:
        await client.ask("GET", backend.path + "/ws/%2F?q=1", [*WEBSOCKET, *more])
        peer = await backend.accepted()
        request = await peer.head()
        assert request.line == b"GET /ws/%2F?q=1 HTTP/1.1"
        assert request.get("Connection") == b"Upgrade"
        assert request.get("Upgrade") == b"websocket"
        assert request.get("Sec-WebSocket-Key") == KEY.encode()
        assert request.get("Sec-WebSocket-Protocol") == b"a, b"
        assert request.get("Sec-WebSocket-Extensions") == b"x; y=1"
        assert request.get("Host") == jupyter.netloc.encode()
        assert request.get("X-Forwarded-Prefix") == backend.path.encode()
        chosen = "Sec-WebSocket-Protocol: b\r\nSec-WebSocket-Extensions: x; z\r\nX-More: 1\r\n"
        await peer.send(switching(more=chosen))
        answer = await client.head()
    expected = switching(more=chosen).split(b"\r\n")
    assert answer.line == expected[0]
    assert sorted(answer.raw.split(b"\r\n")) == sorted(expected)


@pytest.mark.parametrize("offered", ["binary", "token, eyJhbGciOiJIUzI1NiJ9.e30.x-_", "a,b"])
async def test_sub_protocols_pass_untouched(jupyter, backend, offered):
    """Some applications send their own secrets there."""
    fields = [*WEBSOCKET, ("Sec-WebSocket-Protocol", offered)]
    async with tunnel(jupyter, backend, backend.path + "/", fields=fields) as both:
        assert both.request.get("Sec-WebSocket-Protocol") == offered.encode()


@pytest.mark.parametrize(
    "refusal",
    [
        b"HTTP/1.1 403 Not For You\r\nContent-Length: 4\r\nX-Why: because\r\n\r\nnope",
        b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nSec-WebSocket-Version: 8\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nX-Why: login\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Why: -\r\n\r\n2\r\nno\r\n0\r\n\r\n",
    ],
    ids=lambda refusal: refusal[9:12].decode(),
)
async def test_a_refusal_reaches_the_client(jupyter, backend, refusal):
    backend.answer_with(refusal)
    answer = await fetch(jupyter, backend.path + "/", fields=WEBSOCKET)
    assert answer.line == refusal.partition(b"\r\n")[0]
    wanted = set(refusal.split(b"\r\n\r\n")[0].split(b"\r\n")[1:])
    assert wanted <= set(answer.raw.split(b"\r\n"))
    assert answer.body in (b"nope", b"no", b"")


async def test_the_connection_of_a_refused_client_can_be_used_again(jupyter, backend):
    answers = [b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", HELLO]
    backend.answer_with(lambda _request: answers.pop(0))
    async with connected(jupyter) as client:
        await client.ask("GET", backend.path + "/", WEBSOCKET)
        assert (await client.response()).status == 403
        await client.ask("GET", backend.path + "/")
        assert (await client.response()).body == b"hello"


async def test_a_backend_that_is_not_there_is_502(jupyter, backend):
    port = backend.port
    async with listening() as gone:
        port = gone.port
    answer = await fetch(jupyter, f"/proxy/{port}/", fields=WEBSOCKET)
    assert answer.status == 502
    assert str(port).encode() in answer.body


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 101 Sw", b"garbage\r\n\r\n"])
async def test_a_backend_that_breaks_off_during_the_handshake_is_502(jupyter, backend, answer):
    async def script(peer):
        await peer.head()
        await peer.send(answer)
        peer.close()

    backend.run(script)
    assert (await fetch(jupyter, backend.path + "/", fields=WEBSOCKET)).status == 502


async def test_a_101_that_nobody_asked_for_is_502(jupyter, backend):
    backend.answer_with(switching())
    assert (await fetch(jupyter, backend.path + "/")).status == 502


# --- what counts as an offer -------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["tcp", "SPDY/3.1", "spdy/3.1, websocket", "TLS/1.0"])
async def test_any_other_protocol_is_tunnelled_too(jupyter, backend, protocol):
    chosen = protocol.split(",")[0]
    async with tunnel(
        jupyter, backend, backend.path + "/", fields=offers(protocol), protocol=chosen
    ) as both:
        assert both.request.get("Upgrade") == protocol.encode()
        assert both.answer.get("Upgrade") == chosen.encode()
        await both.client.send(b"\x00\xff anything")
        assert await both.peer.read(11) == b"\x00\xff anything"


@pytest.mark.parametrize(
    "fields",
    [
        offers("h2c"),
        offers("H2C"),
        offers("h2c , H2c"),
        [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMA")],
        [("Connection", "keep-alive"), ("Upgrade", "websocket")],
        [("Connection", "not-upgrade"), ("Upgrade", "websocket")],
        [("Upgrade", "websocket")],
        [("Connection", "Upgrade")],
        [("Connection", "Upgrade"), ("Upgrade", " ,, ")],
    ],
    ids=str,
)
async def test_what_is_no_offer_is_an_ordinary_request(jupyter, backend, fields):
    backend.answer_with()
    answer = await fetch(jupyter, backend.path + "/", fields=fields)
    assert (answer.status, answer.body) == (200, b"hello")
    assert backend.request.get("Upgrade") is None
    assert backend.request.get("HTTP2-Settings") is None


async def test_h2c_is_left_out_of_a_longer_offer(jupyter, backend):
    fields = offers("h2c, websocket")
    async with tunnel(jupyter, backend, backend.path + "/", fields=fields) as both:
        assert both.request.get("Upgrade") == b"websocket"


@pytest.mark.parametrize("method", ["POST", "PUT", "PROPFIND", "HEAD"])
async def test_an_offer_with_another_method_is_ignored(jupyter, backend, method):
    backend.answer_with(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    answer = await fetch(jupyter, backend.path + "/", method=method, fields=WEBSOCKET)
    assert answer.status == 200
    assert backend.request.get("Upgrade") is None


async def test_an_offer_with_a_body_is_ignored_and_the_body_arrives(jupyter, backend):
    backend.answer_with()
    answer = await fetch(jupyter, backend.path + "/", fields=WEBSOCKET, body=b"GET / HTTP/1.1")
    assert answer.status == 200
    assert backend.request.get("Upgrade") is None
    assert backend.request.body == b"GET / HTTP/1.1"


async def test_an_offer_with_an_empty_body_is_an_offer(jupyter, backend):
    fields = [*WEBSOCKET, ("Content-Length", "0")]
    async with tunnel(jupyter, backend, backend.path + "/", fields=fields) as both:
        await both.client.send(b"x")
        assert await both.peer.read(1) == b"x"


async def test_an_offer_in_http_1_0_is_ignored(jupyter, backend):
    backend.answer_with()
    async with connected(jupyter) as client:
        fields = "".join(f"{name}: {value}\r\n" for name, value in WEBSOCKET)
        login = f"Host: {jupyter.netloc}\r\nCookie: {jupyter.cookie}\r\n"
        await client.send(f"GET {backend.path}/ HTTP/1.0\r\n{login}{fields}\r\n".encode())
        assert (await client.response()).body == b"hello"
    assert backend.request.get("Upgrade") is None


# --- the same rules as for other requests ------------------------------------------------------


async def test_paths_and_headers_are_mapped_as_for_other_requests(jupyter):
    async with (
        listening(at=jupyter.sockets["mapped"]) as backend,
        tunnel(jupyter, backend, "/mapped/from?c=d") as both,
    ):
        assert both.request.target == b"/to?a=b&c=d"
        assert both.request.get("Host") == b"elsewhere"
        assert both.request.get("X-Api-Key") == str(backend.port).encode()
        assert both.request.get("Connection") == b"Upgrade"
    async with (
        listening(at=jupyter.sockets["absolute"]) as backend,
        tunnel(jupyter, backend, "/absolute/ws?x") as both,
    ):
        assert both.request.target == b"/absolute/ws?x"
        assert both.request.get("X-Forwarded-Prefix") is None


async def test_a_unix_socket_is_tunnelled_to(jupyter):
    async with (
        listening(unix=str(jupyter.folder / "backend.sock")) as backend,
        tunnel(jupyter, backend, "/socket/ws") as both,
    ):
        await both.client.send(b"to")
        assert await both.peer.read(2) == b"to"
        await both.peer.send(b"fro")
        assert await both.client.read(3) == b"fro"


def secrets_of(jupyter: Jupyter) -> list[tuple[str, str]]:
    other = "username-127-0-0-1-9999=another-server"
    return [
        *WEBSOCKET,
        ("Cookie", f"mine=1; {jupyter.cookie}; _xsrf=2|a; {other}; jupyterhub-user-x=y; last=2"),
        ("Authorization", f"token {jupyter.token}"),
        ("Referer", f"http://{jupyter.netloc}/lab?token={jupyter.token}"),
    ]


async def test_the_backend_never_sees_what_logs_in_to_jupyter(jupyter):
    async with listening(at=jupyter.sockets["plain"]) as backend:
        path = f"/plain/?a=b&token={jupyter.token}&c=d"
        async with tunnel(jupyter, backend, path, fields=secrets_of(jupyter)) as both:
            request = both.request
            assert request.target == b"/?a=b&c=d"
            assert request.get("Cookie") == b"mine=1; last=2"
            assert request.get("Authorization") is None
            assert jupyter.token.encode() not in request.raw


async def test_the_backend_sees_it_where_it_is_said_to(jupyter):
    async with listening(at=jupyter.sockets["forwarding"]) as backend:
        path = f"/forwarding/?token={jupyter.token}"
        fields = secrets_of(jupyter)
        async with tunnel(jupyter, backend, path, fields=fields) as both:
            assert both.request.target == f"/?token={jupyter.token}".encode()
            assert both.request.get("Cookie") == dict(fields)["Cookie"].encode()
            assert both.request.get("Authorization") == f"token {jupyter.token}".encode()


async def test_the_backend_cannot_set_jupyters_cookies_with_its_101(jupyter, backend):
    name = jupyter.cookie.partition("=")[0]
    async with connected(jupyter) as client:
        await client.ask("GET", backend.path + "/", WEBSOCKET)
        peer = await backend.accepted()
        await peer.head()
        cookies = f"Set-Cookie: {name}=evil\r\nSet-Cookie: own=1; Path=/\r\n"
        await peer.send(switching(more=cookies))
        answer = await client.head()
    assert answer.all("Set-Cookie") == [f"own=1; Path={backend.path}/".encode()]


# --- bytes, early and late ---------------------------------------------------------------------


async def test_bytes_that_come_with_the_101_are_not_lost(jupyter, backend):
    async with connected(jupyter) as client:
        await client.ask("GET", backend.path + "/", WEBSOCKET)
        peer = await backend.accepted()
        await peer.head()
        await peer.send(switching() + b"\x81\x05hello" + b"x" * 100_000)
        assert (await client.head()).status == 101
        assert await client.read(100_007) == b"\x81\x05hello" + b"x" * 100_000


async def test_bytes_that_are_sent_before_the_101_are_not_lost(jupyter, backend):
    async with connected(jupyter) as client:
        await client.ask("GET", backend.path + "/", WEBSOCKET)
        await client.send(b"early" + b"y" * 100_000)
        peer = await backend.accepted()
        await peer.head()
        await peer.send(switching())
        assert await peer.read(100_005) == b"early" + b"y" * 100_000
        await client.send(b"late")
        assert await peer.read(4) == b"late"
        assert (await client.head()).status == 101


async def test_a_second_request_inside_a_tunnel_is_nothing_to_us(jupyter, backend):
    """Whatever goes through is the backend's; Jupyter answers nothing of it."""
    smuggled = b"GET /api/contents HTTP/1.1\r\nHost: x\r\n\r\n"
    async with tunnel(jupyter, backend, backend.path + "/") as both:
        await both.client.send(smuggled)
        assert await both.peer.read(len(smuggled)) == smuggled
        await both.peer.send(b"HTTP/1.1 500 Hm\r\n\r\n")
        assert await both.client.read(19) == b"HTTP/1.1 500 Hm\r\n\r\n"


async def test_a_pipelined_request_after_an_offer_that_is_refused_is_answered(jupyter, backend):
    backend.answer_with(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
    async with connected(jupyter) as client:
        await client.ask("GET", backend.path + "/", WEBSOCKET)
        await client.ask("GET", "/api/status")
        assert (await client.response()).status == 403
        assert (await client.response()).status == 200


@pytest.mark.parametrize("fast", ["client", "peer"])
async def test_a_slow_reader_holds_the_writer_up_and_memory_stays_flat(jupyter, backend, fast):
    total = 64 * MEBIBYTE
    async with tunnel(jupyter, backend, backend.path + "/") as both:
        writer = getattr(both, fast)
        reader = both.peer if fast == "client" else both.client
        before = jupyter.rss()
        async with Torrent(total, writer.send) as torrent:
            await torrent.is_held_up(lambda: fetch(jupyter, "/api/status"))
            assert torrent.written < total
            assert jupyter.rss() - before < 16 * MEBIBYTE
            left = total
            while left:
                left -= len(await reader.reader.read(MEBIBYTE))
        assert jupyter.rss() - before < 16 * MEBIBYTE


# --- ends --------------------------------------------------------------------------------------


async def test_the_client_may_close_its_direction_first(jupyter, backend):
    async with tunnel(jupyter, backend, backend.path + "/") as both:
        await both.client.send(b"question")
        both.client.half_close()
        assert await both.peer.closed() == b"question"
        await both.peer.send(b"answer")
        both.peer.close()
        assert await both.client.closed() == b"answer"


async def test_the_backend_may_close_its_direction_first(jupyter, backend):
    async with tunnel(jupyter, backend, backend.path + "/") as both:
        await both.peer.send(b"that is all")
        both.peer.half_close()
        assert await both.client.closed() == b"that is all"
        await both.client.send(b"thanks")
        both.client.half_close()
        assert await both.peer.closed() == b"thanks"


@pytest.mark.parametrize("who", ["client", "peer"])
async def test_a_reset_is_carried_over(jupyter, backend, who):
    async with tunnel(jupyter, backend, backend.path + "/") as both:
        one, other = both.client, both.peer
        if who == "peer":
            one, other = other, one
        await one.send(b"x")
        assert await other.read(1) == b"x"
        one.reset()
        with pytest.raises(ConnectionResetError):
            await other.read(1)


async def test_a_client_that_vanishes_before_the_101_frees_the_backend(jupyter, backend):
    async with connected(jupyter) as client:
        await client.ask("GET", backend.path + "/", WEBSOCKET)
        peer = await backend.accepted()
        await peer.head()
        client.close()
        assert await peer.closed() == b""


async def test_a_client_that_vanishes_while_the_101_is_on_its_way_frees_the_backend(
    jupyter, backend
):
    for _ in range(20):
        async with connected(jupyter) as client:
            await client.ask("GET", backend.path + "/", WEBSOCKET)
            peer = await backend.accepted()
            await peer.head()
            client.reset()
            peer.writer.write(switching() + b"hello")
            assert await peer.closed() == b""


async def test_a_silent_tunnel_lives_unless_it_is_told_not_to(jupyter):
    async with (
        listening(at=jupyter.sockets["idle"]) as backend,
        tunnel(jupyter, backend, "/idle/") as both,
    ):
        for _ in range(3):
            await both.client.send(b"x")
            assert await both.peer.read(1) == b"x"
        assert await both.client.closed() == b""
        assert await both.peer.closed() == b""


# --- activity ----------------------------------------------------------------------------------


async def last_activity(jupyter: Jupyter) -> str:
    told = json.loads((await fetch(jupyter, "/api/status")).body)
    return told["last_activity"]


PING, PONG, CLOSE = b"\x89\x80\x01\x02\x03\x04", b"\x8a\x00", b"\x88\x82\0\0\0\0\x03\xe8"


async def test_data_is_activity_and_pings_and_silence_are_not(jupyter):
    async with listening(at=jupyter.sockets["counted"]) as backend:
        before = await last_activity(jupyter)
        async with tunnel(jupyter, backend, "/counted/") as both:
            opened = await last_activity(jupyter)
            assert opened > before
            await both.client.send(PING)
            assert await both.peer.read(len(PING)) == PING
            await both.peer.send(PONG)
            assert await both.client.read(len(PONG)) == PONG
            assert await last_activity(jupyter) == opened
            await both.peer.send(b"\x81\x05hello")
            await both.client.read(7)
            used = await last_activity(jupyter)
            assert used > opened
            await both.client.send(CLOSE)
            assert await both.peer.read(len(CLOSE)) == CLOSE
        assert await last_activity(jupyter) == used


async def test_a_refused_upgrade_is_no_activity_when_the_backend_is_dead(jupyter):
    before = await last_activity(jupyter)
    async with listening() as gone:
        port = gone.port
    assert (await fetch(jupyter, f"/proxy/{port}/", fields=WEBSOCKET)).status == 502
    assert await last_activity(jupyter) == before


# --- many, and the end of all ------------------------------------------------------------------


async def test_hundreds_of_tunnels_leave_nothing_behind(jupyter, backend):
    await fetch(jupyter, "/api/status")
    before = jupyter.descriptors()

    async def one() -> None:
        async with tunnel(jupyter, backend, backend.path + "/") as both:
            await both.client.send(b"x")
            assert await both.peer.read(1) == b"x"

    for _ in range(10):
        await asyncio.gather(*(one() for _ in range(30)))
    await jupyter.holds_no_more_than(before)


async def test_jupyters_end_is_the_end_of_every_tunnel(make_jupyter, backend):
    jupyter = make_jupyter()
    async with (
        tunnel(jupyter, backend, backend.path + "/") as silent,
        tunnel(jupyter, backend, backend.path + "/") as busy,
        Torrent(1 << 40, busy.client.send),
    ):
        await busy.peer.read(1 * MEBIBYTE)
        jupyter.process.send_signal(signal.SIGTERM)
        assert await silent.client.closed() == b""
        assert await silent.peer.closed() == b""
        await busy.peer.closed()
    assert await asyncio.to_thread(jupyter.process.wait, 60) == 0
