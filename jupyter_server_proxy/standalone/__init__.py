"""One proxied application in place of a Jupyter server, for JupyterHub.

Re-exports the public names; no logic here.
"""

from __future__ import annotations

from .app import StandaloneProxyServer

__all__ = ["StandaloneProxyServer", "main"]


def main() -> None:
    """The command `jupyter standaloneproxy`."""
    StandaloneProxyServer.launch_instance()
