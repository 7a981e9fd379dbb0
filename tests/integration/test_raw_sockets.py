"""`raw_socket_proxy`: websocket messages on one side, a byte stream on the other."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from _harness.backend import Backend, Peer, listening
from _harness.client import fetch
from _harness.flow import MEBIBYTE, Torrent
from _harness.jupyter import Jupyter
from _harness.message import patiently
from _harness.upgrades import WEBSOCKET
from _harness.witness import parsed
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

ECHO = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = server.accept()
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)
"""
HARNESS = str(Path(__file__).parent / "_harness")
JUPYTER_PORTS = ("tcp",)
JUPYTER_CONFIG = f"""
import json, os
sys.path.insert(0, {HARNESS!r})
os.makedirs(FOLDER + "/config/jupyter_server_config.d", exist_ok=True)
with open(FOLDER + "/config/jupyter_server_config.d/witness.json", "w") as file:
    json.dump({{"ServerApp": {{"jpserver_extensions": {{"witness": True}}}}}}, file)
c.ServerProxy.servers = {{
    "tcp": {{"port": PORTS["tcp"], "raw_socket_proxy": True}},
    "unix": {{"command": [], "unix_socket": FOLDER + "/raw.sock", "raw_socket_proxy": True}},
    "echo": {{"command": [sys.executable, "-c", {ECHO!r}, "{{port}}"], "raw_socket_proxy": True}},
    "never": {{"command": [sys.executable, "-c", "raise SystemExit(3)"], "raw_socket_proxy": True}},
}}
"""


@asynccontextmanager
async def opened(jupyter: Jupyter, name: str, **options: object) -> AsyncIterator[ClientConnection]:
    async with connect(
        f"ws://{jupyter.netloc}/{name}/",
        additional_headers={"Cookie": jupyter.cookie},
        max_size=None,
        open_timeout=60,
        ping_timeout=None,
        proxy=None,
        **options,
    ) as client:
        yield client


@asynccontextmanager
async def listening_as(jupyter: Jupyter, name: str) -> AsyncIterator[Backend]:
    is_unix = name == "unix"
    path = str(jupyter.folder / "raw.sock")
    where = {"unix": path} if is_unix else {"at": jupyter.sockets[name]}
    async with listening(**where) as backend:
        yield backend


@pytest.fixture(params=["tcp", "unix"])
def name(request: pytest.FixtureRequest) -> str:
    return request.param


async def joined_bytes(client: ClientConnection, size: int) -> bytes:
    received = b""
    while len(received) < size:
        message = await patiently(client.recv())
        assert isinstance(message, bytes), "bytes of a stream come as binary messages"
        received += message
    return received


async def test_messages_become_a_stream_and_a_stream_becomes_messages(jupyter, name):
    async with listening_as(jupyter, name) as backend, opened(jupyter, name) as client:
        peer = await backend.accepted()
        await client.send(b"\x00\x01binary")
        await client.send("and text ✓")
        await client.send(b"")
        await client.send(b"!")
        expected = b"\x00\x01binary" + "and text ✓".encode() + b"!"
        assert await peer.read(len(expected)) == expected
        await peer.send(b"\xff\x00answer")
        assert await joined_bytes(client, 8) == b"\xff\x00answer"


async def test_the_backend_may_speak_first(jupyter, name):
    """As SSH and VNC servers do."""
    async with listening_as(jupyter, name) as backend:

        async def greet(peer: Peer) -> None:
            await peer.send(b"RFB 003.008\n")
            await peer.closed()

        backend.run(greet)
        async with opened(jupyter, name) as client:
            assert await joined_bytes(client, 12) == b"RFB 003.008\n"


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [([], None), (["binary"], "binary"), (["base64", "binary"], "binary"), (["a", "b"], "a")],
)
async def test_binary_is_the_sub_protocol_of_choice(jupyter, offered, chosen):
    async with listening_as(jupyter, "tcp"), opened(jupyter, "tcp", subprotocols=offered) as client:
        assert client.subprotocol == chosen


async def test_big_messages_pass_in_both_directions(jupyter, name):
    data = bytes(range(256)) * (32 * 4096)
    async with listening_as(jupyter, name) as backend, opened(jupyter, name) as client:
        peer = await backend.accepted()
        sending = asyncio.create_task(client.send(data))
        assert await peer.read(len(data)) == data
        await patiently(sending)
        answering = asyncio.create_task(peer.send(data))
        assert await joined_bytes(client, len(data)) == data
        await patiently(answering)


@pytest.mark.parametrize("fast", ["client", "backend"])
async def test_a_slow_reader_holds_the_writer_up_and_memory_stays_flat(jupyter, fast):
    total = 64 * MEBIBYTE
    async with (
        listening_as(jupyter, "tcp") as backend,
        opened(jupyter, "tcp", compression=None, max_queue=1) as client,
    ):
        peer = await backend.accepted()
        before = jupyter.rss()
        write = client.send if fast == "client" else peer.send
        async with Torrent(total, write) as torrent:
            await torrent.is_held_up(lambda: fetch(jupyter, "/api/status"))
            assert torrent.written < total
            left = total
            while left:
                if fast == "client":
                    left -= len(await patiently(peer.reader.read(MEBIBYTE)))
                else:
                    left -= len(await patiently(client.recv()))
        assert jupyter.rss() - before < 16 * MEBIBYTE


