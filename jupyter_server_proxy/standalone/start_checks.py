"""What can be known to be wrong before anything is served. It raises, and changes nothing.

Each message names the variable or the option, and what would be right.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from ..errors import StartRefused
from .environment import is_loopback
from .traits import StandaloneTraits

EVERYWHERE = frozenset(("", "0.0.0.0", "::"))  # noqa: S104 - compared with
SCOPES = (
    "JUPYTERHUB_OAUTH_ACCESS_SCOPES",
    "JUPYTERHUB_OAUTH_SCOPES",
    "JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES",
)
WITHOUT_A_HUB = (
    "Let JupyterHub start this server; or ask for a token instead, with --token; "
    "or let everybody in who can connect, with --no-authentication"
)


def check_hub(environ: Mapping[str, str], *, given: Collection[str]) -> None:
    """Raise StartRefused when a login at the Hub cannot work with these variables.

    What options in `given` say, no variable has to.
    """
    missing = [name for name in _required(given) if not environ.get(name)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise StartRefused(
            f"Nobody could log in: {', '.join(missing)} {verb} not set. {WITHOUT_A_HUB}."
        )
    url = urlsplit(environ["JUPYTERHUB_API_URL"])
    if url.scheme not in ("http", "https") or not url.hostname:
        raise StartRefused(
            "JUPYTERHUB_API_URL must be a URL such as http://127.0.0.1:8081/hub/api, "
            f"not {environ['JUPYTERHUB_API_URL']!r}"
        )
    for name in SCOPES:
        _check_scopes(name, environ.get(name, ""))


def check_ports(options: StandaloneTraits) -> None:
    """Raise StartRefused when the application would have to listen where we do."""
    is_same = options.port and options.port == options.server_port
    if is_same and (is_loopback(options.address) or options.address in EVERYWHERE):
        raise StartRefused(
            f"--port and --server-port are both {options.port}: this server listens at --port, "
            "the application at --server-port"
        )


def _required(given: Collection[str]) -> list[str]:
    names = ["JUPYTERHUB_CLIENT_ID", "JUPYTERHUB_API_TOKEN", "JUPYTERHUB_API_URL"]
    if "base_url" not in given:
        names.append("JUPYTERHUB_SERVICE_PREFIX")
    if "port" not in given:
        names.append("JUPYTERHUB_SERVICE_URL")
    return names


def _check_scopes(name: str, text: str) -> None:
    try:
        scopes = json.loads(text or "[]")
    except ValueError:
        scopes = None
    if not (isinstance(scopes, list) and all(isinstance(scope, str) for scope in scopes)):
        raise StartRefused(
            f'{name} must be a list in JSON such as ["access:servers!server=ann/"], '
            "and cannot be read as one"
        )
