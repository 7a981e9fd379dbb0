"""Header fields of both directions: what passes, what stops here, what is added. No I/O here.

Runs once per request, so the common case is a dict lookup per field. Framing
(Content-Length and Transfer-Encoding of requests) is the engine's business, not ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from .cookies import confine_set_cookie, drop_cookies
from .credentials import Credentials, is_secret_authorization, strip_query
from .forwarded import ClientFacts, Fields, client_fields, is_claim, prefix_fields, take_claim
from .locations import (
    ResponseRules,
    confine_worker_scope,
    rewrite_link,
    rewrite_location,
    rewrite_refresh,
)
from .paths import split_target

__all__ = [
    "ClientFacts",
    "ResponseRules",
    "connection_options",
    "request_headers",
    "response_headers",
    "rewrite_location",
]

# RFC 9110 section 7.6.1, and RFC 7540 section 3.2.1 for the last one.
_HOP_BY_HOP = (
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "proxy-authorization",
    "proxy-authenticate",
    "proxy-authentication-info",
    "http2-settings",
)
# The engine frames the body anew, and Tornado has answered `Expect: 100-continue` already.
_NOT_TO_BACKEND = frozenset((*_HOP_BY_HOP, "content-length", "expect"))
# The usual Connection fields, which name no other field.
_NAMING_NOTHING = frozenset(("keep-alive", "close", "upgrade", "keep-alive, upgrade"))


def connection_options(values: Iterable[str]) -> frozenset[str]:
    """The options in Connection fields, in lower case (RFC 9110 section 7.6.1)."""
    options = (option.strip() for value in values for option in value.lower().split(","))
    return frozenset(filter(None, options))


def _without(fields: Fields, names: frozenset[str]) -> Fields:
    return [(name, value) for name, value in fields if name.lower() not in names]


# --- requests -----------------------------------------------------------------------------


@dataclass(slots=True)
class _Draft:
    """A request being sorted out: what is `kept`, and what was noted on the way."""

    hidden: Credentials | None
    is_behind_trusted_proxy: bool
    kept: Fields = field(default_factory=list)
    claims: dict[str, str] = field(default_factory=dict)
    connection: list[str] = field(default_factory=list)
    has_host: bool = False


def _stop(_draft: _Draft, _name: str, _value: str) -> None:
    """The field concerns this connection only."""


def _note_connection(draft: _Draft, _name: str, value: str) -> None:
    if value.lower() not in _NAMING_NOTHING:
        draft.connection.append(value)


def _keep_host(draft: _Draft, name: str, value: str) -> None:
    draft.has_host = True
    draft.kept.append((name, value))


def _keep_claim(draft: _Draft, name: str, value: str) -> None:
    if draft.is_behind_trusted_proxy:
        take_claim((name, value), draft.kept, draft.claims)


def _clean_cookie(draft: _Draft, name: str, value: str) -> None:
    passed = value if draft.hidden is None else drop_cookies(value, draft.hidden)
    if passed is not None:
        draft.kept.append((name, passed))


def _clean_authorization(draft: _Draft, name: str, value: str) -> None:
    if draft.hidden is None or not is_secret_authorization(value, draft.hidden):
        draft.kept.append((name, value))


def _clean_referer(draft: _Draft, name: str, value: str) -> None:
    """A page opened as `/name/?token=...` is the referrer of everything that it loads."""
    if draft.hidden is not None:
        path, suffix = split_target(value)
        value = path + strip_query(suffix, draft.hidden)
    draft.kept.append((name, value))


_REQUEST_RULES: dict[str, Callable[[_Draft, str, str], None]] = {
    **dict.fromkeys(_NOT_TO_BACKEND, _stop),
    "connection": _note_connection,
    "host": _keep_host,
    "forwarded": _keep_claim,
    "cookie": _clean_cookie,
    "authorization": _clean_authorization,
    "referer": _clean_referer,
}


def request_headers(
    incoming: Iterable[tuple[str, str]],
    client: ClientFacts,
    *,
    prefix: str | None,
    hidden: Credentials | None,
    overrides: Iterable[tuple[str, str]] = (),
    upgrade: str | None = None,
    default_host: str,
) -> Fields:
    """The fields to send to the backend, the client's own first and in their order.

    `prefix` None (`absolute_url`) leaves out what tells it. `hidden` None forwards Jupyter's
    credentials. `overrides` replace fields of the same name and are the last word, except
    for what concerns the connection itself. `upgrade` asks to switch to that protocol.
    """
    draft = _sorted_out(incoming, _Draft(hidden, client.is_behind_trusted_proxy))
    fields = draft.kept
    if draft.connection:
        fields = _without(fields, connection_options(draft.connection) - {"host"})
    if not draft.has_host:
        fields.insert(0, ("Host", default_host))
    fields += client_fields(client, draft.claims)
    if prefix is not None:
        fields += prefix_fields(prefix)
    if overrides:
        fields = _overridden(fields, overrides)
    if upgrade is not None:
        fields += [("Connection", "Upgrade"), ("Upgrade", upgrade)]
    return fields


def _sorted_out(incoming: Iterable[tuple[str, str]], draft: _Draft) -> _Draft:
    keep = draft.kept.append
    for name, value in incoming:
        key = name.lower()
        rule = _REQUEST_RULES.get(key)
        if rule is not None:
            rule(draft, name, value)
        elif key.startswith("x") and is_claim(key):
            _keep_claim(draft, name, value)
        else:
            keep((name, value))
    return draft


def _overridden(fields: Fields, overrides: Iterable[tuple[str, str]]) -> Fields:
    """`fields` with `overrides` in place of those of the same names; Host stays in front."""
    ours = _without(list(overrides), _NOT_TO_BACKEND)
    kept = _without(fields, frozenset(name.lower() for name, _ in ours))
    return sorted([*kept, *ours], key=lambda header: header[0].lower() != "host")


# --- responses ----------------------------------------------------------------------------

_Rule = Callable[[str, ResponseRules], str | None]


def _unless_absolute(rewrite: Callable[[str, ResponseRules], str]) -> _Rule:
    return lambda value, rules: value if rules.is_absolute else rewrite(value, rules)


# These speak for the whole origin, which is Jupyter's and every other application's too:
# they would wipe its storage, pin its keys, move it to other hosts, or have browsers report
# on it.
_FOR_THE_ORIGIN = (
    "alt-svc",
    "clear-site-data",
    "expect-ct",
    "nel",
    "public-key-pins",
    "public-key-pins-report-only",
    "report-to",
    "set-login",
    "strict-transport-security",
)
_NOT_TO_CLIENT = frozenset((*_HOP_BY_HOP, *_FOR_THE_ORIGIN))
_RESPONSE_RULES: dict[str, _Rule] = {
    "location": _unless_absolute(rewrite_location),
    "content-location": _unless_absolute(rewrite_location),
    "refresh": _unless_absolute(rewrite_refresh),
    "link": _unless_absolute(rewrite_link),
    "set-cookie": lambda value, rules: confine_set_cookie(value, rules.cookies),
    "service-worker-allowed": confine_worker_scope,
}
# What Tornado refuses to send (RFC 9110 section 5.5), CR, LF and NUL among them.
_FORBIDDEN = bytes(code for code in (*range(0x20), 0x7F) if code != ord("\t"))
_UNBUFFERED = ("X-Accel-Buffering", "no")


def response_headers(
    raw: Sequence[tuple[bytes, bytes]], rules: Callable[[], ResponseRules]
) -> Fields:
    """The fields of a backend's answer as the client gets them, in their order.

    Names stay as sent, repeated fields stay repeated, values are read as latin-1. Fields
    with control characters are dropped. Event streams ask proxies in front of us not to
    buffer them. `rules` are only asked for where a field is held to them: few answers have one.
    """
    kept: Fields = []
    connection: list[str] = []
    content_type = b""
    for raw_name, raw_value in _sendable(raw):
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        key = name.lower()
        if key in _NOT_TO_CLIENT:
            if key == "connection" and value.lower() not in _NAMING_NOTHING:
                connection.append(value)
        elif (rule := _RESPONSE_RULES.get(key)) is not None:
            if (passed := rule(value, rules())) is not None:
                kept.append((name, passed))
        elif not key.startswith("x-accel-"):  # orders to nginx in front of us
            kept.append((name, value))
            if key == "content-type":
                content_type = content_type or raw_value
    if connection:
        kept = _without(kept, connection_options(connection))
    if is_event_stream(content_type):
        kept.append(_UNBUFFERED)
    return kept


def is_event_stream(content_type: bytes) -> bool:
    """Whether an answer of this Content-Type is a stream of events, which may never end."""
    return content_type.lower().startswith(b"text/event-stream")


def _sendable(raw: Sequence[tuple[bytes, bytes]]) -> Sequence[tuple[bytes, bytes]]:
    if not _has_forbidden(b"".join([part for header in raw for part in header])):
        return raw
    return [header for header in raw if not _has_forbidden(b"".join(header))]


def _has_forbidden(data: bytes) -> bool:
    return len(data.translate(None, _FORBIDDEN)) != len(data)
