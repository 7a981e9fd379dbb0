"""What proves to Jupyter who somebody is stays with Jupyter, unless a service may have it."""

from __future__ import annotations

import base64

import pytest
from _harness.backend import listening
from _harness.client import fetch

JUPYTER_PORTS = ("app",)
JUPYTER_CONFIG = """
c.ServerProxy.servers = {
    "app": {"port": PORTS["app"]},
    "trusted": {"port": PORTS["app"], "forward_credentials": True},
    "absolute": {"port": PORTS["app"], "absolute_url": True},
    "rewritten": {"port": PORTS["app"], "rewrite_response": lambda response: None},
}
"""

ANONYMOUS = ("Cookie", "")


def ways_to_log_in(jupyter) -> dict[str, tuple[list[tuple[str, str]], str]]:
    """Header fields and query of a request that Jupyter takes for its owner's."""
    token = jupyter.token
    basic = base64.b64encode(f"x:{token}".encode()).decode()
    return {
        "cookie": ([("Cookie", jupyter.cookie)], ""),
        "among cookies": ([("Cookie", f"a=b; {jupyter.cookie}; _xsrf=x; c=d")], ""),
        "token": ([ANONYMOUS, ("Authorization", f"token {token}")], ""),
        "bearer": ([ANONYMOUS, ("Authorization", f"Bearer {token}")], ""),
        "query": ([ANONYMOUS], f"?token={token}"),
        "in the query": ([ANONYMOUS], f"?a=b&token={token}&c=d%20"),
        "encoded": ([ANONYMOUS], f"?%74oken=%{ord(token[0]):02X}{token[1:]}"),
        "basic too": ([("Cookie", jupyter.cookie), ("Authorization", f"Basic {basic}")], ""),
        "referrer": (
            [("Cookie", jupyter.cookie), ("Referer", f"http://x/lab?token={token}&e=f")],
            "",
        ),
    }


WAYS = ["cookie", "among cookies", "token", "bearer", "query", "in the query", "encoded"]
WAYS += ["basic too", "referrer"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("route", ["proxy", "absolute proxy", "app", "absolute", "rewritten"])
async def test_a_backend_never_sees_jupyters_credentials(jupyter, route, way):
    fields, query = ways_to_log_in(jupyter)[way]
    async with listening(at=jupyter.sockets["app"]) as backend:
        backend.answer_with()
        routes = {"proxy": backend.path, "absolute proxy": f"/proxy/absolute/{backend.port}"}
        path = f"{routes.get(route, '/' + route)}/x{query}"
        response = await fetch(jupyter, path, method="POST", fields=fields, body=b"")
    assert response.status == 200
    raw = backend.request.raw
    for secret in (jupyter.token, jupyter.cookie, jupyter.cookie.partition("=")[0], "_xsrf"):
        assert secret.encode() not in raw
    assert base64.b64encode(f"x:{jupyter.token}".encode()) not in raw


async def test_what_is_not_jupyters_passes_byte_for_byte(jupyter, backend):
    backend.answer_with()
    fields = [
        ("Cookie", f'a="b"; {jupyter.cookie};c=d ;  e=f=g; username=x; xsrf=y'),
        ("Authorization", "Bearer somebody-elses"),
        ("Referer", "http://x/y?token=other&z=%20"),
    ]
    await fetch(jupyter, f"{backend.path}/?token=other&b=%2F&&c", fields=fields)
    request = backend.request
    assert request.target == b"/?token=other&b=%2F&&c"
    assert request.get("Cookie") == b'a="b";c=d ;  e=f=g; username=x; xsrf=y'
    assert request.get("Authorization") == b"Bearer somebody-elses"
    assert request.get("Referer") == b"http://x/y?token=other&z=%20"


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("?token={}", b"/x"),
        ("?token={}&a=%2F", b"/x?a=%2F"),
        ("?a=%2F&token={}", b"/x?a=%2F"),
        ("?a&token={}&b=+", b"/x?a&b=+"),
    ],
)
async def test_only_the_token_is_taken_from_the_query(jupyter, backend, query, left):
    backend.answer_with()
    path = f"{backend.path}/x{query.format(jupyter.token)}"
    await fetch(jupyter, path, fields=[ANONYMOUS])
    assert backend.request.target == left


@pytest.mark.parametrize("way", WAYS)
async def test_a_trusted_service_gets_them_as_they_were_sent(jupyter, way):
    fields, query = ways_to_log_in(jupyter)[way]
    async with listening(at=jupyter.sockets["app"]) as backend:
        backend.answer_with()
        await fetch(jupyter, f"/trusted/x{query}", fields=fields)
    request = backend.request
    assert request.target == f"/x{query}".encode()
    for name, value in fields:
        assert request.get(name) == (value.encode() or None)


async def test_all_services_can_be_trusted(make_own_jupyter):
    config = (
        "c.ServerProxy.forward_credentials = True\n"
        'c.ServerProxy.servers = {"app": {"port": PORTS["app"]}, '
        '"distrusted": {"port": PORTS["app"], "forward_credentials": False}}'
    )
    jupyter = make_own_jupyter(config, ports=("app",))
    async with listening(at=jupyter.sockets["app"]) as backend:
        backend.answer_with()
        for path in ("/app/", f"{backend.path}/", "/distrusted/"):
            await fetch(jupyter, path)
    cookies = [request.get("Cookie") for request in backend.requests]
    assert cookies == [jupyter.cookie.encode()] * 2 + [None]


@pytest.mark.parametrize("route", ["app", "rewritten", "absolute"])
async def test_the_first_visit_with_a_token_logs_the_browser_in(jupyter, route):
    async with listening(at=jupyter.sockets["app"]) as backend:
        backend.answer_with(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\n\r\nok")
        first = await fetch(jupyter, f"/{route}/?token={jupyter.token}", fields=[ANONYMOUS])
        cookies = first.all("Set-Cookie")
        name = jupyter.cookie.partition("=")[0].encode()
        (login,) = [cookie for cookie in cookies if cookie.startswith(name)]
        assert b"HttpOnly" in login
        assert b"Path=/" in login
        assert any(cookie.startswith(b"a=b") for cookie in cookies)
        cookie = login.partition(b";")[0].decode("latin-1")
        second = await fetch(jupyter, f"/{route}/", fields=[("Cookie", cookie)])
    assert second.status == 200


@pytest.mark.parametrize("status", [200, 204, 304, 404, 500])
async def test_a_person_who_is_logged_in_gets_no_new_cookie(jupyter, backend, status):
    backend.answer_with(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
    response = await fetch(jupyter, f"{backend.path}/")
    assert response.all("Set-Cookie") == []
