"""Tornado's TLS stream as an asyncio transport, with a real TLS client at the far end."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tornado import iostream

from jupyter_server_proxy.relay.streams import HIGH_WATER, IOStreamTransport

PATIENCE = 60.0
PLENTY = 32 * 1024 * 1024


async def patiently(awaitable):
    return await asyncio.wait_for(awaitable, PATIENCE)


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """For a server, and for a client that trusts it."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
    builder = builder.not_valid_after(now + datetime.timedelta(hours=1)).add_extension(names, False)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "both.pem"
    path.write_bytes(private + certificate)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=certificate.decode())


class Witness(asyncio.Protocol):
    """What a protocol is told, kept."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.pauses: list[str] = []
        self.losses: list[Exception | None] = []
        self.lost = asyncio.Event()
        self._news = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.received += data
        self._news.set()

    def pause_writing(self) -> None:
        self.pauses.append("pause")

    def resume_writing(self) -> None:
        self.pauses.append("resume")
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.losses.append(exc)
        self.lost.set()

    async def until(self, condition) -> None:
        while not condition():
            self._news.clear()
            await patiently(self._news.wait())


class Link:
    def __init__(self, transport, witness, reader, writer) -> None:
        self.transport: IOStreamTransport = transport
        self.witness: Witness = witness
        self.reader: asyncio.StreamReader = reader
        self.writer: asyncio.StreamWriter = writer


@asynccontextmanager
async def linked(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> AsyncIterator[Link]:
    server, client = contexts
    listener = socket.create_server(("127.0.0.1", 0))
    near = socket.create_connection(listener.getsockname())
    accepted, _ = listener.accept()
    listener.close()
    shaken = iostream.IOStream(accepted).start_tls(True, server)
    connecting = asyncio.open_connection(sock=near, ssl=client, server_hostname="127.0.0.1")
    stream, (reader, writer) = await patiently(asyncio.gather(shaken, connecting))
    witness = Witness()
    transport = IOStreamTransport(stream, witness)
    try:
        yield Link(transport, witness, reader, writer)
    finally:
        transport.abort()
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await patiently(writer.wait_closed())
    await patiently(witness.lost.wait())
    assert len(witness.losses) == 1


async def test_bytes_go_both_ways(contexts):
    async with linked(contexts) as link:
        link.writer.write(b"from the client")
        await link.witness.until(lambda: link.witness.received == b"from the client")
        link.transport.write(b"to the client")
        assert await patiently(link.reader.readexactly(13)) == b"to the client"


async def test_a_slow_client_is_told_of_and_then_caught_up_with(contexts):
    async with linked(contexts) as link:
        sent = 0
        while not link.witness.pauses:
            link.transport.write(b"x" * 65536)
            sent += 65536
        assert sent > HIGH_WATER
        await patiently(link.reader.readexactly(sent))
        await link.witness.until(lambda: link.witness.pauses[-1] == "resume")


async def test_reading_can_be_paused(contexts):
    async with linked(contexts) as link:
        link.transport.pause_reading()
        link.writer.write(b"x" * PLENTY)
        await asyncio.sleep(0.2)
        # One read was under way; nothing else is taken.
        assert len(link.witness.received) <= 65536
        link.transport.resume_reading()
        await link.witness.until(lambda: len(link.witness.received) == PLENTY)


async def test_closing_sends_what_was_written(contexts):
    async with linked(contexts) as link:
        link.transport.write(b"y" * PLENTY)
        link.transport.close()
        assert link.transport.is_closing()
        assert len(await patiently(link.reader.readexactly(PLENTY))) == PLENTY
        await patiently(link.witness.lost.wait())


async def test_aborting_does_not_wait(contexts):
    async with linked(contexts) as link:
        link.transport.write(b"y" * PLENTY)
        link.transport.abort()
        await patiently(link.witness.lost.wait())
        link.transport.write(b"nobody is there")


@pytest.mark.parametrize("is_paused", [False, True])
async def test_a_client_that_leaves_is_noticed(contexts, is_paused):
    async with linked(contexts) as link:
        if is_paused:
            link.transport.pause_reading()
        link.writer.write(b"last words")
        link.writer.close()
        if is_paused:
            # Nothing is read now, so the end can only be seen after it.
            link.transport.resume_reading()
        await patiently(link.witness.lost.wait())
        assert link.witness.received == b"last words"


async def test_one_direction_cannot_be_closed(contexts):
    async with linked(contexts) as link:
        assert not link.transport.can_write_eof()
