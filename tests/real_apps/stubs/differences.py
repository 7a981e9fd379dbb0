"""What 4.6.0 did with a stub, as this release does it: every difference that is meant, by name.

Each changes the record of 4.6.0 by what the case and that record say, never by what ours did.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from asking import BASE_URL, TALK, Case, Record

# The services that get the whole path.
ABSOLUTE = frozenset({"matlab", "pgadmin", "pgweb"})
_PREFIX_HEADERS = ("x-forwarded-context", "x-forwarded-prefix", "x-proxycontextpath")

_Headers = list[list[str]]


def ours(service: str, case: Case, released: Record) -> Record:
    """What is expected where 4.6.0 did `released`."""
    record = copy.deepcopy(released)
    record.cookies = tuple(cookies_stay_below_the_prefix(service, record.cookies))
    location = the_prefix_is_there_once(service, record.location)
    record.location = own_address_is_below_the_prefix(service, location)
    if record.told is not None:
        headers: _Headers = record.told["headers"]
        for change in (credentials_stay, claims_are_made, nothing_is_invented):
            headers = change(service, case, headers)
        record.told = {
            **record.told,
            "headers": sorted(headers),
            "path": paths_stay_as_sent(case, record.told["path"]),
            "environment": children_are_marked(record.told["environment"]),
        }
    return record


def credentials_stay(service: str, case: Case, headers: _Headers) -> _Headers:
    """Jupyter's token and cookies do not reach the application, its own cookies do."""
    headers = [header for header in headers if header[0] not in {"authorization", "cookie"}]
    return [*headers, ["cookie", "application=1"]]


def claims_are_made(service: str, case: Case, headers: _Headers) -> _Headers:
    """X-Forwarded-* say whom the client asked; those of the prefix go to upgrades too, and a
    package may override any of them."""
    told = {"for": "127.0.0.1", "host": "127.0.0.1:JUPYTER", "port": "JUPYTER", "proto": "http"}
    headers = [header for header in headers if header[0] not in _PREFIX_HEADERS]
    headers += [[f"x-forwarded-{name}", value] for name, value in told.items()]
    if service not in ABSOLUTE:
        headers += [[name, _prefix(service)] for name in _PREFIX_HEADERS]
    if service == "positron":
        headers.remove(["x-forwarded-prefix", _prefix(service)])
        headers.append(["x-forwarded-prefix", ""])
    return headers


def nothing_is_invented(service: str, case: Case, headers: _Headers) -> _Headers:
    """No header that the client has not sent, and those it has sent as they were."""
    invented: list[Callable[[str, str], bool]] = [
        lambda name, value: name == "user-agent" and value.startswith("Tornado/"),
        lambda name, value: (name, value) == ("connection", "close"),
        lambda name, value: name == "content-type",
        lambda name, value: (name, value) == ("accept-encoding", "gzip") and case is TALK,
        lambda name, value: name == "sec-websocket-extensions",
    ]
    as_sent = {"first,second": "first, second"}
    return [
        [name, as_sent.get(value, value)]
        for name, value in headers
        if not any(is_invented(name, value) for is_invented in invented)
    ]


def paths_stay_as_sent(case: Case, path: str) -> str:
    """Escaped slashes stay escaped."""
    return path.replace("/a%20b/c", "/a%20b%2Fc") if case.name == "path" else path


def children_are_marked(environment: dict[str, Any]) -> dict[str, Any]:
    """One variable more, by which what a child leaves behind is found."""
    return {**environment, "JUPYTER_SERVER_PROXY_CHILD": "RANDOM"}


def cookies_stay_below_the_prefix(service: str, cookies: tuple[str, ...]) -> list[str]:
    """An application cannot set cookies for others."""
    return [cookie.replace("Path=/", f"Path={_prefix(service)}/") for cookie in cookies]


def the_prefix_is_there_once(service: str, location: str) -> str:
    """An application that knows its prefix may say it."""
    return location.replace(_prefix(service) * 2, _prefix(service))


def own_address_is_below_the_prefix(service: str, location: str) -> str:
    """A full URL that means the application itself leads to it through the proxy."""
    for own in ("http://127.0.0.1:PLACE", "http://127.0.0.1:JUPYTER", "//127.0.0.1:JUPYTER"):
        if location.startswith(own) and service not in ABSOLUTE:
            path = location.removeprefix(own)
            return path if path.startswith(_prefix(service)) else _prefix(service) + path
    return location


def _prefix(service: str) -> str:
    return f"{BASE_URL}{service}"
