"""The forwarding fields: what a backend is told about the client and its own prefix.

No I/O here. Nothing a client claims about itself passes unless a trusted proxy in front of
us said it.
"""

from __future__ import annotations

from typing import NamedTuple

from .paths import wire_prefix

Fields = list[tuple[str, str]]

_CLAIMS = frozenset(("x-real-ip", "x-scheme", "x-proxycontextpath"))
_ABOUT_PREFIX = frozenset(("x-forwarded-prefix", "x-forwarded-context", "x-proxycontextpath"))
_FILLED_IN = frozenset(
    ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port")
)


class ClientFacts(NamedTuple):
    """Who asks, as the server in front of us sees it.

    `host` is the Host field, "" when there is none. `is_behind_trusted_proxy`: Jupyter
    trusts the forwarding fields of a proxy in front of it (`trust_xheaders`); `remote_ip`
    and `scheme` come from these then.
    """

    remote_ip: str
    scheme: str
    host: str
    is_behind_trusted_proxy: bool = False


def is_claim(key: str) -> bool:
    """Whether a field of this lower-case name says who asks; CGI and WSGI applications read
    a "_" in names as "-"."""
    name = key.replace("_", "-")
    return name.startswith("x-forwarded") or name in _CLAIMS


def take_claim(field: tuple[str, str], kept: Fields, claims: dict[str, str]) -> None:
    """Believe what a trusted proxy in front of us says, but for the prefix: that is ours.

    What `client_fields` completes goes into `claims`, all else into `kept`.
    """
    name, value = field
    key = name.lower()
    if key in _FILLED_IN:
        claims[key] = f"{claims[key]}, {value}" if key in claims else value
    elif "_" not in key and key not in _ABOUT_PREFIX:
        kept.append(field)


def client_fields(client: ClientFacts, claims: dict[str, str]) -> Fields:
    """The X-Forwarded fields about the client; `claims` are those of a trusted proxy."""
    scheme = claims.get("x-forwarded-proto") or client.scheme
    host = claims.get("x-forwarded-host") or client.host
    port = claims.get("x-forwarded-port") or _port(host, scheme)
    route = _route(claims.get("x-forwarded-for", ""), client.remote_ip)
    fields = [
        ("X-Forwarded-For", route),
        ("X-Forwarded-Proto", scheme),
        ("X-Forwarded-Host", host),
        ("X-Forwarded-Port", port),
    ]
    return fields if route and host else [field for field in fields if field[1]]


def _route(route: str, remote_ip: str) -> str:
    """`route` with `remote_ip` appended; Tornado reads `remote_ip` from the end of that very
    list when it trusts it, and then it is there already."""
    if not route or not remote_ip:
        return route or remote_ip
    return route if route.rpartition(",")[2].strip() == remote_ip else f"{route}, {remote_ip}"


def _port(host: str, scheme: str) -> str:
    """The port that a Host field names, or else the default one of `scheme`."""
    port = host.rpartition(":")[2] if ":" in host else ""
    if port.isdigit():
        return port
    return "443" if scheme.lower() in ("https", "wss") else "80"


def prefix_fields(prefix: str) -> Fields:
    """How applications learn their prefix; the names are spelled as 4.6 sends them."""
    value = prefix if prefix.isascii() and prefix.isprintable() else wire_prefix(prefix)
    return [
        ("X-Forwarded-Prefix", value),
        ("X-Forwarded-Context", value),
        ("X-Proxycontextpath", value),
    ]
