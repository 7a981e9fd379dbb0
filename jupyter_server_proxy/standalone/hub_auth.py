"""Talking to JupyterHub: who a token belongs to, and whether it is there at all.

Needs the package `jupyterhub`. Decides nothing about who may come in.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
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
# Seconds for which it is remembered what is in a cookie, and of how many cookies.
DECODED_FOR = 3600.0
MOST_DECODED = 1024

Model = dict[str, Any]


class StandaloneHubOAuth(HubOAuth):  # type: ignore[misc]  # jupyterhub has no types
    """`HubOAuth` that asks the Hub about a login once, however many requests come with it, and
    whose login leaves the cookie `_xsrf` to the application behind us."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # 0 means for ever to jupyterhub.
        self._users: Answers[Model | None] = Answers(self.cache_max_age or math.inf)
        self._reachable: Answers[None] = Answers(REACHABLE_FOR)
        self._decoded: dict[tuple[str, int], Any] = {}

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

    # --- cookies. Private methods, for speed alone: where they are others, nothing is lost -----

    async def _get_user_cookie(self, handler: Any) -> Model | None:
        """As `HubOAuth` does, without a line in the log for each request of a program."""
        token = self._get_token_cookie(handler)
        if not token:
            return None
        handler.check_xsrf_cookie()
        session_id = self.get_session_id(handler)
        model: Model | None = await self.user_for_token(token, session_id=session_id, sync=False)
        if model is None:
            is_secure = self.cookie_host_prefix_enabled
            handler.clear_cookie(self.cookie_name, path=self.cookie_path, secure=is_secure)
        return model

    def _get_token_cookie(self, handler: Any) -> Any:
        """What is in the signed cookie, which is taken apart once and not for every request."""
        value = handler.get_cookie(self.cookie_name)
        if not value or handler.request.headers.get("Sec-Fetch-Mode") == "websocket":
            return super()._get_token_cookie(handler)
        # A signature is good for days.
        known = (value, int(time.monotonic() // DECODED_FOR))
        if known not in self._decoded:
            if len(self._decoded) >= MOST_DECODED:
                self._decoded.clear()
            self._decoded[known] = super()._get_token_cookie(handler)
        return self._decoded[known]

    # --- the Hub itself ----------------------------------------------------------------------

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
