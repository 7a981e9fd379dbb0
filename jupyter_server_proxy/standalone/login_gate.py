"""What all routes have in common where people log in, whichever way.

The order of the gate is `FrontHandler`'s; `hub` and `token_login` say who is asked.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import unquote

from tornado import web

from ..errors import LoginRequired
from ..handlers import pages
from ..rules.credentials import strip_query
from ..rules.paths import split_target
from . import identity
from .gate import FORWARDING, SAFE_METHODS, OpenGate, is_same_origin


class LoginGate(OpenGate):
    """Mixed into every route of an application with a login."""

    # What a program is told to do.
    how_to_log_in: ClassVar[str]

    def login_id(self) -> str:
        """What is different for every login of the same person, "" where nothing is."""
        raise NotImplementedError

    # --- the gate --------------------------------------------------------------------------

    async def _pass_gate(self) -> None:
        await super()._pass_gate()
        if not self.is_answered:
            identity.drop_claims(self.request.headers)
            self._take_token_out_of_address()

    async def _refuse_stranger(self) -> None:
        """Only a page is of use as an answer to a visit: everybody else is told in words, and
        gets no cookies for a login that never comes."""
        fields = self.request.headers
        is_program = pages.prefers_problem(fields.get("Accept"), fields.get("Sec-Fetch-Mode"))
        if self.is_upgrade or is_program or self.request.method not in ("GET", "HEAD"):
            raise LoginRequired(self.how_to_log_in)
        await self._send_to_login()

    async def _send_to_login(self) -> None:
        """Redirect to where one logs in. Raises LoginUnavailable."""
        web.authenticated(lambda _handler: None)(self)

    def _take_token_out_of_address(self) -> None:
        """Once it has logged somebody in, the application's page has no business with it."""
        if self.request.method != "GET" or not self.is_page_visit:
            return
        if not self._is_token_authenticated:
            return
        path, suffix = split_target(self.request.uri or "/")
        kept = strip_query(suffix, self._jupyter_credentials)
        if kept != suffix:
            # Two slashes at the start would name a host.
            self.redirect("/" + path.lstrip("/") + kept)

    # --- the REST API ----------------------------------------------------------------------

    def _api_token(self) -> str:
        """For pages that a person looks at: a script that fetches one gets none."""
        mode = self.request.headers.get("Sec-Fetch-Mode", "navigate")
        return self._proof() if mode == "navigate" and self.current_user else ""

    def is_asked_by_own_page(self) -> bool:
        """See `OpenGate`; here it takes what only our page was told, also to read.

        As in JupyterHub's own servers: pages of other people's servers are of the same origin
        where these are told apart by paths.
        """
        if self._is_token_authenticated:
            return True
        fields = self.request.headers
        is_visit = fields.get("Sec-Fetch-Mode", "navigate") == "navigate"
        if is_visit and self.request.method in SAFE_METHODS:
            return True
        if not is_same_origin(self):
            return False
        given = fields.get("X-XSRFToken") or self.get_query_argument("_xsrf", "")
        return hmac.compare_digest(given.encode(), self._proof().encode())

    def _proof(self) -> str:
        secret: bytes = self.settings["cookie_secret"]
        login = f"{self.current_user.username}\n{self.login_id()}"
        return hmac.new(secret, login.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    # --- what the application is told --------------------------------------------------------

    def get_request_headers_override(self) -> Mapping[str, str]:
        """Who it is, and what the service's own settings say, which are the last word."""
        override = super().get_request_headers_override()
        own = self._forwarding.fields(self.current_user)
        if not own or not override:
            return own or override
        said = {name.lower() for name in override}
        return {**{n: v for n, v in own.items() if n.lower() not in said}, **override}

    @property
    def _forwarding(self) -> identity.Forwarding:
        forwarding: identity.Forwarding = self.settings[FORWARDING]
        return forwarding


def local_address(address: Any, base_url: str) -> str:
    """`address` when it is a path below `base_url` on this server, else that itself.

    Browsers read a backslash as a slash, ignore control characters, and go up where a segment is
    `..`, however it is spelled (URL Standard section 4.4).
    """
    text = str(address or "")
    is_plain = text.isprintable() and "\\" not in text and not text.startswith("//")
    base = _segments(base_url.rstrip("/"))
    segments = _segments(re.split("[?#]", text, maxsplit=1)[0])
    is_below = len(segments) > len(base) and segments[: len(base)] == base
    is_fine = is_plain and is_below and not {".", ".."} & set(segments)
    return text if is_fine else f"{base_url.rstrip('/')}/"


def _segments(path: str) -> list[str]:
    """What is between the slashes, so that an encoded slash is none."""
    return [unquote(segment) for segment in path.split("/")]
