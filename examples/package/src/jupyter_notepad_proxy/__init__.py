"""Tells Jupyter Server Proxy how to start the notepad, and how to offer it."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def notepad_command(port: int, unix_socket: str) -> list[str]:
    """Return the command of a notepad that listens where the proxy will look for it."""
    address = f"--unix-socket={unix_socket}" if unix_socket else f"--port={port}"
    # The interpreter that this package is installed for, whatever is first on PATH.
    return [sys.executable, "-m", "jupyter_notepad_proxy.app", address]


def setup_notepad() -> dict[str, Any]:
    """Return the description of the service; called once, when the Jupyter server starts.

    What it raises is shown in Jupyter's log and costs this service only, so here is the place to
    look for a program that may be missing.
    """
    return {
        "command": notepad_command,
        # Other users of this machine can connect to a port, but not to this socket.
        "unix_socket": hasattr(socket, "AF_UNIX"),
        # Cheap to answer, and says that the notepad works.
        "ready_path": "/health",
        "timeout": 30,
        "new_browser_tab": False,
        "launcher_entry": {
            "title": "Notepad",
            "icon_path": str(HERE / "icon.svg"),
            "category": "Other",
        },
    }
