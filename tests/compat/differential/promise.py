"""What a proxy that changes nothing but what it must would make of a case.

Named differences take from it what 4.6.0 does otherwise. It knows nothing of URLs and
cookies in answers.
"""

from __future__ import annotations

from .exchange import Case
from .record import Field, Masks, Record, Seen, values, without
from .sides import BASE_URL

PLAIN = Masks([])
HOP_BY_HOP = (
    "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding",
    "Upgrade", "Proxy-Authorization", "Proxy-Authenticate", "Http2-Settings",
)  # fmt: skip
CLAIMS = (
    "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
    "Forwarded", "X-Real-Ip", "X-Scheme",
)  # fmt: skip
ABOUT_PREFIX = ("X-Forwarded-Prefix", "X-Forwarded-Context", "X-Proxycontextpath")
MASKS = {"{main}": "MAIN", "{dead}": "DEAD", "{jupyter}": "JUPYTER", "{token}": "TOKEN"}
MASKS["{login}"] = "username=LOGIN"


def masked(text: str | bytes) -> str:
    text = text.decode("latin-1") if isinstance(text, bytes) else text
    for word, mask in MASKS.items():
        text = text.replace(word, mask)
    return text


def target(case: Case) -> str:
    """What is asked of the backend: all that stands behind the prefix, or all of it."""
    path = masked(case.path)
    if case.is_absolute:
        return prefix(case) + path
    return path if path.startswith("/") else "/" + path


def prefix(case: Case) -> str:
    """As 4.6.0 has it: the host is not told where it is this machine."""
    route = masked(case.route).replace("localhost:", "", 1)
    return BASE_URL.rstrip("/") + route


def forwarding(case: Case) -> list[Field]:
    host = next((v for n, v in case.fields if n == "Host"), "127.0.0.1:JUPYTER")
    fields = [
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Host", host),
        ("X-Forwarded-Port", host.partition(":")[2] or "80"),
    ]
    if not case.is_absolute:
        fields += [(name, prefix(case)) for name in ABOUT_PREFIX]
    return fields


def request(case: Case) -> Seen:
    sent = [(name.title(), masked(value)) for name, value in case.fields if value]
    fields = without(sent, *HOP_BY_HOP, *CLAIMS, *ABOUT_PREFIX)
    defaults = {"Host": "127.0.0.1:JUPYTER", "User-Agent": "a-client", "Cookie": MASKS["{login}"]}
    given = {name.title() for name, _ in case.fields}
    fields += [(name, value) for name, value in defaults.items() if name not in given]
    body = case.body or b""
    if case.chunks is not None:
        fields.append(("Transfer-Encoding", "chunked"))
        body = b"".join(case.chunks)
    elif case.body is not None:
        fields.append(("Content-Length", str(len(body))))
    line = f"{case.method} {target(case)} HTTP/1.1"
    return Seen(line, fields + forwarding(case), PLAIN.body(body))


def answer(case: Case) -> Record:
    """What the client gets of a clear answer."""
    data = case.answer.data.rpartition(b"HTTP/1.")[2]
    end = b"\r\n" if b"\r\n" in data else b"\n"
    head, _, body = data.partition(end * 2)
    line, *lines = head.decode("latin-1").split(end.decode())
    _, status, reason = line.split(" ", 2)
    pairs = [line.partition(":") for line in lines]
    fields = [(name, masked(value.strip())) for name, _, value in pairs]
    if is_chunked := values(fields, "Transfer-Encoding") == ["chunked"]:
        body = _joined_chunks(body)
    kept = without(fields, *HOP_BY_HOP)
    has_body = case.method != "HEAD" and int(status) not in (204, 304)
    if has_body and (is_chunked or not values(kept, "Content-Length")):
        kept.append(("Transfer-Encoding", "chunked"))
    shown = PLAIN.body(body if has_body else b"")
    return Record([request(case)], int(status), reason, kept, shown, activity="yes")


def _joined_chunks(data: bytes) -> bytes:
    parts = []
    while data:
        size, _, rest = data.partition(b"\r\n")
        if int(size, 16) == 0:
            break
        parts.append(rest[: int(size, 16)])
        data = rest[int(size, 16) + 2 :]
    return b"".join(parts)


def prefers_problem(case: Case) -> bool:
    """Whether an error is told as a problem document rather than as a page."""
    accept = values(case.fields, "Accept")
    return bool(accept) and "text/html" not in accept[0]


def error(case: Case, status: int, reason: str, record: Record) -> None:
    """Make of `record` an error of the proxy itself."""
    record.status, record.reason, record.fields, record.body = status, reason, [], ""
    record.ending = "complete"
    record.page = "application/problem+json" if prefers_problem(case) else "text/html"


def take(record: Record, other: Record) -> None:
    """Make `record` equal to `other`."""
    vars(record).update(vars(other.copy()))
