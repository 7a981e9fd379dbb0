"""What kind of request this is, and what that means for a service that is not ready.

Fetch Metadata (W3C) says it best. Browsers leave it out over plain HTTP to another machine, and
programs never send it, so there is a second best sign for everything. No I/O here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Kind(Enum):
    """Who asks, as far as can be seen."""

    VISIT = "a person opens a page and can read another one instead"
    CALL = "a program asks, or a person sends a form: whoever it is can wait"
    RESOURCE = "a page that is open already asks for something, perhaps long forgotten"
    GUESS = "a browser fetches what a person may open next"


# What a page is shown in. Objects and embeds are parts of another page.
_PAGES = frozenset((None, "", "document", "iframe", "frame", "fencedframe"))


def kind_of(method: str, fields: Mapping[str, str], *, is_upgrade: bool) -> Kind:
    """The kind of a request of this method with these header fields, which are looked up by
    their names in whatever case."""
    if _is_guess(fields):
        return Kind.GUESS
    if is_upgrade:
        return Kind.RESOURCE if _is_from_a_page(fields) else Kind.CALL
    if not is_navigation(fields):
        return Kind.RESOURCE if _is_from_a_page(fields) else Kind.CALL
    if fields.get("Sec-Fetch-Dest") not in _PAGES:
        return Kind.RESOURCE
    accepts_page = "text/html" in fields.get("Accept", "")
    return Kind.VISIT if method == "GET" and accepts_page else Kind.CALL


def is_navigation(fields: Mapping[str, str]) -> bool:
    """Whether a person navigates here, as opposed to a page fetching something."""
    mode = fields.get("Sec-Fetch-Mode")
    if mode is None:
        return fields.get("Upgrade-Insecure-Requests") == "1"
    return mode == "navigate"


def may_wake(kind: Kind, *, is_asleep: bool) -> bool:
    """Whether such a request starts a service that has no process; `is_asleep` when a person or
    the idle rule has stopped it, rather than that it never ran or ended by itself."""
    match kind:
        case Kind.VISIT | Kind.CALL:
            return True
        case Kind.RESOURCE:
            return not is_asleep
    return False


def _is_guess(fields: Mapping[str, str]) -> bool:
    purpose = fields.get("Sec-Purpose") or fields.get("Purpose") or fields.get("X-Moz") or ""
    return purpose.startswith("prefetch")


def _is_from_a_page(fields: Mapping[str, str]) -> bool:
    return any(name in fields for name in ("Sec-Fetch-Mode", "Origin", "Referer"))
