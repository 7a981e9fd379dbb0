"""Where one request goes, and by which names the backend there speaks of itself."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ..rules.targets import Target, UnixTarget, bracketed
from .body import RequestBody

LOOPBACK_NAMES = frozenset(("localhost", "127.0.0.1", "::1"))


class Destination(NamedTuple):
    """`target` is where to connect; `host` and `port` are what the URL or the service said.

    `path` is the decoded path to ask for, as the seams pass it on. `generation` is the
    child's, 0 where there is none.
    """

    target: Target
    host: str
    port: int | str
    path: str
    generation: int = 0

    @property
    def authority(self) -> str:
        """The Host to send where the client sent none."""
        return "localhost" if isinstance(self.target, UnixTarget) else str(self.target)


class Outbound(NamedTuple):
    """The request that a backend is sent. `fields` tell how the body is framed."""

    method: str
    target: str
    fields: list[tuple[str, str]]
    body: RequestBody | None = None


@lru_cache(maxsize=512)
def own_authorities(target: Target, host: str) -> tuple[str, ...]:
    """The `host:port` forms by which a backend asked for as `host` may speak of itself."""
    if isinstance(target, UnixTarget):
        return ("localhost",)
    names = {target.host, host}
    if names & LOOPBACK_NAMES:
        names |= LOOPBACK_NAMES
    return tuple(f"{bracketed(name)}:{target.port}" for name in sorted(names))
