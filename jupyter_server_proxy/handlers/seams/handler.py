"""What `ProxyHandler` has for the sake of those who subclass it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from tornado import httputil, web

from ...callbacks import call_now
from ..relaying import RelayingHandler
from .messages import MessageSeams
from .overrides import ORIGIN, WATCHED_SEAMS, overridden


class SeamsHandler(MessageSeams):
    """Knows which of its methods somebody else has written, and asks those where they matter."""

    def __init__(
        self, application: web.Application, request: httputil.HTTPServerRequest, **kwargs: Any
    ) -> None:
        if overrides := overridden(type(self)):
            self.overrides = overrides
        super().__init__(application, request, **kwargs)
        if overrides:
            self._watch_overrides()

    def set_default_headers(self) -> None:
        """Jupyter's headers for what somebody else's code may answer itself."""
        if self.overrides:
            super(RelayingHandler, self).set_default_headers()

    def _watch_overrides(self) -> None:
        """What somebody else's methods raise, and how long they hold up Jupyter, is put down
        to them."""
        for name in self.overrides & WATCHED_SEAMS:
            if inspect.isfunction(getattr(type(self), name)):
                setattr(self, name, _watching(getattr(self, name)))


def _watching(method: Callable[..., Any]) -> Callable[..., Any]:
    """`method`, whose result may be awaitable, named where it fails."""

    @functools.wraps(method)
    def call_watched(*args: Any, **kwargs: Any) -> Any:
        return call_now(functools.partial(method, *args, **kwargs), (), ORIGIN)

    return call_watched
