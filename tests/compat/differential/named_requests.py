"""What is meant to differ in what a backend sees."""

from __future__ import annotations

from . import promise
from .corpus_services import MAPPED
from .exchange import Case
from .named import named
from .promise import ABOUT_PREFIX, CLAIMS, HOP_BY_HOP
from .record import Record, values, without

BODIES_IN_RELEASED = ("POST", "PUT", "PATCH")
# No mappath of the configuration changes these, but for the two that change every path.
UNMAPPED = (b"/a%2Fb", b"/a%3Fb")
MAPPING_ALL = (b"/map-call", b"/map-query")
METHODS_IN_RELEASED = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


def is_mapped(case: Case) -> bool:
    return case.route.decode().strip("/") in MAPPED


def is_known(case: Case) -> bool:
    """Whether a backend is there and the client may ask it."""
    return not case.is_anonymous and not case.name.startswith("address ")


# --- what 4.6.0 does not pass on --------------------------------------------------------------


@named("Every method and every body", Case)
def every_method(case: Case, record: Record) -> None:
    has_body = bool(case.body or case.chunks)
    is_refused = (
        case.method not in METHODS_IN_RELEASED
        or (has_body and case.method not in BODIES_IN_RELEASED)
        or (not has_body and case.method == "PATCH")
    )
    if is_refused and is_known(case) and record.page:
        promise.take(record, promise.answer(case))


@named("The path arrives as it was sent", Case)
def not_utf_8(case: Case, record: Record) -> None:
    if b"%E5x" in case.path and record.status == 400:
        promise.take(record, promise.answer(case))


@named("Hosts in every spelling", Case)
def spelled_hosts(case: Case, record: Record) -> None:
    if case.name in ("address host in capitals", "address host with dot"):
        promise.take(record, promise.answer(case))
    if case.name == "address ipv6":  # not in the allowlist, but an address
        promise.error(case, 403, "Forbidden", record)


@named("A package may say the name", Case)
def offered_name(case: Case, record: Record) -> None:
    if case.route == b"/offered-under-another-name":
        promise.take(record, promise.answer(case))
        if not case.path:
            location = ("Location", f"{promise.prefix(case)}/")
            promise.take(record, Record([], 302, "Found", [location], page="text/html"))
            record.activity = "no"


# --- the request line -------------------------------------------------------------------------


@named("A fragment sent to the server", Case)
def fragment(case: Case, record: Record) -> None:
    for seen in record.seen:
        if b"#" in case.path:
            seen.line = f"{case.method} {promise.target(case)} HTTP/1.1"


@named("The path arrives as it was sent", Case)
def path(case: Case, record: Record) -> None:
    for seen in record.seen:
        if not is_mapped(case) and not (case.name.startswith("path") and b"#" in case.path):
            seen.line = f"{case.method} {promise.target(case)} HTTP/1.1"


# --- header fields ------------------------------------------------------------------------------


@named("What a client claims", Case)
def claims(case: Case, record: Record) -> None:
    for seen in record.seen:
        seen.fields = without(seen.fields, *CLAIMS)
        if case.is_absolute:
            seen.fields = without(seen.fields, *ABOUT_PREFIX)
        seen.fields += promise.forwarding(case)[:4]


@named("Connections to the backend are kept", Case)
def kept_connections(case: Case, record: Record) -> None:
    for seen in record.seen:
        seen.fields = [field for field in seen.fields if field != ("Connection", "close")]


@named("Nothing is invented", Case)
def nothing_invented(case: Case, record: Record) -> None:
    sent = {name.title() for name, value in case.fields if value}
    for seen in record.seen:
        agents = values(seen.fields, "User-Agent")
        if agents and agents[0].startswith("Tornado/"):
            seen.fields = without(seen.fields, "User-Agent")
        if "Content-Type" not in sent:
            seen.fields = without(seen.fields, "Content-Type")
        if case.body is None and case.chunks is None:
            seen.fields = without(seen.fields, "Content-Length")


@named("Bodies are streamed", Case)
def streamed_request(case: Case, record: Record) -> None:
    for seen in record.seen:
        if case.chunks is not None:
            seen.fields = without(seen.fields, "Content-Length", "Transfer-Encoding")
            seen.fields.append(("Transfer-Encoding", "chunked"))


@named("Headers of one connection stop there", Case)
def hop_by_hop(case: Case, record: Record) -> None:
    named_fields = ("X-Named",) if case.name.endswith("connection-names") else ()
    for seen in record.seen:
        dropped = [name for name in HOP_BY_HOP if name != "Transfer-Encoding"]
        seen.fields = without(seen.fields, *dropped, *named_fields)


@named("Header overrides have the last word", Case)
def overrides(case: Case, record: Record) -> None:
    if case.route == b"/headers-prefix":
        for seen in record.seen:
            seen.fields = without(seen.fields, "X-Forwarded-Prefix")
            seen.fields.append(("X-Forwarded-Prefix", ""))


@named("Header names keep their spelling", Case)
def spelled_overrides(case: Case, record: Record) -> None:
    spelled = {
        b"/headers": ("X-Lower-Case", "x-lower-case"),
        b"/headers-agent": ("User-Agent", "user-agent"),
    }
    if found := spelled.get(case.route):
        for seen in record.seen:
            seen.fields = [(found[1] if n == found[0] else n, v) for n, v in seen.fields]


@named("The path arrives as it was sent", Case)
def mapped_path(case: Case, record: Record) -> None:
    for seen in record.seen:
        if is_mapped(case) and case.path in UNMAPPED and case.route not in MAPPING_ALL:
            seen.line = f"{case.method} {promise.target(case)} HTTP/1.1"
        elif is_mapped(case) and case.path.endswith(b"?") and "?" not in seen.line:
            seen.line = seen.line.replace(" HTTP/", "? HTTP/")


@named("A mapped path with a query", Case)
def merged_query(case: Case, record: Record) -> None:
    if case.route == b"/map-query":
        for seen in record.seen:
            mapped, mark, query = seen.line.partition("?from=mappath?")
            seen.line = f"{mapped}?from=mappath&{query}" if mark else seen.line
