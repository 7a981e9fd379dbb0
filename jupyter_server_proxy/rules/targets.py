"""Where a backend listens. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """How to speak TLS to a backend. Paths are files in PEM format.

    `ca_file` None means the system's trust store; `verify` False accepts any certificate
    and is only ever set because a person said so; `server_name` overrides the name that
    is sent (SNI) and checked.
    """

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    verify: bool = True
    server_name: str | None = None


@dataclass(frozen=True, slots=True)
class TcpTarget:
    """A backend on a TCP port; `host` is a name or an address literal without brackets."""

    host: str
    port: int
    tls: TlsOptions | None = None

    def __str__(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixTarget:
    """A backend on a unix socket at `path`."""

    path: str
    tls: TlsOptions | None = None

    def __str__(self) -> str:
        return f"unix:{self.path}"


Target = TcpTarget | UnixTarget

DEFAULT_PORTS = {"http": 80, "https": 443}


def bracketed(host: str) -> str:
    """`host` as it stands in an authority: IPv6 literals in brackets (RFC 3986 section 3.2.2)."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def is_port(number: int) -> bool:
    """Whether `number` can be connected to: 1 to 65535."""
    return 1 <= number <= 65535


def parse_backend_url(url: str, tls: TlsOptions) -> TcpTarget:
    """The target that a `backend_url` such as `https://10.0.0.5:8443` means.

    `tls` is used for https only. Raises ValueError, saying what is wrong, for another
    scheme, a missing host, a bad port, or anything after the authority but a slash.
    """
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError(f"{url!r} must start with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("credentials do not belong in a backend_url; use request_headers_override")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"{url!r} must end after the port; use mappath to change paths")
    if not parts.hostname:
        raise ValueError(f"{url!r} names no host")
    port = parts.port if parts.port is not None else DEFAULT_PORTS[parts.scheme]
    if not is_port(port):
        raise ValueError(f"{url!r} names a port that is not between 1 and 65535")
    return TcpTarget(parts.hostname, port, tls if parts.scheme == "https" else None)
