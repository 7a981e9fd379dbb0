"""URLs in response headers: what means the backend comes back under the prefix. No I/O here.

Values are read as browsers read them (WHATWG URL): backslashes are slashes, tabs and line
ends vanish, `%2e` is a dot. So no value, however odd, turns into one that leaves the prefix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .cookies import CookieScope
from .paths import below, wire_prefix

_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_VANISHING = {ord(character): None for character in "\t\r\n"}
_AUTHORITY = re.compile(r"(?:(?:(https?|wss?):)[/\\]{2}|//)[/\\]*([^/\\?#]*)", re.IGNORECASE)
_SLASH = re.compile(r"[/\\]")
_DOTS = re.compile(r"[/\\](?:\.|%2e){1,2}(?:[/\\]|$)", re.IGNORECASE)
_QUERY_OR_FRAGMENT = re.compile(r"[?#]")
_DEFAULT_PORTS = {"http": ("80",), "ws": ("80",), "https": ("443",), "wss": ("443",)}
_ANY_DEFAULT_PORT = ("80", "443")
# HTML, "shared declarative refresh steps": seconds, a separator, "url=" that may be missing.
_REFRESH_HEAD = re.compile(r"\s*[0-9.]+\s*[;,]?\s*(?:url\s*=\s*)?", re.IGNORECASE)
# RFC 8288 section 3. Quoted parameters are matched to be skipped; an unterminated one runs to
# the end, so that matching stays linear.
_LINK_TARGET = re.compile(r'"(?:[^"\\]|\\.?)*(?:"|$)|<([^<>]*)>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class ResponseRules:
    """What the answers of one backend are held to.

    `prefix`: of its URLs. `is_absolute`: it knows the prefix and writes it itself.
    `own_authorities`: lower-case `host:port` and, for default ports, bare `host` forms that
    mean this backend, with the Host that it was sent.
    """

    prefix: str
    is_absolute: bool
    own_authorities: frozenset[str]
    cookies: CookieScope


def rewrite_location(value: str, rules: ResponseRules) -> str:
    """A URL reference as the client must see it.

    Path-absolute ones get the prefix once, full ones (and `//host/...`) that mean the
    backend become path-absolute below the prefix; relative and foreign ones stay as sent.
    """
    text = value.strip(_C0_AND_SPACE).translate(_VANISHING)
    if found := _AUTHORITY.match(text):
        if not _is_own(found[2].lower(), found[1], rules.own_authorities):
            return value
        text = text[found.end() :]
        return _prefixed(text if text[:1] in ("/", "\\") else "/" + text, rules.prefix)
    return _prefixed(text, rules.prefix) if text[:1] in ("/", "\\") else value


def _is_own(authority: str, scheme: str | None, own: frozenset[str]) -> bool:
    """Whether `authority`, its user information aside, is one of `own`."""
    host = authority.rpartition("@")[2]
    if not host or host in own:
        return bool(host)
    ports = _DEFAULT_PORTS[scheme.lower()] if scheme else _ANY_DEFAULT_PORT
    name, colon, port = host.rpartition(":")
    if colon and not port.endswith("]"):
        return port in ("", *ports) and name in own
    return any(f"{host}:{port}" in own for port in ports)


def _prefixed(text: str, prefix: str) -> str:
    """`text`, which starts with a slash of either kind and is a path, below `prefix`."""
    mark = _QUERY_OR_FRAGMENT.search(text)
    end = mark.start() if mark else len(text)
    path, prefix = "/" + text[1:end], wire_prefix(prefix)
    if _DOTS.search(path):
        path = _without_dots(path)
    inside = below(path, prefix)
    path = path if inside is None else inside
    if not prefix and path[1:2] in ("/", "\\"):
        prefix = "/."  # else "//x" would name a host (RFC 3986 section 3.3)
    return prefix + path + text[end:]


def _without_dots(path: str) -> str:
    """`path` with its dot segments resolved (RFC 3986 section 5.2.4)."""
    kept: list[str] = []
    plain = ""
    for segment in _SLASH.split(path)[1:]:
        plain = segment.lower().replace("%2e", ".")
        if plain == "..":
            del kept[-1:]
        elif plain != ".":
            kept.append(segment)
    if plain in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def rewrite_refresh(value: str, rules: ResponseRules) -> str:
    """A Refresh value ("5; url=/x", the URL quoted or not) with its URL rewritten."""
    head = _REFRESH_HEAD.match(value)
    if head is None:
        return value
    start, quote = head.end(), value[head.end() : head.end() + 1]
    if quote not in ("'", '"'):
        return value[:start] + rewrite_location(value[start:], rules)
    url, mark, rest = value[start + 1 :].partition(quote)
    return value[: start + 1] + rewrite_location(url, rules) + mark + rest


def rewrite_link(value: str, rules: ResponseRules) -> str:
    """A Link value with each `<target>` rewritten; parameters stay as sent."""

    def target(found: re.Match[str]) -> str:
        url: str | None = found[1]
        return found[0] if url is None else f"<{rewrite_location(url, rules)}>"

    return _LINK_TARGET.sub(target, value)


def confine_worker_scope(value: str, rules: ResponseRules) -> str | None:
    """A Service-Worker-Allowed value that lies below the prefix, or None.

    A relative one is below its script, which is allowed without any header, or it climbs.
    """
    scope = value.strip(_C0_AND_SPACE).translate(_VANISHING)
    if not rules.is_absolute:
        scope = rewrite_location(scope, rules)
    is_inside = scope.startswith(wire_prefix(rules.prefix) + "/") and not scope.startswith("//")
    return scope if is_inside and not _DOTS.search(scope) else None
