"""How a start page that loads itself again is told from a person who loads it again.

The page's own request has an invitation at the end of its query, which is good for one time. A
reload, a click and a visit by anybody else have none, or one that is used up. Nothing else differs
that every browser would send: neither a script nor a cookie is needed. No I/O here.
"""

from __future__ import annotations

import re

# Short enough to be harmless in an address bar, long enough for nobody else to use it.
KEY = "jupyter-server-proxy-start="
_INVITATION = re.compile(rf"[?&]{KEY}([A-Za-z0-9_-]*)$")


def with_invitation(address: str, invitation: str) -> str:
    """`address` (a path, perhaps with a query) as the page itself asks for it."""
    return f"{address}{'&' if '?' in address else '?'}{KEY}{invitation}"


def without_invitation(address: str) -> tuple[str, str | None]:
    """The address that the application knows, and the invitation; None where there is none."""
    found = _INVITATION.search(address)
    return (address[: found.start()], found[1]) if found else (address, None)
