"""The Tornado and Jupyter side: routes, the gate, and the classes others subclass.

Re-exports the public names; no logic here.
"""

from __future__ import annotations

from ..relay.rewrite import RewritableResponse
from .local import (
    LocalProxyHandler,
    RemoteProxyHandler,
)
from .named import NamedLocalProxyHandler
from .proxy import ProxyHandler
from .raw import RawSocketHandler, SuperviseAndRawSocketHandler
from .routes import setup_handlers
from .runtime import Runtime
from .slash import AddSlashHandler
from .streaming import with_streaming
from .supervised import SuperviseAndProxyHandler

__all__ = [
    "AddSlashHandler",
    "LocalProxyHandler",
    "NamedLocalProxyHandler",
    "ProxyHandler",
    "RawSocketHandler",
    "RemoteProxyHandler",
    "RewritableResponse",
    "Runtime",
    "SuperviseAndProxyHandler",
    "SuperviseAndRawSocketHandler",
    "setup_handlers",
    "with_streaming",
]
