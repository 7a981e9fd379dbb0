"""Where one request goes, and by which names the backend there speaks of itself."""

from __future__ import annotations

from dataclasses import dataclass

from ..rules.targets import Target, UnixTarget, bracketed

LOOPBACK_NAMES = frozenset(("localhost", "127.0.0.1", "::1"))


@dataclass(frozen=True, slots=True)
class Destination:
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

    @property
    def authorities(self) -> tuple[str, ...]:
        """The `host:port` forms by which this backend may speak of itself."""
        if isinstance(self.target, UnixTarget):
            return ("localhost",)
        names = {self.target.host, self.host}
        if names & LOOPBACK_NAMES:
            names |= LOOPBACK_NAMES
        return tuple(f"{bracketed(name)}:{self.target.port}" for name in sorted(names))
