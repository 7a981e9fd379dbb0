"""Where a request's body ends, and that nobody else can read it in another way."""

from __future__ import annotations

import pytest
from tornado.httputil import HTTPHeaders

from jupyter_server_proxy.errors import ClientSentNonsense
from jupyter_server_proxy.handlers.body import StreamedBody, body_length


def fields(*pairs: tuple[str, str]) -> HTTPHeaders:
    headers = HTTPHeaders()
    for name, value in pairs:
        headers.add(name, value)
    return headers


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        (fields(("Content-Length", "0")), "0"),
        (fields(("Content-Length", "15")), "15"),
        (fields(("Content-Length", "15"), ("Content-Length", "15")), "15"),
        (fields(("Content-Length", "15, 15")), "15"),
        (fields(("Transfer-Encoding", "chunked")), None),
        (fields(("Transfer-Encoding", "Chunked")), None),
    ],
)
def test_a_clear_length_is_passed_on_once(headers, length):
    assert body_length(headers) == length
    name, value = StreamedBody(headers).framing
    assert (name, value) == (
        ("Transfer-Encoding", "chunked") if length is None else ("Content-Length", length)
    )


@pytest.mark.parametrize(
    "headers",
    [
        fields(("Content-Length", "5"), ("Transfer-Encoding", "chunked")),
        fields(("Content-Length", "5"), ("Content-Length", "6")),
        fields(("Content-Length", "5, 6")),
        fields(("Content-Length", "5,")),
        *(
            fields(("Content-Length", value))
            for value in ("", "+5", "-5", "0x5", "5 5", "1_0", "5.0", "1" * 20, "\xb2")
        ),
        *(
            fields(("Transfer-Encoding", value))
            for value in (
                "",
                "xchunked",
                "gzip, chunked",
                "chunked, chunked",
                "identity",
                "chunked;",
            )
        ),
    ],
    ids=lambda headers: repr(dict(headers)),
)
def test_an_unclear_length_is_refused(headers):
    with pytest.raises(ClientSentNonsense):
        body_length(headers)
