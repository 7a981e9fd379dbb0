"""`GET server-proxy/icon/NAME`: the icon files that services are configured with.

Only these files can be had: a name that is not in the table is 404, whatever it spells.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from tornado import web

# An SVG is a document: opened by itself it must not act as a page of this server.
CONFINED = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class IconHandler(JupyterHandler, web.StaticFileHandler):
    """Serves one icon, with the caching and the conditional requests of Tornado's files."""

    icons: Mapping[str, str]

    def initialize(self, icons: Mapping[str, str]) -> None:  # type: ignore[override]
        """Remember the icons' paths by service name; called by Tornado."""
        super().initialize(path=os.path.abspath(os.sep))
        self.icons = icons

    @web.authenticated
    @authorized(action="read", resource="server-proxy-info")  # type: ignore[untyped-decorator]
    async def get(self, name: str, include_body: bool = True) -> None:  # type: ignore[override]
        """Answer with the file, or 404."""
        await web.StaticFileHandler.get(self, name, include_body)

    @web.authenticated
    @authorized(action="read", resource="server-proxy-info")  # type: ignore[untyped-decorator]
    async def head(self, name: str) -> None:  # type: ignore[override]
        """Answer as to GET, without the file."""
        await web.StaticFileHandler.get(self, name, include_body=False)

    def parse_url_path(self, url_path: str) -> str:
        """The path of the icon called `url_path`."""
        if url_path not in self.icons:
            raise web.HTTPError(404)
        return os.path.abspath(self.icons[url_path])

    def validate_absolute_path(self, root: str, absolute_path: str) -> str:
        """`absolute_path` if it can be read, else 404; it came from our own table."""
        if not (os.path.isfile(absolute_path) and os.access(absolute_path, os.R_OK)):
            raise web.HTTPError(404)
        return absolute_path

    def set_extra_headers(self, path: str) -> None:
        """What keeps an icon from being anything but an icon."""
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", f"{self.content_security_policy}; {CONFINED}")

    def compute_etag(self) -> Any:
        """Tornado's hash of the file, which JupyterHandler would leave out."""
        return web.StaticFileHandler.compute_etag(self)
