"""Kept for packages that give Tornado's HTTP client a unix socket to connect to.

Nothing in this package uses it: `backend` connects to unix sockets itself.
"""

from __future__ import annotations

import socket
from typing import Any

from tornado.netutil import Resolver

__all__ = ["UnixResolver"]


class UnixResolver(Resolver):
    """Resolves every host and port to the unix socket at `socket_path`."""

    socket_path: str

    def initialize(self, socket_path: str) -> None:
        """Remember the path; called by Tornado's `Configurable`."""
        self.socket_path = socket_path

    async def resolve(self, *_args: Any, **_options: Any) -> list[tuple[int, Any]]:
        """Answer the one address there is, whatever was asked."""
        return [(socket.AF_UNIX, self.socket_path)]
