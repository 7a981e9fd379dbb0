"""Websockets: addresses, handshakes, sub-protocols, messages and ends."""

from __future__ import annotations

from collections.abc import Iterator

from .corpus_requests import FIELDS
from .websockets_run import WebsocketCase as Case

ROUTES = (
    "/named", "/absolute", "/proxy/{main}", "/proxy/absolute/{main}", "/proxy/127.0.0.1:{main}",
    "/proxy/localhost:{main}",
)  # fmt: skip
PATHS = ("/", "/a?b=c", "/a%20b", "/a%2Fb", "/%C3%A5", "//a", "/a;b")
CARRIED = (
    "own-host", "cookies", "own-authorization", "repeated", "case", "connection-names",
    "forwarded-all", "forwarded-prefix", "referer", "accept", "long-value",
)  # fmt: skip
BOTH = ("client", "backend")
TALKS = {
    "empty text": [(who, "send", "") for who in BOTH],
    "unicode": [(who, "send", "åäö ☃ 🎉") for who in BOTH],
    "binary": [(who, "send", bytes(range(256))) for who in BOTH],
    "empty binary": [(who, "send", b"") for who in BOTH],
    "65 KiB": [(who, "send", b"x" * 66560) for who in BOTH],
    "1 MiB text": [(who, "send", "x" * 1048576) for who in BOTH],
    "12 MiB": [(who, "send", b"x" * 12 * 1048576) for who in BOTH],
    "many": [(who, "send", str(number)) for number in range(10) for who in BOTH],
    "fragments": [(who, "send", ["a", "b", "c"]) for who in BOTH],
    "pings": [(who, "ping", b"data") for who in BOTH],
    "empty pings": [(who, "ping", b"") for who in BOTH],
    "nothing": [],
}
CLOSES = {
    "normal": (1000, ""),
    "reason": (1000, "all done"),
    "going away": (1001, "bye"),
    "application": (4001, "log in again"),
    "error": (1011, "broken"),
    "unicode": (3000, "åäö"),
}


def websockets() -> Iterator[Case]:
    for route in ROUTES:
        for path in PATHS:
            yield Case(f"websocket {route}{path}", route + path)
    for route in ("/named", "/absolute", "/proxy/{main}"):
        for kind in CARRIED:
            fields = tuple(f for f in FIELDS[kind] if f[0] != "Cookie" or "{login}" not in f[1])
            yield Case(f"websocket fields {route} {kind}", f"{route}/x", fields=fields)
    yield from handshakes()
    yield from talks()
    for service in ("quiet", "asked", "excluded"):
        for path in ("/x", "/busy", "/poll"):
            yield Case(f"activity {service}{path}", f"/{service}{path}")


def talks() -> Iterator[Case]:
    for kind, steps in TALKS.items():
        yield Case(f"talk {kind}", "/named/x", steps)
    yield Case("talk compressed", "/named/x", TALKS["unicode"], compression="deflate")
    for kind, end in CLOSES.items():
        for who in BOTH:
            yield Case(f"close by {who} {kind}", "/named/x", [(who, "close", *end)])
    for who in BOTH:
        yield Case(f"drop by {who}", "/named/x", [(who, "drop")])


def handshakes() -> Iterator[Case]:
    for kind, offered, chosen in (
        ("one", ("binary",), "binary"),
        ("first", ("a", "b"), "a"),
        ("second", ("a", "b"), "b"),
        ("none", ("a", "b"), None),
        ("token", ("bokeh", "secret.token"), "bokeh"),
    ):
        for route in ("/named", "/proxy/{main}"):
            name = f"sub-protocol {route} {kind}"
            yield Case(name, f"{route}/x", offered=offered, chosen=chosen)
    for status in (401, 403, 404, 500):
        yield Case(f"refused {status}", "/named/x", refusal=status)
    for path in ("/dead/x", "/proxy/{dead}/x", "/nobody/x", "/proxy/example.invalid:80/x"):
        yield Case(f"unreachable {path}", path)
    for origin in ("http://127.0.0.1:{jupyter}", "http://elsewhere.example", "null"):
        yield Case(f"origin {origin}", "/named/x", origin=origin)
    yield Case("anonymous", "/named/x", is_anonymous=True)
    yield Case("anonymous elsewhere", "/named/x", is_anonymous=True, origin="http://a.example")
    token = (("Authorization", "token {token}"),)
    yield Case("by token", "/named/x", is_anonymous=True, fields=token)
    yield Case("by token in query", "/named/x?token={token}&a=1", is_anonymous=True)
    for service in ("map-dict", "map-call", "map-query", "map-lambda"):
        for path in ("/a", "/a?x=1", "/x/y"):
            yield Case(f"mapped {service}{path}", f"/{service}{path}")
    for service in ("headers", "headers-prefix", "headers-call"):
        yield Case(f"overridden {service}", f"/{service}/x", fields=FIELDS["own-host"])
        yield Case(f"overridden {service} origin", f"/{service}/x",
                   origin="http://127.0.0.1:{jupyter}")  # fmt: skip
