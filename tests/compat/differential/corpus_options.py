"""Raw sockets, and the options of the extension that are not for single services."""

from __future__ import annotations

from collections.abc import Iterator

from .corpus_answers import FRAMINGS, reply
from .corpus_requests import ROUTES
from .exchange import Answer, Case
from .raw_run import RawCase

STREAMS = {
    "binary": [("client", b"hello"), ("backend", b"hello")],
    "text": [("client", "å"), ("backend", b"\xff\x00")],
    "large": [("client", b"x" * 100_000)],
    "closed by client": [("client", b"a"), ("client", None)],
    "closed by backend": [("backend", b"a"), ("backend", None)],
}


def raws() -> Iterator[RawCase]:
    for service in ("raw", "raw-unix"):
        for kind, steps in STREAMS.items():
            yield RawCase(f"stream {service} {kind}", f"/{service}/", steps)
        yield RawCase(f"stream {service} path", f"/{service}/x?y=1")
    for offered in (("binary",), ("binary", "base64")):
        yield RawCase(f"stream offered {offered}", "/raw/", offered=offered)
    yield RawCase("stream anonymous", "/raw/", is_anonymous=True)


def plain_http() -> Iterator[Case]:
    for method in ("GET", "HEAD", "POST"):
        yield Case(f"plain HTTP {method}", b"/raw", b"/x", method)


def options() -> Iterator[Case]:
    """With a callable `host_allowlist` and `non_service_rewrite_response`."""
    hosts = (b"127.0.0.1", b"127.9.9.9", b"localhost", b"10.0.0.1", b"127.0.0.1.example")
    for host in hosts:
        yield Case(f"option host {host.decode()}", b"/proxy/%b:{main}" % host, b"/x")
        yield Case(f"option dead {host.decode()}", b"/proxy/%b:{dead}" % host, b"/x")
    answers = {
        "hello": Answer(reply(200, reason=b"OK")),
        "chunked": FRAMINGS["chunked"],
        "redirect": Answer(reply(302, b"Location: /y\r\n", b"", b"Found")),
    }
    for name in ("port", "port-absolute", "address", "named"):
        for kind, answer in answers.items():
            yield Case(f"option {name} {kind}", ROUTES[name], b"/a%20b?c=d", answer=answer)
