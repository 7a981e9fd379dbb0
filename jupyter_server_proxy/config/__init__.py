"""The user's words: traitlets for services and for the extension, and where they come from.

Re-exports the public names; no logic here.
"""

from __future__ import annotations

from .compile import compile_service
from .discovery import discover, get_entrypoint_server_processes
from .launcher import LauncherEntry
from .routes import make_handlers
from .server_process import ServerProcess, make_server_process
from .server_proxy import ServerProxy

__all__ = [
    "LauncherEntry",
    "ServerProcess",
    "ServerProxy",
    "compile_service",
    "discover",
    "get_entrypoint_server_processes",
    "make_handlers",
    "make_server_process",
]
