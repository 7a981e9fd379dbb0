"""What is changed in the heads of messages between a local port and a service. No I/O here.

On the way out the path gets the service's prefix and the request gets our login; on the way back
the prefix goes, and so does every cookie that is not the service's own: Jupyter's would let
whoever uses the local port do anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

Fields = list[tuple[str, str]]

_SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
# Whatever a server, or a proxy in front of it, may take for the end of a segment.
_SEPARATORS = re.compile(r"[/\\;?#]")
_CONTROLS = re.compile(r"[\x00-\x20\x7f]")
_NAMES_OF_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")
# Those that are about one connection, and a login that is replaced.
_DROPPED = frozenset(("connection", "keep-alive", "proxy-connection", "proxy-authorization", "te"))


class Refused(Exception):
    """A request that will not be forwarded."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Route:
    """`prefix` is the path of the service at the server, `origin` and `netloc` are the server's.

    `login` are header fields; `cookie` is for requests that have a login of their own there, "" if
    there is none. `port` is the local one.
    """

    prefix: str
    origin: str
    netloc: str
    port: int
    login: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookie: str = field(default="", repr=False)

    @property
    def local_netlocs(self) -> frozenset[str]:
        """All that a browser may call the local port."""
        bare = _NAMES_OF_THIS_MACHINE if self.port == 80 else ()
        return frozenset((*(f"{name}:{self.port}" for name in _NAMES_OF_THIS_MACHINE), *bare))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A head to send, and whether the connection is to be taken over after it."""

    head: bytes
    is_upgrade: bool


def outgoing(head: bytes, route: Route) -> Outgoing:
    """The request to send for the one that came. Raises Refused."""
    first, fields = _parse(head)
    method, target = _request_line(first)
    _check_who_asks(method, fields, route)
    names = {name.lower() for name, _ in fields}
    is_upgrade = "upgrade" in names and "upgrade" in _values(fields, "connection").lower()
    _check_stays_below(target)
    path = _prefixed(target, route)
    changed = [_changed(name, value, route) for name, value in fields]
    kept = [(n, v) for n, v in changed if n.lower() not in _DROPPED and n.lower() != "host"]
    path, kept = _logged_in(path, kept, route)
    own = [("Host", route.netloc), ("Connection", "Upgrade" if is_upgrade else "close")]
    return Outgoing(_format(f"{method} {path} HTTP/1.1", [*own, *kept]), is_upgrade)


def incoming(head: bytes, route: Route) -> bytes:
    """The answer to give for the one that came."""
    first, fields = _parse(head)
    is_final = status_of(head) >= 200
    kept: Fields = [("Connection", "close")] if is_final else []
    for name, value in fields:
        match name.lower():
            case "set-cookie":
                cookie = _local_cookie(value, route)
                kept += [(name, cookie)] if cookie is not None else []
            case "location":
                kept.append((name, _local_location(value, route)))
            case "connection" | "keep-alive" if is_final:
                pass  # one request is all that a connection is for
            case _:
                kept.append((name, value))
    return _format(first, kept)


def status_of(head: bytes) -> int:
    """The status of an answer. Raises ValueError."""
    return int(head.split(b" ", 2)[1][:3])


# --- reading and writing -----------------------------------------------------------------------


def _parse(head: bytes) -> tuple[str, Fields]:
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    fields: Fields = []
    for line in lines:
        name, mark, value = line.partition(":")
        if not mark or not name or name != name.strip() or "\n" in line or "\r" in line:
            raise Refused(400, "a header line makes no sense")
        fields.append((name, value.strip(" \t")))
    return first, fields


def _request_line(line: str) -> tuple[str, str]:
    parts = line.split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0") or "\n" in line:
        raise Refused(400, "this is no HTTP request")
    return parts[0], parts[1]


def _format(first: str, fields: Iterable[tuple[str, str]]) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in fields)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _values(fields: Fields, wanted: str) -> str:
    return ", ".join(value for name, value in fields if name.lower() == wanted)


# --- on the way out ------------------------------------------------------------------------------


def _check_who_asks(method: str, fields: Fields, route: Route) -> None:
    """Whoever uses the port is let in by our login, so no foreign page may use it: neither under
    a name of its own (DNS rebinding) nor by a form, a script or a websocket of its own."""
    if _values(fields, "host").lower() not in route.local_netlocs:
        raise Refused(403, "the Host of this request is not this machine")
    origin = _values(fields, "origin").lower()
    if origin and origin.partition("://")[2] not in route.local_netlocs:
        raise Refused(403, "a page of another origin may not use this port")
    if method not in _SAFE_METHODS and _values(fields, "sec-fetch-site") == "cross-site":
        raise Refused(403, "a page of another site may not use this port")


def _check_stays_below(target: str) -> None:
    """No server on the way may find another path in this one: our login goes with it."""
    path = unquote(target.partition("?")[0])
    if _CONTROLS.search(target) or not {".", ".."}.isdisjoint(_SEPARATORS.split(path)):
        raise Refused(400, "this path could lead out of the service")


def _prefixed(target: str, route: Route) -> str:
    if not target.startswith("/"):
        raise Refused(400, "only paths are forwarded")
    # Applications that know where they are give out whole paths.
    return target if target.startswith(route.prefix) else route.prefix + target[1:]


def _changed(name: str, value: str, route: Route) -> tuple[str, str]:
    if name.lower() not in ("origin", "referer"):
        return name, value
    scheme, _, rest = value.partition("://")
    netloc, slash, path = rest.partition("/")
    if scheme != "http" or netloc.lower() not in route.local_netlocs:
        return name, value
    return name, route.origin + (_prefixed(slash + path, route) if slash else "")


def _logged_in(path: str, fields: Fields, route: Route) -> tuple[str, Fields]:
    """With our login added; a login that the client has for the application stays its own."""
    authorization = route.login.get("Authorization")
    if authorization is not None:
        if _values(fields, "authorization"):
            if route.cookie:
                return path, _with_cookie(fields, route.cookie)
            mark = "&" if "?" in path else "?"
            token = quote(authorization.partition(" ")[2], safe="")
            return f"{path}{mark}token={token}", fields
        return path, [*fields, ("Authorization", authorization)]
    return path, _with_cookie(fields, route.login.get("Cookie", ""))


def _with_cookie(fields: Fields, ours: str) -> Fields:
    cookies = [value for name, value in fields if name.lower() == "cookie"]
    others = [(name, value) for name, value in fields if name.lower() != "cookie"]
    # Ours come last: of two cookies of a name, servers take the last one.
    joined = "; ".join(filter(None, [*cookies, ours]))
    return [*others, ("Cookie", joined)] if joined else others


# --- on the way back ----------------------------------------------------------------------------


def _local_cookie(value: str, route: Route) -> str | None:
    """The cookie as one of the local port; None when it is not of the service."""
    pair, *attributes = value.split(";")
    kept = [pair]
    for attribute in attributes:
        name, _, text = attribute.partition("=")
        if name.strip().lower() == "path":
            path = _without_prefix(text.strip() + "/", route)
            if path is None:
                return None
            attribute = f" Path={path.rstrip('/') or '/'}"  # noqa: PLW2901
        kept.append(attribute)
    return ";".join(kept)


def _local_location(value: str, route: Route) -> str:
    path = value.removeprefix(route.origin)
    if not path.startswith("/"):
        return value
    return _without_prefix(path, route) or value


def _without_prefix(path: str, route: Route) -> str | None:
    return "/" + path[len(route.prefix) :].lstrip("/") if path.startswith(route.prefix) else None
