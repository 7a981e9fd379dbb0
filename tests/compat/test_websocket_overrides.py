"""Handlers that override what a websocket is told: a library on both ends, real servers."""

from __future__ import annotations

import asyncio
import http
import signal
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from _harness.backend import Backend, listening
from _harness.certificates import make_certificate
from _harness.client import connected, fetch
from _harness.flow import MEBIBYTE, Torrent
from _harness.jupyter import Jupyter, start_jupyter
from _harness.message import patiently
from _harness.upgrades import WEBSOCKET, accept_for
from _harness.witness import parsed
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve, unix_serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Close

APPS = Path(__file__).parent / "apps"
HARNESS = Path(__file__).parents[1] / "integration" / "_harness"
ECHO = """
import sys
from websockets.sync.server import serve

def echo(connection):
    for message in connection:
        connection.send(message)

serve(echo, "127.0.0.1", int(sys.argv[1])).serve_forever()
"""
CONFIG = f"""
sys.path[:0] = [{str(APPS)!r}, {str(HARNESS)!r}]
from jupyter_server_proxy.config import ServerProcess
from jupyter_server_proxy.handlers import NamedLocalProxyHandler

class Shouts(NamedLocalProxyHandler):
    name = proxy_base = "shouts"
    unix_socket = FOLDER + "/app.sock"

    def on_message(self, message):
        return super().on_message(message.upper())

class ShoutsProcess(ServerProcess):
    def make_proxy_handler(self):
        return Shouts, {{}}

class WithSubclass(ServerProcess):
    def make_proxy_handler(self):
        base, keywords = super().make_proxy_handler()

        class Subclass(base):
            def on_message(self, message):
                return super().on_message(message.upper())

        return Subclass, keywords

c.ServerProxy.servers = {{
    "shouts": ShoutsProcess(name="shouts"),
    "secure": WithSubclass(
        name="secure",
        backend_url="https://127.0.0.1:" + str(PORTS["secure"]),
        backend_ca_file=FOLDER + "/tls/certificate.pem",
    ),
    "started": WithSubclass(
        name="started", command=[sys.executable, "-c", {ECHO!r}, "{{port}}"], readiness="tcp"
    ),
}}
"""
EXTENSIONS = {"websocket_overriding": True, "witness": True}

Handler = Callable[[ServerConnection], Awaitable[None]]


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    folder = tmp_path_factory.mktemp("jupyter")
    make_certificate(folder / "tls")
    server = start_jupyter(folder, CONFIG, ports=("secure",), extensions=EXTENSIONS)
    yield server
    server.stop()


@asynccontextmanager
async def application(handler: Handler, **options: object) -> AsyncIterator[int]:
    """A websocket application; yields its port."""
    async with serve(handler, "127.0.0.1", 0, max_size=None, **options) as server:
        yield next(iter(server.sockets)).getsockname()[1]


@asynccontextmanager
async def opened(jupyter: Jupyter, path: str, **options: object) -> AsyncIterator[ClientConnection]:
    async with connect(
        f"ws://{jupyter.netloc}/{path}",
        **{
            "additional_headers": {"Cookie": jupyter.cookie},
            "max_size": None,
            "open_timeout": 60,
            "ping_timeout": None,
            "proxy": None,
            **options,
        },
    ) as client:
        yield client


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def logged(jupyter: Jupyter, line: str) -> None:
    """Wait until `line` is in Jupyter's log."""

    async def look() -> None:
        while line not in jupyter.log():
            await fetch(jupyter, "/api/status")

    await patiently(look())


async def no_tunnel_is_left(jupyter: Jupyter) -> None:
    async def look() -> None:
        while parsed((await fetch(jupyter, "/witness")).body)["tunnels"]:
            pass

    await patiently(look())


@pytest.fixture(autouse=True)
async def nothing_is_left(jupyter: Jupyter) -> AsyncIterator[None]:
    yield
    if jupyter.process.poll() is None:
        await no_tunnel_is_left(jupyter)


# --- messages ----------------------------------------------------------------------------------


