"""Talking to JupyterHub: who a token belongs to, and whether it is there at all.

Needs the package `jupyterhub`. Decides nothing about who may come in.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubOAuth
from jupyterhub.utils import get_browser_protocol
from tornado import web

from ..rules.targets import DEFAULT_PORTS
from .answers import Answers

# Seconds for which a Hub that was there is taken to be there still, and to wait for one.
REACHABLE_FOR = 1.0
CONNECT_SECONDS = 3.0

Model = dict[str, Any]


class StandaloneHubOAuth(HubOAuth):  # type: ignore[misc]  # jupyterhub has no types
    """`HubOAuth` that asks the Hub about a login once, however many requests come with it, and
    whose login leaves the cookie `_xsrf` to the application behind us."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # 0 means for ever to jupyterhub.
        self._users: Answers[Model | None] = Answers(self.cache_max_age or math.inf)
        self._reachable: Answers[None] = Answers(REACHABLE_FOR)

    def user_for_token(
        self, token: str, use_cache: bool = True, session_id: str = "", *, sync: bool = True
    ) -> Any:
        """See `HubAuth`. A session that has ended at the Hub is another question."""
        if sync or not use_cache:
            return super().user_for_token(token, use_cache, session_id, sync=sync)
        ask = super().user_for_token

        def ask_hub() -> Awaitable[Model | None]:
            answer: Awaitable[Model | None] = ask(token, False, session_id, sync=False)
            return answer

        return self._users.find((token, session_id), ask_hub)

    async def ensure_reachable(self) -> None:
        """Raise OSError if nothing accepts connections where the Hub should be."""
        url = urlsplit(self.api_url)
        port = url.port or DEFAULT_PORTS.get(url.scheme)
        if url.hostname and port:
            host = url.hostname
            await self._reachable.find(self.api_url, lambda: _connect(host, port))

    def set_cookie(self, handler: web.RequestHandler, access_token: str) -> None:
        """Remember who logged in, in a cookie only this server can read, and which pages of other
        sites cannot make use of."""
        is_secure = get_browser_protocol(handler.request) == "https"
        options = {"path": self.cookie_path, "httponly": True, **self.cookie_options}
        if is_secure or self.cookie_host_prefix_enabled:
            options.setdefault("secure", True)
        if not any(name.lower() == "samesite" for name in options):
            options["samesite"] = "Lax"
        handler.set_secure_cookie(self.cookie_name, access_token, **options)


async def _connect(host: str, port: int) -> None:
    """Raises OSError, also when it takes too long."""
    connecting = asyncio.open_connection(host, port)
    try:
        _, writer = await asyncio.wait_for(connecting, CONNECT_SECONDS)
    except asyncio.TimeoutError as error:
        raise OSError(f"connecting to port {port} of {host} took too long") from error
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
