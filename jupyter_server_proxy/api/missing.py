"""Addresses below those of the API at which there is nothing."""

from __future__ import annotations

from typing import Any

from tornado import web

from .view import ApiView

NOTHING_HERE = (
    "The API has nothing at this address; see server-proxy/api/openapi.json for what it has"
)


class MissingView(ApiView):
    """Says so in a problem document, to whoever is logged in."""

    async def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Let only pass who may, then refuse."""
        await super().prepare(*args, **kwargs)
        if not self.is_answered:
            raise web.HTTPError(404, NOTHING_HERE)