async def test_both_directions_may_be_changed(jupyter):
    async with application(echo) as port, opened(jupyter, f"changes/{port}/") as client:
        await client.send("one")
        await client.send(b"\x00two")
        await client.send("three ✓")
        received = [await patiently(client.recv()) for _ in range(3)]
    assert received == ["[<one>]", b"\x00two", "[<three ✓>]"]


async def test_messages_may_be_answered_without_the_backend(jupyter):
    seen: list[str | bytes] = []

    async def keep(connection: ServerConnection) -> None:
        async for message in connection:
            seen.append(message)
            await connection.send("ok")

    async with application(keep) as port, opened(jupyter, f"drops/{port}/") as client:
        await client.send("secret")
        assert await patiently(client.recv()) == '{"refused": true}'
        await client.send("public")
        assert await patiently(client.recv()) == "ok"
    assert seen == ["public"]


async def test_open_may_go_on_after_the_handshake_and_before_any_message(jupyter):
    async def greet(connection: ServerConnection) -> None:
        await connection.send("I was first")
        await echo(connection)

    async with (
        application(greet, subprotocols=["b"]) as port,
        opened(jupyter, f"listens/{port}/", subprotocols=["a", "b"]) as client,
    ):
        await client.send("hello")
        received = [await patiently(client.recv()) for _ in range(4)]
        assert received == ["welcome to b", "I was first", "I am here as b", "hello"]
        assert client.subprotocol == "b"


