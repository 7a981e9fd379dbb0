"""Talking to JupyterHub: who a token belongs to, and whether it is there at all.

Needs the package `jupyterhub`. Decides nothing about who may come in.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import math
import time
from collections import deque
from collections.abc import Awaitable
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubOAuth
from jupyterhub.utils import get_browser_protocol
from tornado import web
from traitlets import Float

from ..rules.targets import DEFAULT_PORTS
from .answers import Answers

# Seconds for which a Hub that was there is taken to be there still, and to wait for one.
REACHABLE_FOR = 1.0
CONNECT_SECONDS = 3.0
# Seconds for which it is remembered what is in a cookie, and of how many cookies.
DECODED_FOR = 3600.0
MOST_DECODED = 1024
# Characters that a token, or the cookie with one in it, may have. The Hub's have some dozens.
LONGEST_TOKEN = 4096
# Logins that have begun are remembered before anybody knows whose they are: where they lead, in
# characters, and how many of them.
LONGEST_NEXT = 2048
MOST_BEGUN = 4096

Model = dict[str, Any]


class StandaloneHubOAuth(HubOAuth):  # type: ignore[misc]  # jupyterhub has no types
    """`HubOAuth` that asks the Hub about a login once, however many requests come with it, and
    whose login leaves the cookie `_xsrf` to the application behind us."""

    answer_timeout = Float(
        10.0, help="Seconds that the Hub has for saying who somebody is, or for finishing a login."
    ).tag(config=True)

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # 0 means for ever to jupyterhub.
        self._users: Answers[Model | None] = Answers(self.cache_max_age or math.inf)
        self._reachable: Answers[None] = Answers(REACHABLE_FOR)
        self._decoded: dict[tuple[str, int], Any] = {}
        self._begun: deque[str] = deque()

    def user_for_token(
        self, token: str, use_cache: bool = True, session_id: str = "", *, sync: bool = True
    ) -> Any:
        """See `HubAuth`. A session that has ended at the Hub is another question."""
        if sync or not use_cache:
            return super().user_for_token(token, use_cache, session_id, sync=sync)
        if len(token) > LONGEST_TOKEN:
            return _nobody()
        ask = super().user_for_token

        def ask_hub() -> Awaitable[Model | None]:
            return self._in_time(ask(token, False, session_id, sync=False))

        # Whatever is sent, what is remembered of it is small.
        question = hashlib.sha256(f"{token}\n{session_id}".encode("utf-8", "replace")).digest()
        return self._users.find(question, ask_hub)

    def token_for_code(self, *given: Any, sync: bool = True, **more: Any) -> Any:
        """See `HubOAuth`."""
        answer = super().token_for_code(*given, sync=sync, **more)
        return answer if sync else self._in_time(answer)

    async def _in_time(self, answer: Awaitable[Any]) -> Any:
        """What the Hub answers. Raises as `HubAuth` does where it is down when that takes long."""
        try:
            return await asyncio.wait_for(answer, self.answer_timeout)
        except asyncio.TimeoutError as error:
            raise web.HTTPError(504, "The Hub takes too long to answer") from error

    def generate_state(self, next_url: str | None = None, **more: Any) -> str:
        """See `HubOAuth`. Strangers begin logins, too, so the oldest gives way, and one that leads
        to a very long address leads to the first page."""
        is_short = next_url is None or len(next_url) <= LONGEST_NEXT
        state = str(super().generate_state(next_url if is_short else None, **more))
        # Before JupyterHub 5 all of it is in a cookie.
        forget = getattr(self, "clear_oauth_state", None)
        if forget is not None:
            self._begun.append(state)
            if len(self._begun) > MOST_BEGUN:
                forget(self._begun.popleft())
        return state

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
        if value and len(value) > LONGEST_TOKEN:
            return None
        if not value or handler.request.headers.get("Sec-Fetch-Mode") == "websocket":
            return super()._get_token_cookie(handler)
        # A signature is good for days.
        known = (value, int(time.monotonic() // DECODED_FOR))
        token = self._decoded.get(known)
        if token is None:
            token = super()._get_token_cookie(handler)
            if token:
                # Of our own making, then: forged ones are not remembered.
                if len(self._decoded) >= MOST_DECODED:
                    self._decoded.clear()
                self._decoded[known] = token
        return token

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


async def _nobody() -> None:
    """Whom a token belongs to that is none."""


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
