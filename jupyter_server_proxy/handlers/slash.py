"""Adding the slash at the end of a route's prefix, so that relative URLs work."""

from __future__ import annotations

from typing import Any

from tornado import web

from ..rules.paths import split_target
from .front import FrontHandler


class AddSlashHandler(FrontHandler):
    """Redirects `/name?query` to `/name/?query`."""

    @web.authenticated
    def get(self, *_args: Any) -> None:
        """Redirect."""
        redirect_to_slash(self)

    @web.authenticated
    def head(self, *_args: Any) -> None:
        """Redirect."""
        redirect_to_slash(self)


def redirect_to_slash(handler: FrontHandler, *, is_permanent: bool = False) -> None:
    """Answer with a redirect to the same path with a slash; the query is kept."""
    path, suffix = split_target(handler.request.uri or "/")
    # Two slashes at the start would name a host.
    handler.redirect("/" + path.lstrip("/") + "/" + suffix, permanent=is_permanent)