async def test_order_is_kept_in_a_flood(jupyter):
    async with application(echo) as port, opened(jupyter, f"changes/{port}/") as client:

        async def flood() -> None:
            for number in range(2000):
                await client.send(str(number))

        flooding = asyncio.create_task(flood())
        for number in range(2000):
            assert await patiently(client.recv()) == f"[<{number}>]"
        await flooding


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, 10 * MEBIBYTE])
@pytest.mark.parametrize("kind", ["text", "bytes"])
async def test_messages_of_every_size_come_back_whole(jupyter, kind, size):
    data = "x✓"[:1] * size if kind == "text" else bytes(range(256)) * (size // 256 + 1)
    message = data[:size]
    async with application(echo) as port, opened(jupyter, f"drops/{port}/") as client:
        await client.send(message)
        assert await patiently(client.recv()) == message


async def test_fragments_are_joined(jupyter):
    async def in_pieces(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send([str(message), "", "✓ and more"])

    async with application(in_pieces) as port, opened(jupyter, f"changes/{port}/") as client:
        await client.send(["in ", "", "pieces "])
        assert await patiently(client.recv()) == "[<in pieces >✓ and more]"


async def test_compression_towards_the_client_is_its_own(jupyter):
    async with (
        application(echo, compression="deflate") as port,
        opened(jupyter, f"compresses/{port}/", compression="deflate") as client,
    ):
        agreed = client.response.headers.get("Sec-WebSocket-Extensions", "")
        assert agreed.startswith("permessage-deflate")
        await client.send("again and " * 1000)
        assert await patiently(client.recv()) == "again and " * 1000


@pytest.mark.parametrize("slow", ["client", "backend"])
async def test_a_slow_reader_holds_the_writer_up_and_memory_stays_flat(jupyter, slow):
    total = 64 * MEBIBYTE
    peers: asyncio.Queue[ServerConnection] = asyncio.Queue()

    async def hold(connection: ServerConnection) -> None:
        peers.put_nowait(connection)
        await connection.wait_closed()

    quiet = {"compression": None, "max_queue": 1, "ping_interval": None}
    async with (
        application(hold, **quiet) as port,
        opened(jupyter, f"changes/{port}/", **quiet) as client,
    ):
        peer = await patiently(peers.get())
        reader, writer = (client, peer) if slow == "client" else (peer, client)
        before = jupyter.rss()
        async with Torrent(total, writer.send) as torrent:
            await torrent.is_held_up(lambda: fetch(jupyter, "/api/status"))
            assert torrent.written < total
            left = total
            while left:
                left -= len(await patiently(reader.recv()))
        assert jupyter.rss() - before < 16 * MEBIBYTE


# --- pings and the end -------------------------------------------------------------------------


async def test_pings_pass_and_are_told(jupyter):
    peers: asyncio.Queue[ServerConnection] = asyncio.Queue()

    async def hold(connection: ServerConnection) -> None:
        peers.put_nowait(connection)
        await connection.wait_closed()

    async with application(hold) as port, opened(jupyter, f"listens/{port}/") as client:
        peer = await patiently(peers.get())
        await patiently(await client.ping(b"from the client"))
        await logged(jupyter, "told: ping b'from the client'")
        await patiently(await peer.ping(b"from the backend"))
        await logged(jupyter, "told: pong b'from the backend'")


async def test_pings_may_be_sent_by_hand(jupyter):
    async with application(echo) as port, opened(jupyter, f"pings/{port}/") as client:
        await client.send("ping both")
        assert await patiently(client.recv()) == "pong of to the client"
        await client.send("close")
        with pytest.raises(ConnectionClosed) as closed:
            await patiently(client.recv())
        assert closed.value.rcvd == Close(4002, "as you like")


async def test_a_pong_of_the_backend_is_the_answer_to_the_clients_ping(jupyter):
    """The ping that the client sends reaches the backend's socket too."""
    frames: asyncio.Queue[bytes] = asyncio.Queue()

    async def note(peer) -> None:
        request = await peer.head()
        await peer.send(switching_for(request))
        frames.put_nowait(await peer.read(6))
        await peer.closed()

    async with listening() as backend:
        backend.run(note)
        async with opened(jupyter, f"silentclose/{backend.port}/") as client:
            await client.ping(b"")
            # A masked ping without data.
            assert (await patiently(frames.get()))[:2] == b"\x89\x80"


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (4001, "goodbye ✓"), (1001, "tab")])
async def test_a_client_that_closes_is_told_to_the_handler_once_and_to_the_backend(
    jupyter, code, reason
):
    ends: asyncio.Queue[Close | None] = asyncio.Queue()

    async def note(connection: ServerConnection) -> None:
        await connection.wait_closed()
        ends.put_nowait(connection.protocol.close_rcvd)

    async with application(note) as port, opened(jupyter, f"listens/{port}/") as client:
        before = jupyter.log().count("told: close")
        await client.close(code, reason)
        assert await patiently(ends.get()) == Close(code, reason)
    await logged(jupyter, f"told: close {code} {reason or None} after 0")
    await no_tunnel_is_left(jupyter)
    assert jupyter.log().count("told: close") == before + 1


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (4003, "full ✓"), (1012, "restart")])
async def test_a_backend_that_closes_is_told_to_the_client(jupyter, code, reason):
    async def leave(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(code, reason)

    async with application(leave) as port, opened(jupyter, f"changes/{port}/") as client:
        await client.send("leave")
        with pytest.raises(ConnectionClosed) as closed:
            await patiently(client.recv())
        assert closed.value.rcvd == Close(code, reason)


async def test_a_client_that_vanishes_ends_the_backend_too(jupyter):
    ended = asyncio.Event()

    async def note(connection: ServerConnection) -> None:
        await connection.wait_closed()
        ended.set()

    async with application(note) as port, opened(jupyter, f"listens/{port}/") as client:
        assert await patiently(client.recv()) == "welcome to None"
        client.transport.abort()
        await patiently(ended.wait())
    await logged(jupyter, "told: close None None after 0")


async def test_on_close_need_not_close_the_backend(jupyter):
    ended = asyncio.Event()

    async def note(connection: ServerConnection) -> None:
        await connection.wait_closed()
        ended.set()

    async with application(note) as port, opened(jupyter, f"silentclose/{port}/") as client:
        await client.close()
        await patiently(ended.wait())
    await logged(jupyter, "told: silent close")


async def test_a_backend_that_breaks_off_is_an_error_to_the_client(jupyter):
    async def vanish(connection: ServerConnection) -> None:
        await connection.recv()
        connection.transport.abort()

    async with application(vanish) as port, opened(jupyter, f"changes/{port}/") as client:
        await client.send("vanish")
        with pytest.raises(ConnectionClosed) as closed:
            await patiently(client.recv())
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1011


async def test_a_backend_that_sends_nonsense_is_an_error_to_the_client(jupyter):
    async def babble(peer) -> None:
        request = await peer.head()
        await peer.send(switching_for(request) + b"\x83\x00")
        await peer.closed()

    async with listening() as backend:
        backend.run(babble)
        async with opened(jupyter, f"changes/{backend.port}/") as client:
            with pytest.raises(ConnectionClosed) as closed:
                await patiently(client.recv())
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1011


async def test_a_websocket_that_is_idle_for_too_long_is_closed(jupyter):
    async with application(echo) as port, opened(jupyter, f"idle/{port}/") as client:
        with pytest.raises(ConnectionClosed) as closed:
            await patiently(client.recv())
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001


async def test_messages_are_activity_and_pings_are_none(jupyter):
    async with application(echo) as port, opened(jupyter, f"records/{port}/") as client:
        await client.send("x")
        await patiently(client.recv())
        await patiently(await client.ping(b"y"))
        await client.send("x")
        await patiently(client.recv())
    # The handshake, and two messages there and back.
    assert jupyter.log().count("told: activity") == 5


# --- limits and failures -----------------------------------------------------------------------


async def test_a_class_says_how_large_messages_may_be(jupyter):
    async def answer(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send("x" * int(message))

    options = {"subprotocols": ["only"]}
    async with application(answer, **options) as port:
        async with opened(jupyter, f"chooses/{port}/", **options) as client:
            await client.send("1000")
            assert await patiently(client.recv()) == "x" * 1000
            await client.send("1001")
            with pytest.raises(ConnectionClosed):
                await patiently(client.recv())
        async with opened(jupyter, f"chooses/{port}/", **options) as client:
            await client.send("1" * 1001)
            with pytest.raises(ConnectionClosed) as closed:
                await patiently(client.recv())
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009


async def test_an_override_that_raises_is_named_and_closes_this_websocket_only(jupyter):
    jupyter.expected_tracebacks += 1
    async with application(echo) as port, opened(jupyter, f"drops/{port}/") as other:
        async with opened(jupyter, f"raises/{port}/") as client:
            await client.send("x")
            with pytest.raises(ConnectionClosed) as closed:
                await patiently(client.recv())
            assert closed.value.rcvd == Close(1011, "Raises.on_message() raised")
        blamed = "on_message() of module websocket_overriding raised RuntimeError: on purpose"
        assert blamed in jupyter.log()
        await other.send("still here")
        assert await patiently(other.recv()) == "still here"


async def test_an_override_that_holds_everybody_up_is_reported(jupyter):
    async with application(echo) as port, opened(jupyter, f"sleeps/{port}/") as client:
        await client.send("x")
        assert await patiently(client.recv()) == "x"
    assert "on_message() of module websocket_overriding held up Jupyter for" in jupyter.log()


async def test_an_open_that_fails_after_the_handshake_closes_the_websocket(jupyter):
    async with application(echo) as port, opened(jupyter, f"failstoopen/{port}/") as client:
        with pytest.raises(ConnectionClosed) as closed:
            await patiently(client.recv())
        assert closed.value.rcvd == Close(1011, "FailsToOpen.open() failed")


# --- the handshake -----------------------------------------------------------------------------


async def test_the_backend_is_offered_all_subprotocols_and_chooses(jupyter):
    offers: list[str] = []

    def choose(connection: ServerConnection, offered) -> str:
        offers.extend(offered)
        return offered[1]

    async with (
        application(echo, select_subprotocol=choose) as port,
        opened(jupyter, f"changes/{port}/", subprotocols=["a", "b", "c"]) as client,
    ):
        assert client.subprotocol == "b"
    assert offers == ["a", "b", "c"]


async def test_a_class_may_choose_the_clients_subprotocol(jupyter):
    offers: list[str] = []

    def choose(connection: ServerConnection, offered) -> str:
        offers.extend(offered)
        return offered[0]

    async with (
        application(echo, select_subprotocol=choose) as port,
        opened(jupyter, f"chooses/{port}/", subprotocols=["a", "b"]) as client,
    ):
        assert client.subprotocol == "b"
        await client.send("x")
        assert await patiently(client.recv()) == "x"
    assert offers == ["a", "b"]


async def test_headers_of_both_handshakes_pass(jupyter):
    def answer(connection: ServerConnection, request, response) -> None:
        response.headers["X-Echo"] = request.headers["X-Asked"]
        response.headers["Set-Cookie"] = "app=1; Path=/"
        connection.cookies = request.headers.get("Cookie", "")

    async def tell(connection: ServerConnection) -> None:
        request = connection.request
        await connection.send(f"{request.path} {connection.cookies}")

    headers = {"Cookie": f"{jupyter.cookie}; mine=1", "X-Asked": "yes"}
    async with (
        application(tell, process_response=answer) as port,
        opened(jupyter, f"changes/{port}/a%20b?c=d", additional_headers=headers) as client,
    ):
        assert client.response.headers["X-Echo"] == "yes"
        assert client.response.headers["Set-Cookie"].startswith("app=1")
        assert await patiently(client.recv()) == "[/a%20b?c=d mine=1]"


async def test_a_class_may_say_which_headers_are_sent(jupyter):
    async def tell(connection: ServerConnection) -> None:
        headers = connection.request.headers
        await connection.send(f"{headers['X-Only']} {headers.get('X-Asked')}")

    headers = {"Cookie": jupyter.cookie, "X-Asked": "yes"}
    async with (
        application(tell) as port,
        opened(jupyter, f"ownheaders/{port}/", additional_headers=headers) as client,
    ):
        assert await patiently(client.recv()) == "this None"


async def test_a_refused_handshake_is_passed_on(jupyter):
    def refuse(connection: ServerConnection, _request):
        response = connection.respond(http.HTTPStatus.PAYMENT_REQUIRED, "pay first")
        response.headers["X-Price"] = "1"
        return response

    async with application(echo, process_request=refuse) as port:
        answer = await fetch(jupyter, f"/changes/{port}/", fields=WEBSOCKET)
    assert (answer.status, answer.body, answer.get("X-Price")) == (402, b"pay first", b"1")


async def test_a_dead_backend_is_502(jupyter):
    async with application(echo) as port:
        pass
    assert (await fetch(jupyter, f"/changes/{port}/", fields=WEBSOCKET)).status == 502


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(
            b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Accept: bm90IHRoaXMgb25l\r\n\r\n",
            id="another accept",
        ),
        pytest.param(
            b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
            id="another protocol",
        ),
    ],
)
async def test_a_backend_that_accepts_something_else_is_502(jupyter, answer):
    async with listening() as backend:
        backend.answer_with(answer)
        assert (await fetch(jupyter, f"/changes/{backend.port}/", fields=WEBSOCKET)).status == 502


