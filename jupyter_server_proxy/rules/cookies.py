"""Cookies in both directions: Jupyter's never reach a backend, and a backend's never leave
its prefix (RFC 6265). No I/O here; values are never looked into nor rewritten."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .credentials import Credentials
from .paths import below, wire_prefix

# RFC 6265bis section 5.6 step 1: user agents ignore the whole header then; a tab is allowed.
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# Browsers send a nameless cookie as its bare value, so "=_xsrf=x" would come back as "_xsrf=x";
# Tornado strips the latin-1 spaces too when it reads names.
_BEFORE_NAME = "= \t\x85\xa0"
_DOTS = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CookieScope:
    """Where a backend's cookies may live.

    `prefix`: of its URLs. `own_host`: the host that the client asked for, without port.
    `refused`: whose cookie names cannot be set. `absolute`: the backend knows the prefix
    and writes it itself (`absolute_url`).
    """

    prefix: str
    own_host: str
    refused: Credentials
    absolute: bool = False


def drop_cookies(header: str, hidden: Credentials) -> str | None:
    """A Cookie header without the `hidden` cookies, the others byte for byte.

    The same object when nothing was dropped, None when nothing is left.
    """
    pieces = header.split(";")
    is_secret = hidden.is_secret_cookie
    kept = [piece for piece in pieces if not is_secret(piece.partition("=")[0].strip())]
    if len(kept) == len(pieces):
        return header
    left = ";".join(kept).strip(" \t")
    return left if left.strip("; \t") else None


def confine_set_cookie(value: str, scope: CookieScope) -> str | None:
    """A Set-Cookie value that only the backend's own URLs can see, or None to refuse it.

    `Path` is confined to the prefix (a bad one is dropped, which leaves the directory of the
    request), `Domain` is dropped when it covers our own host, all else stays as written.
    """
    pair, *attributes = value.split(";")
    name = pair.lstrip(_BEFORE_NAME).partition("=")[0].strip()
    if _CONTROLS.search(value) or scope.refused.is_secret_cookie(name):
        return None
    pieces = [pair]
    last = {_attribute(piece)[0]: index for index, piece in enumerate(attributes)}
    for index, piece in enumerate(attributes):
        name, text = _attribute(piece)
        if name not in ("path", "domain"):
            pieces.append(piece)
        elif last[name] == index:  # user agents use the last one (RFC 6265 section 5.3)
            pieces += _confined_path(text, scope) if name == "path" else _kept_domain(piece, scope)
    return ";".join(pieces)


def _attribute(piece: str) -> tuple[str, str]:
    name, _, value = piece.partition("=")
    return name.strip().lower(), value.strip()


def _confined_path(path: str, scope: CookieScope) -> list[str]:
    """The Path attribute to send: one or none. A path with dot segments counts as outside."""
    prefix = wire_prefix(scope.prefix)
    if not path.startswith("/") or ";" in prefix:  # RFC 6265 section 5.2.4; "a;b" would end at "a"
        return []
    inside = None if _DOTS.search(path) else below(path, prefix)
    if inside is None:
        inside = "/" if scope.absolute else path
    return [f" Path={prefix}{inside}"]


def _kept_domain(piece: str, scope: CookieScope) -> list[str]:
    """The Domain attribute to send: none when it is empty, our own host or a parent of it."""
    domain = _attribute(piece)[1].removeprefix(".").lower()
    return [] if not domain or _domain_matches(scope.own_host.lower(), domain) else [piece]


def _domain_matches(host: str, domain: str) -> bool:
    """RFC 6265 section 5.1.3: equal, or `host` is a name (not an address) below `domain`."""
    is_address = ":" in host or host.rpartition(".")[2].isdigit()
    return host == domain or (not is_address and host.endswith("." + domain))
