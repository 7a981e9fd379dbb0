"""Websockets end to end, with a library on both sides, over plain HTTP and over TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from _harness.backend import listening
from _harness.certificates import make_certificate
from _harness.client import fetch
from _harness.flow import MEBIBYTE, Torrent
from _harness.jupyter import Jupyter, start_jupyter
from _harness.message import patiently
from _harness.upgrades import tunnel
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Close

SIZES = (0, 1, 125, 126, 65535, 65536, 1024 * 1024, 32 * 1024 * 1024)
SECURE = """
c.ServerApp.certfile = {certificate!r}
c.ServerApp.keyfile = {key!r}
"""
SERVICES = """
c.ServerProxy.servers = {{
    "secure": {{
        "backend_url": "https://127.0.0.1:" + str(PORTS["secure"]),
        "backend_ca_file": {certificate!r},
    }},
}}
"""

Handler = Callable[[ServerConnection], Awaitable[None]]


@dataclass
class House:
    """A Jupyter server; `trust` is what its clients need to speak to it, None without TLS."""

    jupyter: Jupyter
    backend_tls: ssl.SSLContext
    trust: ssl.SSLContext | None

    def url(self, path: str) -> str:
        return ("wss" if self.trust else "ws") + f"://{self.jupyter.netloc}{path}"

    async def request(self) -> None:
        """A round trip that shows that the server lives and has had a turn."""
        if self.trust is None:
            assert (await fetch(self.jupyter, "/api/status")).status == 200
            return
        await asyncio.to_thread(self.jupyter.log_in)


@pytest.fixture(scope="module", params=["http", "https"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp(request.param)
    made = make_certificate(folder / "tls")
    files = {"certificate": str(made.certificate), "key": str(made.key)}
    is_secure = request.param == "https"
    config = (SERVICES + (SECURE if is_secure else "")).format(**files)
    jupyter = start_jupyter(folder, config, ports=("secure",))
    yield House(jupyter, made.server_context(), made.client_context() if is_secure else None)
    jupyter.stop()


@asynccontextmanager
async def application(handler: Handler, **options: object) -> AsyncIterator[str]:
    """A websocket application; yields the path to it."""
    async with serve(handler, "127.0.0.1", 0, max_size=None, **options) as server:
        yield f"/proxy/{next(iter(server.sockets)).getsockname()[1]}/"


@asynccontextmanager
async def opened(house: House, path: str, **options: object) -> AsyncIterator[ClientConnection]:
    async with connect(
        house.url(path),
        additional_headers={"Cookie": house.jupyter.cookie},
        ssl=house.trust,
        max_size=None,
        open_timeout=60,
        ping_timeout=None,
        proxy=None,
        **options,
    ) as client:
        yield client


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_messages_of_every_size_come_back_whole(house, compression):
    async with (
        application(echo, compression=compression) as path,
        opened(house, path, compression=compression) as client,
    ):
        agreed = client.response.headers.get("Sec-WebSocket-Extensions", "")
        assert agreed.startswith("permessage-deflate" if compression else "")
        assert bool(agreed) == bool(compression)
        for size in SIZES:
            data = (bytes(range(256)) * (size // 256 + 1))[:size]
            await patiently(client.send(data))
            assert await patiently(client.recv()) == data
        await client.send("text ✓ as text")
        assert await patiently(client.recv()) == "text ✓ as text"


async def test_the_backend_chooses_the_sub_protocol(house):
    async with (
        application(echo, subprotocols=["second", "third"]) as path,
        opened(house, path, subprotocols=["first", "second"]) as client,
    ):
        assert client.subprotocol == "second"


async def test_fragments_stay_fragments(house):
    seen: list[list[str]] = []

    async def collect(connection: ServerConnection) -> None:
        seen.append([part async for part in connection.recv_streaming()])
        await connection.send(["x", "y", "z"])

    async with application(collect) as path, opened(house, path, compression=None) as client:
        await client.send(["one ", "two ", "three"])
        back = [part async for part in client.recv_streaming()]
    # The library marks the end of a message with an empty fragment of its own.
    assert [part for part in seen[0] if part] == ["one ", "two ", "three"]
    assert [part for part in back if part] == ["x", "y", "z"]


async def test_pings_are_answered_by_the_other_end(house):
    answered = asyncio.Event()

    async def ping(connection: ServerConnection) -> None:
        await patiently(await connection.ping(b"from the backend"))
        answered.set()
        await connection.wait_closed()

    async with application(ping) as path, opened(house, path) as client:
        await patiently(await client.ping(b"from the client"))
        await patiently(answered.wait())


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "away"), (4001, "grund ✓")])
async def test_close_codes_reach_the_other_end(house, code, reason):
    told: asyncio.Queue[Close | None] = asyncio.Queue()

    async def listen(connection: ServerConnection) -> None:
        try:
            while await connection.recv() != "your turn":
                pass
            await connection.close(code, reason)
        except ConnectionClosed as closed:
            await told.put(closed.rcvd)

    async with application(listen) as path:
        async with opened(house, path) as client:
            await client.close(code, reason)
            assert await patiently(told.get()) == Close(code, reason)
        async with opened(house, path) as client:
            await client.send("your turn")
            with pytest.raises(ConnectionClosed) as caught:
                await patiently(client.recv())
    assert caught.value.rcvd == Close(code, reason)


async def test_a_refusal_is_the_applications_own(house):
    async def nobody(connection: ServerConnection) -> None:
        raise AssertionError("refused clients are not served")

    def refuse(connection, request):
        return connection.respond(418, "I am a teapot\n")

    async with application(nobody, process_request=refuse) as path:
        with pytest.raises(InvalidStatus) as caught:
            async with opened(house, path):
                pass
    assert caught.value.response.status_code == 418
    assert caught.value.response.body == b"I am a teapot\n"


async def test_a_page_that_is_not_logged_in_is_refused(house):
    async with application(echo) as path:
        with pytest.raises(InvalidStatus) as caught:
            async with connect(house.url(path), ssl=house.trust, proxy=None):
                pass
    assert caught.value.response.status_code in (302, 403)


@pytest.mark.parametrize("fast", ["client", "peer"])
async def test_a_slow_reader_holds_the_writer_up_and_memory_stays_flat(house, backend, fast):
    total = 64 * MEBIBYTE
    path = backend.path + "/"
    async with tunnel(house.jupyter, backend, path, ssl=house.trust) as both:
        writer = getattr(both, fast)
        reader = both.peer if fast == "client" else both.client
        before = house.jupyter.rss()
        async with Torrent(total, writer.send) as torrent:
            await torrent.is_held_up(house.request)
            assert torrent.written < total
            left = total
            while left:
                left -= len(await patiently(reader.reader.read(MEBIBYTE)))
        assert house.jupyter.rss() - before < 16 * MEBIBYTE


async def test_an_application_behind_tls_is_tunnelled_to(house):
    at = house.jupyter.sockets["secure"]
    async with (
        listening(at=at, ssl=house.backend_tls) as backend,
        tunnel(house.jupyter, backend, "/secure/", ssl=house.trust) as both,
    ):
        await both.client.send(b"x" * MEBIBYTE)
        assert await both.peer.read(MEBIBYTE) == b"x" * MEBIBYTE
        await both.peer.send(b"y" * MEBIBYTE)
        both.peer.close()
        assert await both.client.closed() == b"y" * MEBIBYTE
        # TLS says goodbye in both directions, and the loop must live to see it.
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await patiently(both.peer.writer.wait_closed())


async def test_the_end_of_either_side_is_the_end_of_the_other(house, backend):
    path = backend.path + "/"
    before = house.jupyter.descriptors()
    async with tunnel(house.jupyter, backend, path, ssl=house.trust) as both:
        await both.client.send(b"bye")
        both.client.writer.close()
        assert await both.peer.closed() == b"bye"
    async with tunnel(house.jupyter, backend, path, ssl=house.trust) as both:
        await both.peer.send(b"bye")
        both.peer.close()
        assert await both.client.closed() == b"bye"
    await house.jupyter.holds_no_more_than(before)
