"""The command `jupyter server-proxy`, which speaks to a running Jupyter server.

Re-exports `main`; no logic here.
"""

from __future__ import annotations

from .main import main

__all__ = ["main"]