async def test_a_client_whose_handshake_is_none_leaves_nothing(jupyter):
    fields = [field for field in WEBSOCKET if field[0] != "Sec-WebSocket-Version"]
    async with application(echo) as port:
        answer = await fetch(jupyter, f"/changes/{port}/", fields=fields)
    assert answer.status in (400, 426)


async def test_a_client_that_leaves_before_the_backend_answers_is_no_error(jupyter):
    async with listening() as backend:
        async with connected(jupyter) as client:
            await client.ask("GET", f"/changes/{backend.port}/", WEBSOCKET)
            peer = await backend.accepted()
            await peer.head()
        assert await peer.closed() == b""


@pytest.mark.parametrize("fields", [[("Cookie", "")], [("Origin", "http://elsewhere.example")]])
async def test_the_gate_comes_first(jupyter, fields):
    async with listening() as backend:
        path = f"/changes/{backend.port}/"
        assert (await fetch(jupyter, path, fields=[*WEBSOCKET, *fields])).status == 403
        assert backend.connections == 0


# --- which path is taken -----------------------------------------------------------------------


async def told_of_nonsense(backend: Backend, jupyter: Jupyter, path: str) -> bytes:
    """The first bytes that the backend gets when the client sends what is no websocket frame."""
    async with connected(jupyter) as client:
        await client.ask("GET", path, WEBSOCKET)
        peer = await backend.accepted()
        await peer.send(switching_for(await peer.head()))
        assert (await client.head()).status == 101
        await client.send(b"\xff\xff no frame")
        client.half_close()
        return await peer.read(6)


