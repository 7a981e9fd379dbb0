"""The request target reaches the backend as the client sent it."""

from __future__ import annotations

import pytest
from _harness.backend import listening
from _harness.client import fetch

JUPYTER_PORTS = ("plain", "absolute")
JUPYTER_CONFIG = """
c.ServerProxy.servers = {
    "plain": {"port": PORTS["plain"]},
    "odd name/é": {"port": PORTS["plain"]},
    "absolute": {"port": PORTS["absolute"], "absolute_url": True},
}
"""

TARGETS = [
    b"/",
    b"/a/b",
    b"/a/b/",
    b"/a%2Fb",
    b"/a%2fb",
    b"/a%3Fb",
    b"/a%23b",
    b"//",
    b"//double//slashes//",
    b"/a;b=c;d",
    b"/a?",
    b"/?",
    b"/??",
    b"/a?b=c&d=%20+&e",
    b"/a?b=/../c?d#",
    b"/%FF%fe",
    b"/caf\xc3\xa9",
    b"/caf%C3%A9",
    b"/\xff\xfe",
    b"/a/../b",
    b"/a/./b",
    b"/%2e%2e/b",
    b"/..",
    b"/a%20b+c",
    b"/a%25b%2525",
    b"/%41%42",
    b"/!$&'()*+,;=:@-._~",
    b'/[x]{y}|z^`"<>\\',
    b"/http://example.org/x",
    b"/%",
    b"/%zz",
    b"/a%00b",
    b"/" + b"x" * 8000,
    b"/?" + b"y" * 8000,
]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: repr(target[:30]))
@pytest.mark.parametrize("route", ["proxy", "localhost", "plain", "odd%20name/%C3%A9"])
async def test_a_target_arrives_as_it_was_sent(jupyter, route, target):
    async with listening(at=jupyter.sockets["plain"]) as backend:
        backend.answer_with()
        prefixes = {"proxy": backend.path, "localhost": f"/proxy/localhost:{backend.port}"}
        response = await fetch(jupyter, prefixes.get(route, f"/{route}").encode() + target)
    assert (response.status, response.body) == (200, b"hello")
    assert backend.request.target == target


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: repr(target[:30]))
@pytest.mark.parametrize("route", ["absolute", "proxy/absolute/"])
async def test_absolute_url_keeps_the_prefix(jupyter, route, target):
    async with listening(at=jupyter.sockets["absolute"]) as backend:
        backend.answer_with()
        prefix = b"/absolute" if route == "absolute" else b"/proxy/absolute/%d" % backend.port
        response = await fetch(jupyter, prefix + target)
    assert response.status == 200
    assert backend.request.target == prefix + target


@pytest.fixture(scope="module", params=["/user/a@b/", "/user/a%40b/", "/deep/er/"])
def jupyter_below(request, make_jupyter):
    config = """
c.ServerProxy.servers = {
    "app": {"port": PORTS["app"]}, "absolute": {"port": PORTS["app"], "absolute_url": True}
}
"""
    return make_jupyter(config, ports=("app",), base_url=request.param)


@pytest.mark.parametrize("suffix", [b"/", b"/x%2Fy?z", b"//x"])
async def test_a_base_url_is_no_part_of_the_target(jupyter_below, suffix):
    jupyter = jupyter_below
    async with listening(at=jupyter.sockets["app"]) as backend:
        backend.answer_with()
        assert (await fetch(jupyter, backend.path.encode() + suffix)).status == 200
        assert (await fetch(jupyter, b"/app" + suffix)).status == 200
        assert (await fetch(jupyter, b"/absolute" + suffix)).status == 200
    targets = [request.target for request in backend.requests]
    assert targets == [suffix, suffix, jupyter.base_url.encode() + b"absolute" + suffix]


async def test_the_backend_is_told_its_prefix(jupyter_below):
    jupyter = jupyter_below
    async with listening(at=jupyter.sockets["app"]) as backend:
        backend.answer_with()
        await fetch(jupyter, b"/app/")
    prefix = f"{jupyter.base_url}app".encode()
    for name in ("X-Forwarded-Prefix", "X-Forwarded-Context", "X-ProxyContextPath"):
        assert backend.request.get(name) == prefix


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("query", ["", "?", "?a=b&c=/d", "?next=//evil.example"])
@pytest.mark.parametrize("route", ["proxy", "localhost", "plain"])
async def test_the_bare_prefix_redirects_to_the_slash(jupyter, backend, route, query, method):
    prefixes = {"proxy": backend.path, "localhost": f"/proxy/localhost:{backend.port}"}
    prefix = prefixes.get(route, f"/{route}")
    response = await fetch(jupyter, prefix + query, method=method)
    assert response.status in (301, 302)
    assert response.get("Location") == f"{prefix}/{query}".encode()
    assert backend.connections == 0


async def test_other_methods_are_not_redirected(jupyter, backend):
    backend.answer_with()
    response = await fetch(jupyter, backend.path, method="POST", body=b"x")
    assert (response.status, backend.request.target) == (200, b"/")


async def test_slashes_in_front_do_not_name_a_host(jupyter):
    response = await fetch(jupyter, b"//evil.example/plain")
    location = response.get("Location") or b""
    assert not location.startswith(b"//")
    assert b"//evil" not in location
