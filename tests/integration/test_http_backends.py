"""Backends that are no plain TCP port: TLS with its options, unix sockets, other addresses."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from _harness.backend import HELLO, listening
from _harness.certificates import make_certificate
from _harness.client import connected, fetch
from _harness.flow import MEBIBYTE

CONFIG = """
CA = {ca!r}
URL = "https://127.0.0.1:%d" % PORTS["tls"]
BY_NAME = "https://localhost:%d" % PORTS["tls"]
c.ServerProxy.servers = {{
    "own-ca": {{"backend_url": URL, "backend_ca_file": CA}},
    "system-ca": {{"backend_url": URL}},
    "wrong-ca": {{"backend_url": URL, "backend_ca_file": {other_ca!r}}},
    "unverified": {{"backend_url": BY_NAME, "backend_verify": False}},
    "wrong-name": {{"backend_url": BY_NAME, "backend_ca_file": CA}},
    "named": {{
        "backend_url": BY_NAME, "backend_ca_file": CA, "backend_server_name": "127.0.0.1",
    }},
    "with-certificate": {{
        "backend_url": URL, "backend_ca_file": CA,
        "backend_cert_file": {certificate!r}, "backend_key_file": {key!r},
    }},
    "plain": {{"backend_url": "http://127.0.0.1:%d" % PORTS["plain"]}},
    "plain-as-tls": {{"backend_url": "https://127.0.0.1:%d" % PORTS["plain"]}},
    "unix": {{"unix_socket": FOLDER + "/app.sock"}},
    "no-unix": {{"unix_socket": FOLDER + "/nothing.sock"}},
}}
"""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder: Path = tmp_path_factory.mktemp("certificates")
    return {name: make_certificate(folder / name) for name in ("backend", "other", "client")}


@pytest.fixture(scope="module")
def jupyter(make_jupyter, certificates):
    config = CONFIG.format(
        ca=str(certificates["backend"].certificate),
        other_ca=str(certificates["other"].certificate),
        certificate=str(certificates["client"].certificate),
        key=str(certificates["client"].key),
    )
    return make_jupyter(config, ports=("tls", "plain"))


@pytest.mark.parametrize("service", ["own-ca", "unverified", "named"])
async def test_a_tls_backend_that_is_trusted(jupyter, certificates, service):
    context = certificates["backend"].server_context()
    async with listening(at=jupyter.sockets["tls"], ssl=context) as backend:
        backend.answer_with(b"HTTP/1.1 302 X\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n")
        response = await fetch(jupyter, f"/{service}/a?b")
        again = await fetch(jupyter, f"/{service}/", method="POST", body=b"x" * MEBIBYTE)
    assert response.status == again.status == 302
    assert response.get("Location") == f"/{service}/x".encode()
    assert backend.requests[0].target == b"/a?b"
    assert backend.requests[1].body == b"x" * MEBIBYTE


@pytest.mark.parametrize("service", ["system-ca", "wrong-ca", "wrong-name"])
async def test_a_tls_backend_that_is_not_trusted_is_502(jupyter, certificates, service):
    context = certificates["backend"].server_context()
    async with listening(at=jupyter.sockets["tls"], ssl=context) as backend:
        backend.answer_with()
        response = await fetch(jupyter, f"/{service}/")
        assert response.status == 502
        assert b"certificate" in response.body
        assert backend.requests == []


async def test_a_full_url_of_a_tls_backend_comes_back_under_the_prefix(jupyter, certificates):
    context = certificates["backend"].server_context()
    async with listening(at=jupyter.sockets["tls"], ssl=context) as backend:
        head = f"HTTP/1.1 302 X\r\nLocation: https://127.0.0.1:{backend.port}/x\r\n"
        backend.answer_with(f"{head}Content-Length: 0\r\n\r\n".encode())
        response = await fetch(jupyter, "/own-ca/")
    assert response.get("Location") == b"/own-ca/x"


async def test_a_client_certificate_is_shown(jupyter, certificates):
    context = certificates["backend"].server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates["client"].certificate)
    async with listening(at=jupyter.sockets["tls"], ssl=context) as backend:
        backend.answer_with()
        with_one = await fetch(jupyter, "/with-certificate/")
        without = await fetch(jupyter, "/own-ca/")
    assert (with_one.status, with_one.body) == (200, b"hello")
    assert without.status == 502


async def test_a_large_answer_through_tls(jupyter, certificates):
    body = bytes(range(256)) * 4096 * 16
    context = certificates["backend"].server_context()
    async with listening(at=jupyter.sockets["tls"], ssl=context) as backend:
        backend.answer_with(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        response = await fetch(jupyter, "/own-ca/")
    assert response.body == body


async def test_a_plain_backend_url(jupyter):
    async with listening(at=jupyter.sockets["plain"]) as backend:
        backend.answer_with()
        response = await fetch(jupyter, "/plain/a")
    assert response.status == 200
    assert backend.request.target == b"/a"


async def test_a_plain_backend_that_should_speak_tls_is_502(jupyter):
    async def answer_anything(peer) -> None:
        await peer.reader.read(1)
        await peer.send(HELLO)

    async with listening(at=jupyter.sockets["plain"]) as backend:
        backend.run(answer_anything)
        response = await fetch(jupyter, "/plain-as-tls/")
    assert response.status == 502
    assert b"SSL" in response.body or b"TLS" in response.body


async def test_a_unix_socket(jupyter):
    async with listening(unix=f"{jupyter.folder}/app.sock") as backend:
        backend.answer_with(b"HTTP/1.1 302 X\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n")
        response = await fetch(jupyter, "/unix/a%2Fb?c", method="POST", body=b"hello")
    assert response.status == 302
    assert response.get("Location") == b"/unix/x"
    assert (backend.request.target, backend.request.body) == (b"/a%2Fb?c", b"hello")
    assert backend.request.get("Host") == jupyter.netloc.encode()


async def test_a_client_that_goes_frees_a_unix_backend(jupyter):
    async with (
        listening(unix=f"{jupyter.folder}/app.sock") as backend,
        connected(jupyter) as client,
    ):
        await client.ask("GET", "/unix/")
        peer = await backend.accepted()
        await peer.request()
        client.close()
        assert await peer.closed() == b""


async def test_no_unix_socket_is_502(jupyter):
    response = await fetch(jupyter, "/no-unix/")
    assert response.status == 502
    assert b"nothing.sock" in response.body