async def test_a_class_that_overrides_none_of_it_is_tunnelled(jupyter):
    async with listening() as backend:
        path = f"/plain/{backend.port}/"
        assert await told_of_nonsense(backend, jupyter, path) == b"\xff\xff no "
    await logged(jupyter, "told: no messages: This request has no websocket")


async def test_a_class_that_overrides_some_of_it_is_not(jupyter):
    async with listening() as backend:
        path = f"/changes/{backend.port}/"
        # A masked close frame that says nothing, since nonsense is no message.
        assert (await told_of_nonsense(backend, jupyter, path))[:2] == b"\x88\x80"


async def test_a_class_of_a_service_may_be_such_a_class(jupyter):
    path = str(jupyter.folder / "app.sock")
    async with unix_serve(echo, path), opened(jupyter, "shouts/") as client:
        await client.send("quietly")
        assert await patiently(client.recv()) == "QUIETLY"


async def test_a_backend_may_speak_tls(jupyter):
    files = jupyter.folder / "tls"
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files / "certificate.pem", files / "key.pem")
    listener = jupyter.sockets["secure"].dup()
    async with (
        serve(echo, sock=listener, ssl=context, max_size=None),
        opened(jupyter, "secure/") as client,
    ):
        await client.send("quietly" * 100_000)
        assert await patiently(client.recv()) == "QUIETLY" * 100_000


