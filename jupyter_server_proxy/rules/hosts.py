"""Which hosts and ports a `/proxy/` URL may name. No I/O here, and no name resolution.

Everything is compared in one canonical form, so that no spelling of a host slips past an
allowlist or is refused although it is on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import unquote_to_bytes

from .targets import is_port

# RFC 1123 section 2.1, and the underscore that container and service names have.
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LONGEST_NAME = 253  # RFC 1035 section 2.3.4, without the root's dot
# What resolvers may take for an address: 2130706433, 127.1, 0x7f.1 (WHATWG URL, section 3.5)
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_RIGHT = 'give ports such as 8888, ranges such as "8000-9000", or "none"'


@lru_cache(maxsize=128)  # few: the keys come from clients
def canonical_host(text: str) -> str | None:
    """`text`, percent-encoded or not, in the one form that hosts are compared in.

    A lower-case name without a dot at the end, a dotted IPv4 address, or an IPv6 address
    in its shortest form without brackets. None for anything else: integer and octal
    addresses, zone identifiers, empty labels, other characters.
    """
    try:
        host = unquote_to_bytes(text).decode("ascii").lower()
    except UnicodeError:
        return None
    if ":" in host:
        return _canonical_ipv6(host)
    host = host.removesuffix(".")
    if _ENDS_IN_NUMBER.fullmatch(host):
        return _canonical_ipv4(host)
    return host if len(host) <= _LONGEST_NAME and _NAME.fullmatch(host) else None


def _canonical_ipv4(host: str) -> str | None:
    try:
        return str(IPv4Address(host))
    except ValueError:
        return None


def _canonical_ipv6(host: str) -> str | None:
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if "%" in host:  # a zone names an interface of this machine, not a host
        return None
    try:
        return IPv6Address(host).compressed
    except ValueError:
        return None


def is_allowed(host: str, allowlist: Iterable[str]) -> bool:
    """Whether `host` means the same as an entry; entries that are no hosts never match."""
    canonical = canonical_host(host)
    return canonical is not None and any(canonical == canonical_host(entry) for entry in allowlist)


@dataclass(frozen=True, slots=True)
class PortRanges:
    """The ports that `/proxy/` may reach: inclusive ranges; None means every one."""

    ranges: tuple[tuple[int, int], ...] | None = None

    def allows(self, port: int) -> bool:
        """Whether `port` is a port at all and in a range."""
        if self.ranges is None:
            return is_port(port)
        return any(first <= port <= last for first, last in self.ranges)

    def __str__(self) -> str:
        if self.ranges is None:
            return "all"
        return ", ".join(_shown(first, last) for first, last in self.ranges) or "none"


def _shown(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def parse_ports(spec: str | Iterable[int | str] | None) -> PortRanges:
    """The ranges that an `allowed_ports` value means.

    None is every port, "none" and an empty list are no port at all, otherwise ports and
    "first-last" ranges in a list or one comma-separated string. Raises ValueError, saying
    what is right, for anything else.
    """
    if spec is None:
        return PortRanges()
    if isinstance(spec, str):
        spec = [] if spec.strip().lower() == "none" else spec.split(",")
    return PortRanges(tuple(_parse_range(item) for item in spec))


def _parse_range(item: int | str) -> tuple[int, int]:
    found = None if isinstance(item, bool) else _RANGE.fullmatch(str(item).replace(" ", ""))
    if found is None:
        raise ValueError(f"{item!r} is no port or range of ports; {_RIGHT}")
    first, last = int(found[1]), int(found[2] or found[1])
    if not (is_port(first) and is_port(last) and first <= last):
        raise ValueError(f"{item!r} does not go from low to high within 1-65535; {_RIGHT}")
    return first, last
