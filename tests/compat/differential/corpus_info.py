"""The list of services, and their icons."""

from __future__ import annotations

from collections.abc import Iterator

from .info_run import InfoCase

ICONS = (
    "look", "look-path", "look-png", "look-gz", "look-missing", "look-no-icon", "look-off",
    "look-empty", "named", "nobody", "offered-icon", "", "..%2f..%2fetc%2fpasswd",
)  # fmt: skip


def infos() -> Iterator[InfoCase]:
    for method in ("GET", "HEAD", "POST"):
        yield InfoCase(f"list {method}", b"/server-proxy", b"/servers-info", method)
    yield InfoCase("list anonymous", b"/server-proxy", b"/servers-info", is_anonymous=True)
    for name in ICONS:
        path = b"/icon/" + name.encode()
        yield InfoCase(f"icon {name}", b"/server-proxy", path)
        yield InfoCase(f"icon {name} anonymous", b"/server-proxy", path, is_anonymous=True)
