"""The answer of `/proxy/PORT` where nothing listens: that, and where something does.

Reading only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tornado import httputil

from ...errors import NothingListens
from .problem import Problem, describe, page, prefers_problem

if TYPE_CHECKING:
    from ...processes.listening import Listening


def describe_dead_port(
    error: NothingListens,
    port: int,
    known: Sequence[Listening] | None,
    *,
    prefix: str,
    request: httputil.HTTPServerRequest,
) -> Problem:
    """The answer in the form this client prefers; `prefix` with a port and a slash is the path
    of another one. Where something listens is left out where nobody has looked, `known` None."""
    ports = None if known is None else [_shown(it, prefix) for it in known if it.port != port]
    if prefers_problem(request.headers.get("Accept"), request.headers.get("Sec-Fetch-Mode")):
        members = {"port": port} if ports is None else {"port": port, "listening": ports}
        return describe(error.status, error, request=request, members=members)
    return page(
        "ports.html",
        status=error.status,
        title=error.title,
        detail=error.message,
        port=port,
        ports=ports,
    )


def _shown(it: Listening, prefix: str) -> dict[str, Any]:
    return {"port": it.port, "pid": it.pid, "program": it.program, "url": f"{prefix}{it.port}/"}
