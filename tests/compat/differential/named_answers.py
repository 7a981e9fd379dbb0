"""What is meant to differ in what a client gets."""

from __future__ import annotations

from . import promise
from .corpus_answers import FRAMINGS
from .exchange import Case
from .named import named
from .record import Record, values, without
from .sides import BASE_URL

UNCLEAR = (
    "no answer", "reset", "half a head", "nonsense", "bad length", "two lengths",
    "same length twice",
)  # fmt: skip
BROKEN_OFF = ("early end", "early reset", "early end of chunks", "bad chunk")


def is_one_of(case: Case, kinds: tuple[str, ...]) -> bool:
    return case.answer in [FRAMINGS[kind] for kind in kinds]


def is_rewritten(case: Case) -> bool:
    is_port = case.name.startswith("option ") and case.route.startswith(b"/proxy/")
    return is_port or case.route.startswith(b"/rewrite-")


def is_dead(case: Case) -> bool:
    """Whether nothing listens there."""
    elsewhere = (b"/proxy/127.9.9.9:{main}", b"/proxy/127.0.0.1.example:{main}")
    return b"{dead}" in case.route or case.route in (b"/dead", *elsewhere)


def is_passed(case: Case, record: Record) -> bool:
    return bool(record.seen) and not record.page and not is_rewritten(case)


# --- errors -----------------------------------------------------------------------------------


@named("Statuses of the proxy itself", Case)
def unreachable(case: Case, record: Record) -> None:
    if case.name in ("address port 0", "address port 65536"):
        promise.error(case, 400, "Bad Request", record)
    if is_dead(case) and record.status != 403:
        promise.error(case, 502, "Bad Gateway", record)


@named("Statuses of the proxy itself", Case)
def unclear(case: Case, record: Record) -> None:
    is_folded = b"X-Folded" in case.answer.data
    if is_one_of(case, UNCLEAR) or is_folded:
        promise.error(case, 502, "Bad Gateway", record)
    if is_rewritten(case) and is_one_of(case, BROKEN_OFF) and record.status == 599:
        promise.error(case, 502, "Bad Gateway", record)


@named("A request that nobody heard is sent again", Case)
def sent_again(case: Case, record: Record) -> None:
    # Unix sockets know no reset: what has been read is closed in good order.
    if is_one_of(case, ("reset",)) and case.route != b"/unix":
        record.seen = [*record.seen, *record.seen]


@named("What breaks off is seen to break off", Case)
def broken_off(case: Case, record: Record) -> None:
    if is_one_of(case, BROKEN_OFF) and not is_rewritten(case):
        head = case.answer.data.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        field = tuple(head[1].split(": "))
        seen = record.seen
        promise.take(record, Record(seen, 200, "OK", [field], "''", "cut", activity="yes"))


@named("Only what was answered is activity", Case)
def no_activity(case: Case, record: Record) -> None:
    is_none = case.name in ("address port 0", "address port 65536")
    is_silent = is_one_of(case, UNCLEAR) or b"X-Folded" in case.answer.data
    if is_dead(case) or is_none or is_silent:
        record.activity = "no"


# --- redirects of the proxy itself ------------------------------------------------------------


@named("A slash at the end of an address", Case)
def slash(case: Case, record: Record) -> None:
    is_named = not case.route.startswith(b"/proxy/")
    if case.path.startswith(b"/") or (case.is_absolute and not is_named):
        return
    if case.method in ("GET", "HEAD"):
        if not is_named or case.method == "HEAD":
            address = BASE_URL.rstrip("/") + promise.masked(case.route)
            location = f"{address}/{promise.masked(case.path)}"
            page = Record([], 302, "Found", [("Location", location)], "", page="text/html")
            page.activity = "no"
            promise.take(record, page)
    elif is_named:
        promise.error(case, 405, "Method Not Allowed", record)


@named("The gate", Case)
def gate(case: Case, record: Record) -> None:
    if case.is_anonymous and record.status == 405:
        promise.error(case, 403, "Forbidden", record)


@named("Names of services are literal", Case)
def literal_names(case: Case, record: Record) -> None:
    if case.name == "address dot in name is any character":
        promise.error(case, 404, "Not Found", record)
        record.seen, record.activity = [], "no"


@named("What a callable asks for", Case)
def unknown_argument(case: Case, record: Record) -> None:
    if case.route == b"/rewrite-wants_more":
        promise.error(case, 500, "Internal Server Error", record)
        record.seen, record.activity = [], "no"


@named("One bad service does not stop the others", Case)
def told_why(case: Case, record: Record) -> None:
    if case.route == b"/nowhere" or case.route.startswith(b"/broken-"):
        promise.error(case, 500, "Internal Server Error", record)


# --- status, framing and body -----------------------------------------------------------------


@named("Trailers do no harm", Case)
def trailers(case: Case, record: Record) -> None:
    if case.answer == FRAMINGS["trailers"]:
        promise.take(record, promise.answer(case))


@named("What is an event stream", Case)
def event_stream(case: Case, record: Record) -> None:
    accepts = values(case.fields, "Accept") == ["text/event-stream"]
    if accepts and is_passed(case, record) and record.ending == "complete":
        promised = promise.answer(case)
        record.status, record.reason = promised.status, promised.reason
        record.fields, record.body = promised.fields, promised.body


@named("Nothing is invented", Case)
def no_validator(case: Case, record: Record) -> None:
    if is_passed(case, record) and b"\r\netag:" not in case.answer.data.lower():
        record.fields = without(record.fields, "Etag")
        if case.name == "conditional *":
            promise.take(record, promise.answer(case))
    if is_rewritten(case):
        record.fields = without(record.fields, "Etag")


@named("HEAD keeps its Content-Length", Case)
def head(case: Case, record: Record) -> None:
    if case.method == "HEAD" and is_passed(case, record):
        record.fields = without(record.fields, "Content-Length")
        lengths = values(promise.answer(case).fields, "Content-Length")
        record.fields += [("Content-Length", length) for length in lengths]


@named("Bodies are streamed", Case)
def streamed_answer(case: Case, record: Record) -> None:
    if is_passed(case, record) and record.ending == "complete" and case.version == "1.1":
        framing = ("Content-Length", "Transfer-Encoding")
        record.fields = without(record.fields, *framing)
        promised = promise.answer(case).fields
        record.fields += [(n, v) for name in framing for n, v in promised if n == name]


@named("Status and reason as sent", Case)
def reason(case: Case, record: Record) -> None:
    if is_passed(case, record) and record.ending == "complete":
        record.reason = promise.answer(case).reason


# --- rewriting --------------------------------------------------------------------------------


@named("What is an event stream", Case)
def rewritten_stream(case: Case, record: Record) -> None:
    if case.name.startswith("rewritten shout stream"):
        record.fields, record.body = [("Content-Length", "5")], "'HELLO'"


@named("rewrite_response may assign a dictionary", Case)
def rewritten_headers(case: Case, record: Record) -> None:
    if case.route == b"/rewrite-new_headers" and record.status == 500:
        promised = promise.answer(case)
        length = str(len(eval(promised.body)))
        fields = [("X-Only", "this"), ("Content-Length", length)]
        record.status, record.reason, record.page = promised.status, promised.reason, ""
        record.fields, record.body = fields, promised.body
