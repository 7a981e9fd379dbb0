"""Where a Jupyter server listens, and what lets us in. No I/O here."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

# What people paste is the address of a page of Jupyter.
_PAGE = re.compile(r"/(?:lab|tree|notebooks|login)(?:/.*)?$")


@dataclass(frozen=True, slots=True)
class Address:
    """`url` is the base URL and ends with a slash. `unix_socket` is used in place of host and
    port where it is set. `pid` is 0 for a server that need not be on this machine."""

    url: str
    token: str = field(default="", repr=False)
    unix_socket: str = ""
    pid: int = 0
    root_dir: str = ""
    ca_file: str = ""
    verify: bool = True

    @property
    def host(self) -> str:
        """The name or number to connect to."""
        return urlsplit(self.url).hostname or "localhost"

    @property
    def port(self) -> int:
        """The port to connect to, the scheme's own when the URL names none."""
        return urlsplit(self.url).port or (443 if self.is_tls else 80)

    @property
    def is_tls(self) -> bool:
        """Whether the server speaks TLS."""
        return self.url.startswith("https:")

    @property
    def netloc(self) -> str:
        """What goes into a Host field."""
        return "localhost" if self.unix_socket else urlsplit(self.url).netloc

    @property
    def origin(self) -> str:
        """What a browser would call the server's origin (RFC 6454, section 6.1)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme, usual = ("https", 443) if self.is_tls else ("http", 80)
        return f"{scheme}://{host}" + ("" if self.port == usual else f":{self.port}")

    @property
    def base_path(self) -> str:
        """The path that every address of this server starts with; ends with a slash."""
        return urlsplit(self.url).path or "/"

    @property
    def is_here(self) -> bool:
        """Whether the server is known to run on this machine, with its files."""
        return bool(self.pid)

    def absolute(self, path: str) -> str:
        """The URL of a `path` that starts at this server's root; Jupyter's own spelling of one on
        a unix socket."""
        if self.unix_socket:
            return f"http+unix://{quote(self.unix_socket, safe='')}{path}"
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}{path}"

    def __str__(self) -> str:
        where = f"{self.unix_socket}, {self.base_path}" if self.unix_socket else self.url
        return f"{where} (pid {self.pid})" if self.pid else where


def from_url(url: str, *, token: str = "", ca_file: str = "", verify: bool = True) -> Address:
    """The server that somebody names, by its base URL or by that of a page with a token in it.

    Raises ValueError for what is no such URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url.partition('?')[0]!r} is no http:// or https:// URL")
    _ = parts.port  # raises ValueError for one that is none
    path = _PAGE.sub("", parts.path).rstrip("/") + "/"
    pasted = parse_qs(parts.query).get("token", [""])[0]
    netloc = parts.netloc.rpartition("@")[2]
    return Address(
        f"{parts.scheme}://{netloc}{path}", token or pasted, ca_file=ca_file, verify=verify
    )


def from_info(info: Mapping[str, Any]) -> Address:
    """The server that a `jpserver-PID.json` file tells of. Raises KeyError or ValueError."""
    base_url = str(info["base_url"])
    socket = str(info.get("sock") or "")
    if socket:
        url = "http://localhost" + base_url
    else:
        parts = urlsplit(str(info["url"]))
        url = f"{parts.scheme}://{parts.netloc}{base_url}"
    address = Address(
        url.rstrip("/") + "/",
        str(info.get("token") or ""),
        unix_socket=socket,
        pid=int(info["pid"]),
        root_dir=str(info.get("root_dir") or ""),
    )
    # Certificates are not made out for loopback addresses, where nobody is in between.
    return replace(address, verify=False) if is_loopback(address.host) else address


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine and nothing else."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
