"""Services of all kinds of configuration whose backend is the test's own."""

from __future__ import annotations

from collections.abc import Iterator

from .corpus_answers import FIELDS_OF_ANSWERS, FRAMINGS, reply
from .corpus_requests import FIELDS, PATHS
from .exchange import Answer, Case

MAPPED = ("map-dict", "map-call", "map-lambda", "map-query", "map-relative", "map-absolute")
MAPPED_PATHS = {
    **{kind: PATHS[kind] for kind in ("root", "query", "space", "unicode", "slash-encoded")},
    **{kind: PATHS[kind] for kind in ("double-slash", "empty-query", "question-encoded")},
    "a": b"/a",
    "a with query": b"/a?x=1",
    "x": b"/x/x/1?b",
}
OVERRIDING = (
    "headers", "headers-prefix", "headers-call", "headers-accept", "headers-agent", "headers-unix",
)  # fmt: skip
REWRITING = (
    "shout", "teapot", "own_reason", "same_code_class", "no_cookies", "many_headers",
    "tell_arguments", "request_first", "see_location", "set_location", "empty", "new_headers",
    "fails", "wants_more", "list", "static", "lambda", "absolute",
)  # fmt: skip
REWRITTEN = {
    "hello": Answer(reply(200, reason=b"OK")),
    "chunked": FRAMINGS["chunked"],
    "cookies": Answer(reply(200, b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n", reason=b"OK")),
    "own reason": Answer(reply(200, reason=b"Quite Well")),
    "redirect": Answer(reply(302, b"Location: /x\r\n", b"", b"Found")),
    "missing": Answer(reply(404, FIELDS_OF_ANSWERS["content type"], b"gone", b"Not Found")),
    "early end": FRAMINGS["early end"],
}
OFFERED = (
    "offered", "offered-with_both.marks", "offered-by-class", "offered-icon",
    "offered-unknown-keys", "offered-under-another-name", "offered-name", "broken-call",
    "broken-import", "broken-none", "broken-list", "broken-value", "broken-not-callable",
)  # fmt: skip
QUIET = ("quiet", "asked", "excluded", "named")
POLLS = (b"/", b"/busy", b"/poll", b"/polling/x", b"/a.png", b"/poll?x", b"/a.png?x")


def services() -> Iterator[Case]:
    for name in MAPPED:
        for kind, path in MAPPED_PATHS.items():
            yield Case(f"mapped {name} {kind}", b"/" + name.encode(), path)
        location = Answer(reply(302, b"Location: /x\r\n", b"", b"Found"))
        yield Case(f"mapped {name} location", b"/" + name.encode(), b"/a", answer=location)
    for name in OVERRIDING:
        route = b"/" + name.encode()
        for kind in ("accept", "own-host", "origin", "own-authorization", "agent", "no-agent"):
            yield Case(f"overridden {name} {kind}", route, b"/x", fields=FIELDS[kind])
        yield Case(f"overridden {name} POST", route, b"/x", "POST", body=b"x")
    yield from rewritten()
    for name in QUIET:
        for path in POLLS:
            yield Case(f"activity {name} {path.decode()}", b"/" + name.encode(), path)
    for name in OFFERED:
        yield Case(f"offered {name}", b"/" + name.encode(), b"/x")
        yield Case(f"offered {name} bare", b"/" + name.encode(), b"")
    yield Case("not managed", b"/child-none", b"/x")


def rewritten() -> Iterator[Case]:
    for name in REWRITING:
        route = b"/rewrite-" + name.encode()
        for kind, answer in REWRITTEN.items():
            yield Case(f"rewritten {name} {kind}", route, b"/a%20b?c=d", answer=answer)
        hello = REWRITTEN["hello"]
        yield Case(f"rewritten {name} HEAD", route, b"/x", "HEAD", answer=hello)
        yield Case(f"rewritten {name} POST", route, b"/x", "POST", body=b"x", answer=hello)
    stream = FIELDS["accept-stream"]
    for kind in ("hello", "chunked"):
        name = f"rewritten shout stream {kind}"
        yield Case(name, b"/rewrite-shout", b"/x", fields=stream, answer=REWRITTEN[kind])
