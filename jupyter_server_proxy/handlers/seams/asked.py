"""What an overridden method asks to be sent, in Tornado's words, as a request of the engine.

The fields that a client sent and that came back unchanged stay the client's: rules for them
apply. Those that somebody else's code has set are the last word. No I/O here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from tornado import httpclient, httputil

Fields = list[tuple[str, str]]

HTTP_PORT = 80
_HANDSHAKE = ("Sec-WebSocket-Key", "Sec-WebSocket-Version")

# Jupyter's own cookies are taken out of this one also where other cookies were added to it.
_ALWAYS_THE_CLIENTS = frozenset(("cookie",))

# What Tornado's client does and a proxy of bytes does not.
_ONLY_TORNADO = (
    "auth_username",
    "body_producer",
    "header_callback",
    "network_interface",
    "prepare_curl_callback",
    "proxy_host",
    "streaming_callback",
)


@dataclass(frozen=True, slots=True)
class AskedFields:
    """`kept` are fields of the client, `replaced` those that somebody else has set."""

    kept: Fields
    replaced: Fields


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to send as it is. Durations are seconds, 0 means no limit."""

    method: str
    host: str
    port: int
    target: str
    fields: AskedFields
    body: bytes | None
    connect_timeout: float
    silence_timeout: float


def read_request(request: httpclient.HTTPRequest, client: httputil.HTTPHeaders) -> Asked:
    """`request`, in which fields equal to those of `client` are the client's own.

    Raises ValueError for a URL with a port that cannot be.
    """
    parts = urlsplit(request.url)
    return Asked(
        method=request.method,
        host=parts.hostname or "",
        port=HTTP_PORT if parts.port is None else parts.port,
        target=target_of(request.url),
        fields=sort_fields(request.headers, client),
        body=as_bytes(request.body),
        connect_timeout=request.connect_timeout or 0.0,
        silence_timeout=request.request_timeout or 0.0,
    )


def target_of(url: str) -> str:
    """The path and query of `url`, byte for byte."""
    after_authority = url.partition("://")[2]
    path, mark, query = after_authority.partition("?")
    _, slash, rest = path.partition("/")
    return f"/{rest}{mark}{query}" if slash else f"/{mark}{query}"


def sort_fields(asked: Mapping[str, str], client: httputil.HTTPHeaders) -> AskedFields:
    """Tell the client's own fields in `asked` from those that were set."""
    asked = asked if isinstance(asked, httputil.HTTPHeaders) else httputil.HTTPHeaders(asked)
    kept: Fields = []
    replaced: Fields = []
    for name in asked:
        values = asked.get_list(name)
        is_clients = values == client.get_list(name) or name.lower() in _ALWAYS_THE_CLIENTS
        (kept if is_clients else replaced).extend((name, value) for value in values)
    return AskedFields(kept, replaced)


def needs_tornado(request: httpclient.HTTPRequest) -> bool:
    """Whether `request` asks for what only Tornado's own client can do: follow redirects, go
    through a proxy, speak TLS of its own, or hand the answer to somebody's function."""
    # Tornado follows redirects unless told not to.
    if not request.url.startswith("http://") or request.follow_redirects is not False:
        return True
    return any(getattr(request, option) for option in _ONLY_TORNADO)


def offered_subprotocols(headers: httputil.HTTPHeaders) -> list[str]:
    """What the client offers in Sec-WebSocket-Protocol (RFC 6455 section 11.3.4)."""
    values = ",".join(headers.get_list("Sec-WebSocket-Protocol")).split(",")
    return [value.strip() for value in values if value.strip()]


def with_subprotocols(fields: Iterable[tuple[str, str]], chosen: Iterable[str]) -> Fields:
    """`fields` with `chosen` as their only Sec-WebSocket-Protocol, none where that is empty."""
    name = "Sec-WebSocket-Protocol"
    others = [field for field in fields if field[0].lower() != name.lower()]
    value = ", ".join(chosen)
    return [*others, (name, value)] if value else others


def with_handshake(fields: Fields, client: httputil.HTTPHeaders) -> Fields:
    """`fields` with what no websocket handshake can be without (RFC 6455 section 4.1)."""
    present = {name.lower() for name, _ in fields}
    missing = [name for name in _HANDSHAKE if name.lower() not in present and name in client]
    return fields + [(name, client[name]) for name in missing]


def as_bytes(body: object) -> bytes | None:
    """A request's body, whose text Tornado encodes as UTF-8."""
    return body.encode() if isinstance(body, str) else body  # type: ignore[return-value]
