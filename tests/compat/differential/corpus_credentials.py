"""Jupyter's own secrets, with the settings of this package as they are by default."""

from __future__ import annotations

from collections.abc import Iterator

from .corpus_requests import FIELDS, ROUTES
from .exchange import Case

CARRYING = ("cookies", "cookies-odd", "xsrf-cookie", "token", "bearer", "own-authorization")


class CredentialsCase(Case):
    """A case that is run with `forward_credentials` as it is by default."""


def credentials() -> Iterator[CredentialsCase]:
    for name in ("named", "absolute", "unix", "port", "address"):
        for kind in CARRYING:
            fields = FIELDS[kind]
            yield CredentialsCase(f"secret {name} {kind}", ROUTES[name], b"/x", fields=fields)
        path = b"/x?a=1&token={token}&b=2"
        yield CredentialsCase(f"secret {name} query", ROUTES[name], path)
        yield CredentialsCase(f"secret {name} only query", ROUTES[name], b"/x?token={token}")
        yield CredentialsCase(f"secret {name} own token", ROUTES[name], b"/x?token=own")