async def test_the_end_of_the_stream_is_the_end_of_the_websocket(jupyter, name):
    async with listening_as(jupyter, name) as backend, opened(jupyter, name) as client:
        peer = await backend.accepted()
        await peer.send(b"last words")
        peer.close()
        assert await joined_bytes(client, 10) == b"last words"
        with pytest.raises(ConnectionClosed):
            await patiently(client.recv())


async def test_a_reset_stream_is_the_end_of_the_websocket(jupyter):
    async with listening_as(jupyter, "tcp") as backend, opened(jupyter, "tcp") as client:
        (await backend.accepted()).reset()
        with pytest.raises(ConnectionClosed):
            await patiently(client.recv())


@pytest.mark.parametrize("how", ["closes", "vanishes"])
async def test_the_end_of_the_websocket_is_the_end_of_the_stream(jupyter, name, how):
    async with listening_as(jupyter, name) as backend, opened(jupyter, name) as client:
        peer = await backend.accepted()
        await client.send(b"last words")
        assert await peer.read(10) == b"last words"
        if how == "closes":
            await client.close()
        else:
            client.transport.abort()
        assert await peer.closed() == b""


async def test_connections_leave_nothing_behind(jupyter):
    await fetch(jupyter, "/api/status")
    async with listening_as(jupyter, "tcp") as backend:
        before = jupyter.descriptors()
        for _ in range(30):
            async with opened(jupyter, "tcp") as client:
                peer = await backend.accepted()
                await client.send(b"x")
                assert await peer.read(1) == b"x"
        await jupyter.holds_no_more_than(before)
    assert (await told(jupyter))["tunnels"] == 0


# --- what is refused -----------------------------------------------------------------------


async def told(jupyter: Jupyter) -> dict:
    return parsed((await fetch(jupyter, "/witness")).body)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PROPFIND"])
async def test_plain_http_is_refused_with_a_reason_and_starts_nothing(jupyter, method):
    body = b"x" if method == "PUT" else None
    for path in ("/tcp/", "/echo/"):
        answer = await fetch(jupyter, path, method=method, body=body)
        assert answer.status in (405, 426)
        assert method == "HEAD" or b"websocket" in answer.body
    assert (await told(jupyter))["services"]["echo"] == "STOPPED"


async def test_an_upgrade_to_something_else_is_refused_and_starts_nothing(jupyter):
    fields = [("Connection", "Upgrade"), ("Upgrade", "tcp")]
    for path in ("/tcp/", "/echo/"):
        answer = await fetch(jupyter, path, fields=fields)
        assert answer.status in (400, 405, 426)
        assert b"websocket" in answer.body.lower()
    assert (await told(jupyter))["services"]["echo"] == "STOPPED"


@pytest.mark.parametrize(
    "broken",
    [
        ("Sec-WebSocket-Version", "99"),
        ("Sec-WebSocket-Version", ""),
        ("Sec-WebSocket-Key", ""),
    ],
)
async def test_a_handshake_that_is_none_is_refused_and_leaves_nothing(jupyter, broken):
    fields = [field for field in WEBSOCKET if field[0] != broken[0]] + [broken]
    async with listening_as(jupyter, "tcp"):
        before = jupyter.descriptors()
        assert (await fetch(jupyter, "/tcp/", fields=fields)).status in (400, 426)
        await jupyter.holds_no_more_than(before)
    assert (await told(jupyter))["tunnels"] == 0


async def test_a_backend_that_is_not_there_is_502(jupyter):
    answer = await fetch(jupyter, "/unix/", fields=WEBSOCKET)
    assert answer.status == 502
    assert b"raw.sock" in answer.body


async def test_a_child_that_does_not_start_is_told_before_the_handshake(jupyter):
    with pytest.raises(InvalidStatus) as caught:
        async with opened(jupyter, "never"):
            pass
    assert caught.value.response.status_code in (502, 503)


# --- a child of ours ---------------------------------------------------------------------------


async def test_the_first_websocket_starts_the_child(jupyter):
    async with opened(jupyter, "echo") as client:
        await client.send(b"are you there?")
        assert await joined_bytes(client, 14) == b"are you there?"
        assert (await told(jupyter))["services"]["echo"] == "READY"


ONLY_UNIX = """
c.ServerProxy.servers = {
    "unix": {"command": [], "unix_socket": FOLDER + "/raw.sock", "raw_socket_proxy": True},
}
"""


async def test_jupyters_end_is_the_end_of_every_stream(make_jupyter):
    jupyter = make_jupyter(ONLY_UNIX)
    async with listening_as(jupyter, "unix") as backend, opened(jupyter, "unix") as client:
        peer = await backend.accepted()
        jupyter.process.send_signal(signal.SIGTERM)
        assert await peer.closed() == b""
        with pytest.raises(ConnectionClosed):
            await patiently(client.recv())
    assert await asyncio.to_thread(jupyter.process.wait, 60) == 0
