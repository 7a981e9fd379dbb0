"""What `ProxyHandler` has for the sake of those who subclass it."""

from __future__ import annotations

from typing import Any

from tornado import httputil, web

from ..relaying import RelayingHandler
from .overrides import overridden
from .requesting import RequestSeams


class SeamsHandler(RequestSeams):
    """Knows which of its methods somebody else has written, and asks those where they matter."""

    def __init__(
        self, application: web.Application, request: httputil.HTTPServerRequest, **kwargs: Any
    ) -> None:
        self.overrides = overridden(type(self))
        super().__init__(application, request, **kwargs)

    def set_default_headers(self) -> None:
        """Jupyter's headers for what somebody else's code may answer itself."""
        if self.overrides:
            super(RelayingHandler, self).set_default_headers()
