"""Which hosts and ports a `/proxy/` URL may name."""

from __future__ import annotations

import pytest
from _harness.backend import listening
from _harness.client import fetch


async def reached(jupyter, backend, route: str) -> bool:
    before = backend.connections
    response = await fetch(jupyter, f"/proxy/{route}/")
    assert response.status in (200, 403), response
    assert (response.status == 200) == (backend.connections > before)
    return response.status == 200


@pytest.fixture
def answering(backend):
    backend.answer_with(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
    return backend


@pytest.mark.parametrize("port", ["0", "65536", "99999", "00", "9" * 30])
@pytest.mark.parametrize("prefix", ["", "localhost:", "absolute/"])
async def test_ports_that_do_not_exist_are_refused_clearly(jupyter, prefix, port):
    response = await fetch(jupyter, f"/proxy/{prefix}{port}/")
    assert response.status == 400
    assert b"is not between 1 and 65535" in response.body


@pytest.mark.parametrize("spelling", ["{}", "0{}"])
async def test_a_port_is_a_number(jupyter, answering, spelling):
    assert await reached(jupyter, answering, spelling.format(answering.port))


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost", "LOCALHOST", "localhost.", "127.0.0.1", "%31%32%37.0.0.1"]
)
async def test_this_machine_may_be_named_by_default(jupyter, answering, host):
    assert await reached(jupyter, answering, f"{host}:{answering.port}")


@pytest.mark.parametrize("host", ["[::1]", "example.org", "127.0.0.2", "localhost.evil", "0"])
async def test_others_are_refused_by_default(jupyter, answering, host):
    response = await fetch(jupyter, f"/proxy/{host}:{answering.port}/")
    assert response.status == 403
    assert b"is not allowed" in response.body
    assert answering.connections == 0


@pytest.mark.parametrize("host", ["[::1]", "%5B::1%5D", "%5b::1%5d", "[0:0:0:0:0:0:0:1]"])
async def test_ipv6_literals_in_brackets(jupyter_for_ipv6, host):
    async with listening(host="::1") as backend:
        backend.answer_with(b"HTTP/1.1 302 X\r\nContent-Length: 0\r\nLocation: /x\r\n\r\n")
        response = await fetch(jupyter_for_ipv6, f"/proxy/{host}:{backend.port}/a")
    assert response.status == 302
    location = (response.get("Location") or b"").decode()
    assert location.endswith((f"]:{backend.port}/x", f"%5D:{backend.port}/x"))
    assert backend.request.target == b"/a"


async def test_localhost_is_either_loopback(jupyter):
    async with listening(host="::1") as backend:
        backend.answer_with()
        assert (await fetch(jupyter, f"/proxy/{backend.port}/")).status == 200


@pytest.fixture(scope="module")
def jupyter_for_ipv6(make_jupyter):
    return make_jupyter('c.ServerProxy.host_allowlist = ["localhost", "::1"]')


ALLOWLISTS = {
    "list": 'c.ServerProxy.host_allowlist = ["LOCALHOST"]',
    "function": "c.ServerProxy.host_allowlist = lambda handler, host: host == 'localhost'",
    "async": """
async def host_allowlist(handler, host):
    return host == "localhost" and handler.request.method == "GET"
c.ServerProxy.host_allowlist = host_allowlist
""",
    "old name": 'c.ServerProxy.host_whitelist = ["localhost"]',
}


@pytest.mark.parametrize("kind", ALLOWLISTS)
async def test_each_kind_of_allowlist(make_own_jupyter, answering, kind):
    jupyter = make_own_jupyter(ALLOWLISTS[kind])
    assert await reached(jupyter, answering, f"localhost:{answering.port}")
    assert not await reached(jupyter, answering, f"127.0.0.1:{answering.port}")


async def test_an_allowlist_that_raises_lets_nobody_pass(make_own_jupyter, answering):
    jupyter = make_own_jupyter("c.ServerProxy.host_allowlist = lambda handler, host: 1 / 0")
    jupyter.expected_tracebacks += 1
    response = await fetch(jupyter, f"/proxy/localhost:{answering.port}/")
    assert response.status == 500
    assert b"host_allowlist: " in response.body
    assert answering.connections == 0


async def test_allowed_ports(make_own_jupyter, answering):
    config = 'c.ServerProxy.allowed_ports = [PORTS["one"], "1-99"]'
    jupyter = make_own_jupyter(config, ports=("one",))
    response = await fetch(jupyter, f"/proxy/{answering.port}/")
    assert response.status == 403
    assert b"allowed_ports" in response.body
    assert not await reached(jupyter, answering, f"localhost:{answering.port}")
    async with listening(at=jupyter.sockets["one"]) as backend:
        backend.answer_with()
        assert await reached(jupyter, backend, f"{backend.port}")


async def test_no_port_at_all(make_own_jupyter, answering):
    jupyter = make_own_jupyter('c.ServerProxy.allowed_ports = "none"')
    assert not await reached(jupyter, answering, f"{answering.port}")
