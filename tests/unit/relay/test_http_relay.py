"""Heads on the wire, both ways: nothing that a field holds can become another line."""

from __future__ import annotations

import pytest

from jupyter_server_proxy.backend.exchange import Exchange
from jupyter_server_proxy.errors import ProxyError, TargetInvalid
from jupyter_server_proxy.relay.http import encode_request, encode_switching, frames_body


def test_a_request_head():
    head = encode_request("M-SEARCH", "/a?b", [("Host", "x"), ("X-A", "caf\xe9"), ("X-A", "")])
    assert head == b"M-SEARCH /a?b HTTP/1.1\r\nHost: x\r\nX-A: caf\xe9\r\nX-A: \r\n\r\n"


@pytest.mark.parametrize(
    ("method", "target", "field"),
    [
        ("GET\r\nX: y", "/", ("A", "b")),
        ("GET", "/\r\nX: y", ("A", "b")),
        ("GET", "/", ("A\r\nX", "b")),
        ("GET", "/", ("A", "b\r\nX: y")),
        ("GET", "/", ("A", "b\nX: y")),
        ("GET", "/", ("A", "b\rX: y")),
        ("GET", "/", ("A", "\u20ac")),
        ("GET", "/\u20ac", ("A", "b")),
    ],
)
def test_what_would_end_its_line_is_refused(method, target, field):
    with pytest.raises(TargetInvalid):
        encode_request(method, target, [field])


@pytest.mark.parametrize(
    ("length", "field"),
    [("5", ("Content-Length", "5")), (None, ("Transfer-Encoding", "chunked"))],
)
def test_framing(length, field):
    assert frames_body(length) == field


class Connection:
    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def test_a_switch_is_told_with_the_backends_protocol():
    exchange = Exchange(Connection(), "GET")
    exchange.feed(b"HTTP/1.1 101 Yes\r\nUpgrade: tcp\r\nConnection: upgrade\r\nX: y\r\n\r\n")
    head = encode_switching(exchange, [("X", "y")])
    lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 101 Yes"
    assert set(lines[1:]) == {b"X: y", b"Upgrade: tcp", b"Connection: Upgrade"}


def test_a_switch_cannot_smuggle_a_line():
    exchange = Exchange(Connection(), "GET")
    exchange.feed(b"HTTP/1.1 101 Yes\r\nUpgrade: tcp\r\nConnection: upgrade\r\n\r\n")
    with pytest.raises(ProxyError):
        encode_switching(exchange, [("X", "y\r\nSet-Cookie: a=b")])
