"""What `forward` changes in requests and answers, and whom it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_server_proxy.cli.forwarding.heads import Refused, Route, incoming, outgoing

ROUTE = Route(
    "/base/my%20app/",
    "https://hub.example",
    "hub.example",
    4000,
    {"Authorization": "token secret"},
)
COOKIES = Route("/app/", "http://localhost:8888", "localhost:8888", 4000, {"Cookie": "user=me"})


def ask(
    target: str = "/", *fields: str, method: str = "GET", host: str = "localhost:4000"
) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def sent(head: bytes, route: Route = ROUTE) -> list[str]:
    return outgoing(head, route).head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")


def test_the_request_gets_the_prefix_and_our_login() -> None:
    assert sent(ask("/a%2Fb?x=1", "Accept: */*", "X-Two: 1", "X-Two: 2")) == [
        "GET /base/my%20app/a%2Fb?x=1 HTTP/1.1",
        "Host: hub.example",
        "Connection: close",
        "Accept: */*",
        "X-Two: 1",
        "X-Two: 2",
        "Authorization: token secret",
    ]


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/", "/base/my%20app/"),
        ("/base/my%20app/login?next=1", "/base/my%20app/login?next=1"),
        ("/base/other/", "/base/my%20app/base/other/"),
        ("//evil/x", "/base/my%20app//evil/x"),
        ("/.hidden/..x/x../...", "/base/my%20app/.hidden/..x/x../..."),
        ("/x?from=/../y", "/base/my%20app/x?from=/../y"),
        ("/?", "/base/my%20app/?"),
    ],
)
def test_no_path_leaves_the_service(target: str, path: str) -> None:
    assert sent(ask(target))[0] == f"GET {path} HTTP/1.1"


@pytest.mark.parametrize(
    "target",
    [
        "/../api/contents",
        "/a/../../api/contents",
        "/%2e%2e/api/contents",
        "/.%2E/api/contents",
        "/..%2fapi/contents",
        "/..\\api/contents",
        "/..%5Capi/contents",
        "/..;x=1/api/contents",
        "/.\t./api/contents",
        "/./x",
        "/..",
        "/..?x=1",
        "/..#x",
        "/base/my%20app/../../api/contents",
    ],
)
def test_a_path_that_could_leave_the_service_is_refused(target: str) -> None:
    for head in (ask(target), ask(target, "Upgrade: websocket", "Connection: Upgrade")):
        with pytest.raises(Refused) as refusal:
            outgoing(head, ROUTE)
        assert refusal.value.status == 400


def test_a_referer_may_say_what_it_likes() -> None:
    assert (
        sent(ask("/", "Referer: http://localhost:4000/../x"))[0] == "GET /base/my%20app/ HTTP/1.1"
    )


def test_an_upgrade_stays_one_and_its_origin_becomes_the_servers() -> None:
    head = ask("/ws", "Connection: keep-alive, Upgrade", "Upgrade: websocket",
               "Origin: http://localhost:4000")  # fmt: skip
    assert outgoing(head, ROUTE).is_upgrade
    lines = sent(head)
    assert "Connection: Upgrade" in lines
    assert "Upgrade: websocket" in lines
    assert "Origin: https://hub.example" in lines


def test_the_referer_is_that_of_the_same_page_on_the_server() -> None:
    lines = sent(ask("/", "Referer: http://127.0.0.1:4000/page?x=1"))
    assert "Referer: https://hub.example/base/my%20app/page?x=1" in lines
    assert "Referer: http://elsewhere/" in sent(ask("/", "Referer: http://elsewhere/"))


def test_a_login_for_the_application_is_left_to_it() -> None:
    lines = sent(ask("/x?a=1", "Authorization: Basic YTpi"))
    assert lines[0] == "GET /base/my%20app/x?a=1&token=secret HTTP/1.1"
    assert [line for line in lines if line.startswith("Auth")] == ["Authorization: Basic YTpi"]


def test_beside_a_login_for_the_application_ours_is_a_cookie_where_there_is_one() -> None:
    route = replace(ROUTE, cookie="user=me")
    lines = sent(ask("/x?a=1", "Authorization: Basic YTpi", "Cookie: a=1"), route)
    assert lines[0] == "GET /base/my%20app/x?a=1 HTTP/1.1"
    assert lines[-2:] == ["Authorization: Basic YTpi", "Cookie: a=1; user=me"]
    assert not any("Cookie" in line for line in sent(ask("/"), route))


def test_our_cookie_is_added_to_those_of_the_application() -> None:
    assert sent(ask("/", "Cookie: a=1", "Cookie: b=2"), COOKIES)[-1] == "Cookie: a=1; b=2; user=me"
    assert sent(ask("/"), COOKIES)[-1] == "Cookie: user=me"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (ask(host="evil.example"), 403),
        (ask(host="evil.example:4000"), 403),
        (ask(host="localhost:4001"), 403),
        (b"GET / HTTP/1.1\r\n\r\n", 403),
        (b"GET / HTTP/1.1\r\nHost: localhost:4000\r\nHost: evil\r\n\r\n", 403),
        (ask("/", "Origin: http://evil.example"), 403),
        (ask("/", "Origin: null"), 403),
        (ask("/", "Origin: http://localhost:3000"), 403),
        (ask("/", "Sec-Fetch-Site: cross-site", method="POST"), 403),
        (ask("http://localhost:4000/"), 400),
        (ask("*", method="OPTIONS"), 400),
        (ask("x"), 400),
        (ask("/ HTTP/1.1 x"), 400),
        (ask("/", "NoColon"), 400),
        (ask("/", "Name : x"), 400),
        (ask("/", " folded: x"), 400),
        (ask("/", "A: b\nAuthorization: c"), 400),
        (b"PRI * HTTP/2.0\r\n\r\n", 400),
        (b"\x16\x03\x01\r\n\r\n", 400),
    ],
)
def test_refused(head: bytes, status: int) -> None:
    with pytest.raises(Refused) as refusal:
        outgoing(head, ROUTE)
    assert refusal.value.status == status


def test_a_page_may_be_opened_from_a_link_elsewhere() -> None:
    assert outgoing(ask("/", "Sec-Fetch-Site: cross-site"), ROUTE).head


def got(*fields: str, status: str = "200 OK", route: Route = ROUTE) -> list[str]:
    head = "\r\n".join([f"HTTP/1.1 {status}", *fields]) + "\r\n\r\n"
    return incoming(head.encode(), route).decode().removesuffix("\r\n\r\n").split("\r\n")


@pytest.mark.parametrize(
    ("location", "local"),
    [
        ("/base/my%20app/login?next=x", "/login?next=x"),
        ("https://hub.example/base/my%20app/", "/"),
        ("https://elsewhere.example/", "https://elsewhere.example/"),
        ("https://hub.example.evil/base/my%20app/", "https://hub.example.evil/base/my%20app/"),
        ("relative/x", "relative/x"),
        ("/base/my%20app//evil.example/x", "/evil.example/x"),
    ],
)
def test_redirections_stay_at_the_local_port(location: str, local: str) -> None:
    assert got(f"Location: {location}", status="302 Found")[-1] == f"Location: {local}"


@pytest.mark.parametrize(
    ("cookie", "local"),
    [
        ("a=1; Path=/base/my%20app/; HttpOnly", ["Set-Cookie: a=1; Path=/; HttpOnly"]),
        ("a=1; path=/base/my%20app/sub", ["Set-Cookie: a=1; Path=/sub"]),
        ("a=1; Path=/base/my%20app", ["Set-Cookie: a=1; Path=/"]),
        ("a=1", ["Set-Cookie: a=1"]),
        ("username-hub=secret; HttpOnly; Path=/base/", []),
        ("_xsrf=1; Path=/", []),
        ("a=1; Path=/base/my%20app-other/", []),
    ],
)
def test_only_the_services_own_cookies_get_to_the_client(cookie: str, local: list[str]) -> None:
    assert got(f"Set-Cookie: {cookie}")[2:] == local


def test_an_answer_says_that_the_connection_ends() -> None:
    assert got("Connection: keep-alive", "Keep-Alive: timeout=5", "X: 1") == [
        "HTTP/1.1 200 OK",
        "Connection: close",
        "X: 1",
    ]


def test_an_upgrade_is_answered_as_it_was() -> None:
    fields = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: x"]
    assert got(*fields, status="101 Switching Protocols")[1:] == fields


def test_the_login_is_not_shown() -> None:
    assert "secret" not in repr(ROUTE)
