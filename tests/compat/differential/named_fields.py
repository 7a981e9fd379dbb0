"""What is meant to differ in the header fields that a client gets."""

from __future__ import annotations

from . import promise
from .corpus_answers import LOCATIONS
from .exchange import Case
from .named import named
from .named_answers import is_passed, is_rewritten
from .promise import HOP_BY_HOP
from .record import Record, values, without

FOR_THE_ORIGIN = ("Clear-Site-Data", "Strict-Transport-Security", "Alt-Svc", "Report-To", "Nel")


@named("Headers of one connection stop there", Case)
def answered_hop_by_hop(case: Case, record: Record) -> None:
    if is_passed(case, record):
        dropped = [name for name in HOP_BY_HOP if name != "Transfer-Encoding"]
        also = ("X-Named",) if b"Connection: X-Named" in case.answer.data else ()
        record.fields = without(record.fields, *dropped, *also)


@named("A client that closes is told so", Case)
def close(case: Case, record: Record) -> None:
    if values(case.fields, "Connection") == ["close"] and is_passed(case, record):
        record.fields.append(("Connection", "close"))


@named("Headers that speak for the whole origin", Case)
def whole_origin(case: Case, record: Record) -> None:
    if is_passed(case, record):
        record.fields = without(record.fields, *FOR_THE_ORIGIN)
        record.fields = [f for f in record.fields if not f[0].lower().startswith("x-accel-")]
        _worker(case, record)


def _worker(case: Case, record: Record) -> None:
    scopes = values(record.fields, "Service-Worker-Allowed")
    record.fields = without(record.fields, "Service-Worker-Allowed")
    if not case.is_absolute:
        inside = [("Service-Worker-Allowed", promise.prefix(case) + scope) for scope in scopes]
        record.fields += inside


@named("Event streams are not held up by proxies in front", Case)
def unbuffered(case: Case, record: Record) -> None:
    if is_passed(case, record) and "text/event-stream" in values(record.fields, "Content-Type"):
        record.fields.append(("X-Accel-Buffering", "no"))


LOCATION_FIELDS = ("location", "content-location", "refresh", "link")
KEPT_BELOW = {
    "own address": "/x?y",
    "own name": "/x",
    "as sent in Host": "/x",
    "prefixed in full": "/user/ann/named/x",
    "prefixed": "/user/ann/named/x",
    "dots": "/b",
}


@named("URLs in headers stay below the prefix", Case)
def locations(case: Case, record: Record) -> None:
    if record.page or case.is_absolute or not record.seen:
        return
    for number, (name, value) in enumerate(record.fields):
        if name.lower() in LOCATION_FIELDS:
            record.fields[number] = (name, _below(case, name.lower(), value))


def _below(case: Case, name: str, value: str) -> str:
    prefix = promise.prefix(case)
    if name == "refresh":
        return value.replace("url=/", f"url={prefix}/")
    if name == "link":
        return value.replace("</", f"<{prefix}/")
    kind = next((k for k in KEPT_BELOW if LOCATIONS[k] in _sent_location(case)), None)
    if kind is None:
        return value if value.startswith(prefix) or value != "/x" else prefix + value
    if case.route == b"/unix" and kind in ("own address", "own name"):
        return value  # it has no address of its own
    path = KEPT_BELOW[kind]
    return path if path.startswith(prefix) else prefix + path


def _sent_location(case: Case) -> list[bytes]:
    lines = case.answer.data.split(b"\r\n")
    return [line.partition(b": ")[2] for line in lines if line.lower().startswith(b"location: ")]


CONFINED = {  # what of a cookie's path is kept below the prefix
    "a=1; Path=/": "a=1; Path={prefix}/",
    "a=1; Path=/x": "a=1; Path={prefix}/x",
    "a=1; Path=/user/ann/named/": "a=1; Path={prefix}/user/ann/named/",
    "a=1; Path=/user/ann": "a=1; Path={prefix}/user/ann",
    "a=1; Max-Age=0; path=/x": "a=1; Max-Age=0; Path={prefix}/x",
    "a=1; Domain=127.0.0.1": "a=1",
    "b=2; Path=/": "b=2; Path={prefix}/",
    "_xsrf=own; Path=/": None,
    "username=LOGIN; Path=/": None,
}


@named("Cookies of a backend", Case)
def cookies(case: Case, record: Record) -> None:
    fields = []
    for name, value in record.fields:
        confined = value
        if name.lower() == "set-cookie" and value in CONFINED and not record.page:
            confined = _confined(case, CONFINED[value])
        if confined is not None:
            fields.append((name, confined))
    record.fields = fields


def _confined(case: Case, pattern: str | None) -> str | None:
    if pattern is None:
        return None
    prefix = promise.prefix(case)
    found = pattern.format(prefix=prefix)
    if f"Path={prefix}{prefix}" in found:  # it was below it already
        return found.replace(prefix * 2, prefix)
    if case.is_absolute and "Path=" in pattern:
        return found[: found.index("Path=")] + f"Path={prefix}/"
    return found


@named("Header names keep their spelling", Case)
def spelling(case: Case, record: Record) -> None:
    if record.page or not record.seen:
        return
    sent = [line.partition(b":")[0].decode("latin-1") for line in case.answer.data.split(b"\r\n")]
    spelled: dict[str, list[str]] = {}
    for name in sent:
        spelled.setdefault(name.lower(), []).append(name)
    fields = []
    for name, value in record.fields:
        written = spelled.get(name.lower()) or [name]
        fields.append((written.pop(0) if len(written) > 1 else written[0], value))
    if not is_rewritten(case):
        record.fields = fields
