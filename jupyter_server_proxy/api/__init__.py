"""What other programs ask this extension: the REST API, the launchers' list, and icons.

Re-exports the public names; no logic here.
"""

from __future__ import annotations

from .icons import IconHandler
from .servers import ServersInfoHandler

__all__ = ["IconHandler", "ServersInfoHandler"]
