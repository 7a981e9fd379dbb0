"""What the server takes from whom it does not know, and which signals end it."""

from __future__ import annotations

import asyncio
import signal
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from certipy import Certipy
from tornado import web
from tornado.testing import bind_unused_port

from jupyter_server_proxy.standalone import serving
from jupyter_server_proxy.standalone.serving import Listening, asked_to_end, http_server

PATIENCE = 20


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    authority = Certipy(store_dir=str(tmp_path / "certificates"))
    authority.create_ca("ca")
    files = authority.create_signed_pair("one", "ca", alt_names=["IP:127.0.0.1"])["files"]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files["cert"], files["key"])
    return context


@asynccontextmanager
async def connection(
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """To a server on which every address is 404."""
    socket, port = bind_unused_port()
    listening = Listening(address="127.0.0.1", port=port, tls=tls, trust_xheaders=False)
    server = http_server(web.Application(log_function=lambda _: None), listening)
    server.add_socket(socket)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()
        server.stop()
        await server.close_all_connections()


@pytest.mark.parametrize(
    ("with_tls", "said"),
    [(False, b""), (False, b"GET / HTTP/1.1\r\nHost: a\r\nX-"), (True, b"")],
    ids=["silent", "half a head", "no handshake"],
)
async def test_a_connection_without_a_whole_request_is_not_kept(
    with_tls: bool, said: bytes, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert serving.SILENT_SECONDS <= 300
    monkeypatch.setattr(serving, "SILENT_SECONDS", 0.1)
    async with connection(tls if with_tls else None) as (reader, writer):
        writer.write(said)
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""


async def test_one_that_has_been_used_may_be_silent_for_a_while() -> None:
    async with connection() as (reader, writer):
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
            assert head.startswith(b"HTTP/1.1 404 ")
            await reader.readuntil(b"</html>")


# --- signals --------------------------------------------------------------------------------------


@pytest.fixture
def handlers() -> Iterator[None]:
    before = {it: signal.getsignal(it) for it in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
async def test_what_is_to_be_ignored_does_not_end_us(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    with asked_to_end() as asked:
        signal.raise_signal(number)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(asked.once.wait(), PATIENCE)
        assert not asked.again.is_set()
    assert signal.getsignal(number) is signal.SIG_IGN


@pytest.mark.usefixtures("handlers")
async def test_sigterm_ends_us_also_where_it_was_ignored() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with asked_to_end() as asked:
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(asked.once.wait(), PATIENCE)
