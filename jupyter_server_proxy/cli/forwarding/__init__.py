"""`forward`: a port of this machine that leads to a service, through the authenticated server.

Re-exports the command; no logic here.
"""

from __future__ import annotations

from .command import forward

__all__ = ["forward"]