async def test_the_first_websocket_starts_the_child(jupyter):
    async with opened(jupyter, "started/") as client:
        await client.send("quietly")
        assert await patiently(client.recv()) == "QUIETLY"


async def test_a_raw_stream_may_be_changed_too(jupyter):
    async with (
        listening() as backend,
        opened(jupyter, f"rawupper/{backend.port}/", subprotocols=["x", "binary"]) as client,
    ):
        peer = await backend.accepted()
        await client.send(b"\x00quietly")
        assert await peer.read(8) == b"\x00QUIETLY"
        await peer.send(b"answer")
        assert await patiently(client.recv()) == b"answer"
        assert client.subprotocol == "binary"
        peer.close()
        with pytest.raises(ConnectionClosed):
            await patiently(client.recv())


async def test_jupyters_end_is_the_end_of_it(tmp_path):
    jupyter = start_jupyter(tmp_path, CONFIG, ports=("secure",), extensions=EXTENSIONS)
    ended = asyncio.Event()

    async def note(connection: ServerConnection) -> None:
        await connection.wait_closed()
        ended.set()

    try:
        async with application(note) as port, opened(jupyter, f"changes/{port}/") as client:
            jupyter.process.send_signal(signal.SIGTERM)
            await patiently(ended.wait())
            with pytest.raises(ConnectionClosed):
                await patiently(client.recv())
        assert await asyncio.to_thread(jupyter.process.wait, 60) == 0
    finally:
        jupyter.stop()


async def test_no_status_but_101_makes_a_websocket(jupyter):
    async with listening() as backend:
        backend.answer_with(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        with pytest.raises(InvalidStatus) as refused:
            async with opened(jupyter, f"changes/{backend.port}/"):
                pass
        assert refused.value.response.status_code == 200
        assert refused.value.response.body == b"hi"


def switching_for(request) -> bytes:
    """The answer that accepts the handshake of `request`."""
    accept = accept_for(request.get("Sec-WebSocket-Key").decode())
    return (
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ).encode()
