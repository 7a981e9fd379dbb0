"""What JupyterHub tells the servers it spawns, through environment variables. No I/O here."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..errors import StartRefused
from ..rules.targets import DEFAULT_PORTS

SERVICE_URL = "JUPYTERHUB_SERVICE_URL"
ACTIVITY_INTERVAL = "JUPYTERHUB_ACTIVITY_INTERVAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class HubEnvironment:
    """The variables, read. "" and None stand for those that are not set.

    `server_name` is "" for a user's default server; it is the presence of `api_token` and
    `activity_url` that says whether there is a Hub to report to.
    """

    address: str | None = None
    port: int | None = None
    prefix: str = ""
    user: str = ""
    group: str = ""
    server_name: str = ""
    api_token: str = field(default="", repr=False)
    activity_url: str = ""
    client_id: str = ""
    key_file: str = ""
    cert_file: str = ""
    client_ca: str = ""
    activity_interval: int | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> HubEnvironment:
        """What `environ` says. Raises StartRefused for what is no URL or no number."""
        address, port = _place(environ.get(SERVICE_URL, ""))
        return cls(
            address=address,
            port=port,
            prefix=environ.get("JUPYTERHUB_SERVICE_PREFIX", ""),
            user=environ.get("JUPYTERHUB_USER", ""),
            group=environ.get("JUPYTERHUB_GROUP", ""),
            server_name=environ.get("JUPYTERHUB_SERVER_NAME", ""),
            api_token=environ.get("JUPYTERHUB_API_TOKEN", ""),
            activity_url=environ.get("JUPYTERHUB_ACTIVITY_URL", ""),
            client_id=environ.get("JUPYTERHUB_CLIENT_ID", ""),
            key_file=environ.get("JUPYTERHUB_SSL_KEYFILE", ""),
            cert_file=environ.get("JUPYTERHUB_SSL_CERTFILE", ""),
            client_ca=environ.get("JUPYTERHUB_SSL_CLIENT_CA", ""),
            activity_interval=_seconds(environ.get(ACTIVITY_INTERVAL, "")),
        )

    @property
    def is_present(self) -> bool:
        """Whether a Hub has started this process."""
        return bool(self.api_token)


def _place(text: str) -> tuple[str | None, int | None]:
    """The address and the port of a URL, each None where it names none."""
    if not text:
        return None, None
    try:
        url = urlsplit(text)
        port = url.port if url.port is not None else DEFAULT_PORTS.get(url.scheme)
    except ValueError:
        url, port = urlsplit(""), None
    if url.scheme not in DEFAULT_PORTS or not url.netloc:
        raise StartRefused(
            f"{SERVICE_URL} must be a URL such as http://127.0.0.1:8888/user/ann/, not {text!r}"
        )
    return url.hostname or None, port


def _seconds(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal():
        raise StartRefused(f"{ACTIVITY_INTERVAL} must be a whole number of seconds, not {text!r}")
    return int(text)


def is_loopback(address: str) -> bool:
    """Whether only programs on this machine can connect to `address`."""
    if address.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
