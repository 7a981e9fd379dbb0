"""What is meant to differ about websockets."""

from __future__ import annotations

from . import promise
from .named import named
from .promise import ABOUT_PREFIX, CLAIMS
from .raw_run import RawCase
from .record import Record, without
from .sides import BASE_URL
from .websockets_run import WebsocketCase

OWN_OF_JUPYTER = (
    "Server", "Content-Security-Policy", "X-Content-Type-Options", "Access-Control-Allow-Origin",
)  # fmt: skip


def prefix(case: WebsocketCase) -> str:
    """Of the address, whose first parts tell where it ends."""
    parts = promise.masked(case.path).partition("?")[0].split("/")
    length = 2 if parts[1] != "proxy" else 4 if parts[2] == "absolute" else 3
    return BASE_URL.rstrip("/") + "/".join(parts[:length]).replace("localhost:", "")


def is_absolute(case: WebsocketCase) -> bool:
    return "absolute" in case.path


def is_tunnel(record: Record) -> bool:
    return record.status == 101


@named("The path arrives as it was sent", WebsocketCase)
def path(case: WebsocketCase, record: Record) -> None:
    for seen in record.seen:
        if "/map-" not in case.path:
            whole = BASE_URL.rstrip("/") + promise.masked(case.path)
            whole = whole.replace("localhost:", "")
            asked = whole if is_absolute(case) else whole.removeprefix(prefix(case))
            seen.line = f"GET {asked}"


@named("What a client claims", WebsocketCase)
def claims(case: WebsocketCase, record: Record) -> None:
    host = next((v for n, v in case.fields if n == "Host"), "127.0.0.1:JUPYTER")
    for seen in record.seen:
        seen.fields = without(seen.fields, *CLAIMS, *ABOUT_PREFIX)
        seen.fields += [
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-Host", host),
            ("X-Forwarded-Port", host.partition(":")[2] or "80"),
        ]


@named("Websockets get the same headers", WebsocketCase)
def prefix_fields(case: WebsocketCase, record: Record) -> None:
    for seen in record.seen:
        if not is_absolute(case):
            seen.fields += [(name, prefix(case)) for name in ABOUT_PREFIX]


@named("Header overrides have the last word", WebsocketCase)
def overrides(case: WebsocketCase, record: Record) -> None:
    for seen in record.seen:
        if case.path.startswith("/headers-prefix/"):
            seen.fields = without(seen.fields, "X-Forwarded-Prefix")
            seen.fields.append(("X-Forwarded-Prefix", ""))


@named("Nothing is invented", WebsocketCase)
def nothing_invented(case: WebsocketCase, record: Record) -> None:
    for seen in record.seen:
        seen.fields = without(seen.fields, "Accept-Encoding")
    if is_tunnel(record):
        # The proxy itself shakes hands where a backend knows nothing of websockets.
        own = OWN_OF_JUPYTER[1:] if isinstance(case, RawCase) else OWN_OF_JUPYTER
        record.fields = without(record.fields, *own)


@named("Extensions are between client and backend", WebsocketCase)
def extensions(case: WebsocketCase, record: Record) -> None:
    for seen in record.seen:
        if not case.compression:
            seen.fields = without(seen.fields, "Sec-Websocket-Extensions")
    if is_tunnel(record) and case.compression:
        accepted = "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"
        record.fields.append(("Sec-WebSocket-Extensions", accepted))


@named("Headers of one connection stop there", WebsocketCase)
def hop_by_hop(case: WebsocketCase, record: Record) -> None:
    for seen in record.seen:
        if case.name.endswith("connection-names"):
            seen.fields = without(seen.fields, "X-Named")


@named("Header names keep their spelling", WebsocketCase)
def spelling(case: WebsocketCase, record: Record) -> None:
    for seen in record.seen:
        seen.fields = [(_spelled(name), value) for name, value in seen.fields]


def _spelled(name: str) -> str:
    return "x-lower-case" if name == "X-Lower-Case" else name


@named("The websocket sub-protocol is the backend's choice", WebsocketCase)
def sub_protocol(case: WebsocketCase, record: Record) -> None:
    if not case.offered or isinstance(case, RawCase):
        return
    name = "Sec-Websocket-Protocol"
    for seen in record.seen:
        seen.fields = [*without(seen.fields, name), (name, ", ".join(case.offered))]
    record.fields = without(record.fields, name)
    if case.chosen:
        record.fields.append(("Sec-WebSocket-Protocol", case.chosen))


REASONS = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 500: "Internal Server Error"}


@named("The backend accepts a websocket, or nobody does", WebsocketCase)
def refused(case: WebsocketCase, record: Record) -> None:
    if case.refusal:
        record.status, record.reason = case.refusal, REASONS[case.refusal]
        record.fields = [("Content-Length", "8"), ("Content-Type", "text/plain; charset=utf-8")]
        record.body, record.facts = r"'refused\n'", []
    elif case.name.startswith("unreachable") and is_tunnel(record):
        refusal = (403, "Forbidden") if "example" in case.path else (502, "Bad Gateway")
        record.status, record.reason = refusal
        record.page, record.fields, record.facts = "text/html", [], []


@named("Only what was answered is activity", WebsocketCase)
def no_activity(case: WebsocketCase, record: Record) -> None:
    if case.name.startswith("unreachable"):
        record.activity = "no"


@named("mappath is for websockets too", WebsocketCase)
def mapped(case: WebsocketCase, record: Record) -> None:
    if "/map-" not in case.path:
        return
    _, service, path = case.path.split("/", 2)
    path, mark, query = ("/" + path).partition("?")
    path = MAPPINGS[service](path)
    more = "?" + query if mark else ""
    for seen in record.seen:
        seen.line = f"GET {path}" + (more.replace("?", "&") if "?" in path else more)


MAPPINGS = {
    "map-dict": lambda path: {"/a": "/b"}.get(path, path),
    "map-call": lambda path: "/else%20where/%C3%A5" + path,
    "map-query": lambda path: path + "?from=mappath",
    "map-lambda": lambda path: path.replace("/x/", "/y/"),
}


@named("Messages of any size", WebsocketCase)
def large(case: WebsocketCase, record: Record) -> None:
    if case.name == "talk 12 MiB":
        size = 12 * 1024 * 1024
        record.facts = [f"backend got bytes of {size}", f"client got bytes of {size}"]


@named("The end of a websocket is passed on", WebsocketCase)
def ends(case: WebsocketCase, record: Record) -> None:
    for who, what, *content in () if isinstance(case, RawCase) else case.steps:
        other = "client" if who == "backend" else "backend"
        if what == "close":
            code, reason = content
            record.facts = [f"{other} got close {code} {reason!r}"]
        elif what == "drop":
            record.facts = [f"{other} got no close"]
