"""Login with a token, for one person and without a Hub: in an address, a field or a form.

A login lasts as long as this process, whose secret signs the cookie.
"""

from __future__ import annotations

import hmac
import re
import time
from functools import cached_property
from typing import Any

from jupyter_server.auth import IdentityProvider, User
from tornado import web

from ..errors import OriginNotAllowed, TooManyTries
from ..handlers import pages
from ..handlers.runtime import SECRET_COOKIE_PREFIXES
from ..rules.credentials import Credentials
from .gate import OpenGate, is_same_origin
from .login_gate import LoginGate, local_address
from .tries import Tries

LOGIN_PATH = "/server-proxy/login"
LOGOUT_PATH = "/server-proxy/logout"
# Addresses can be made up, so those of all together count, too: enough for many people who mistype,
# and a wait that does not keep the owner out for long.
FREE_TRIES_OF_ALL = 100
LONGEST_WAIT_OF_ALL = 1.0
_ALL = "all"
# Whoever has the token is the one who started this.
OWNER = User("owner")

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")


class TokenIdentityProvider(IdentityProvider):
    """Knows one token, and the cookies of those who have shown it."""

    def __init__(self, *, token: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.token = token
        self._tries = Tries(time.monotonic)
        self._tries_of_all = Tries(
            time.monotonic, free=FREE_TRIES_OF_ALL, longest_wait=LONGEST_WAIT_OF_ALL
        )

    def get_user(self, handler: Any) -> User | None:
        """The owner, or nobody. Raises TooManyTries."""
        given = self.get_token(handler)
        has_cookie = self.get_user_cookie(handler) is not None
        # With a cookie it is the application's own token that is sent, more often than not.
        if given and (self.is_token(given) if has_cookie else self.try_token(given, handler)):
            handler._token_authenticated = True  # noqa: SLF001  # as Jupyter's own provider does
            if handler.get_query_argument("token", "") and not has_cookie:
                self.set_login_cookie(handler, OWNER)
            return OWNER
        return OWNER if has_cookie else None

    def get_token(self, handler: web.RequestHandler) -> str:
        """What is shown as the token: in the query or in a field, never in a body. What a foreign
        page has in it, as an image, say, is no try of the person's who looks at it."""
        if _is_foreign(handler) and not _is_opened(handler):
            return ""
        given = handler.get_query_argument("token", "")
        if not given:
            found = self.auth_header_pat.match(handler.request.headers.get("Authorization", ""))
            given = found[2] if found else ""
        return given

    def is_token(self, given: str) -> bool:
        """In a time that does not tell how nearly."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())

    def try_token(self, given: str, handler: web.RequestHandler) -> bool:
        """Whether it is the token. Raises TooManyTries, then also for the right one."""
        origin = _origin(handler)
        wait = max(self._tries.wait(origin), self._tries_of_all.wait(_ALL))
        if wait:
            raise TooManyTries("Wrong tokens were tried too often; wait", retry_after=wait)
        if self.is_token(given):
            self._tries.note_right(origin)
            return True
        self._tries.note_wrong(origin)
        self._tries_of_all.note_wrong(_ALL)
        return False

    def get_cookie_name(self, handler: Any) -> str:
        """One for each port and prefix: browsers send the cookies of all ports."""
        place = f"{handler.request.host}{handler.base_url}".rstrip("/")
        return "username-" + _NOT_IN_NAMES.sub("-", place)

    def set_login_cookie(self, handler: Any, user: User) -> None:
        """Until the browser ends, and for this server's pages only."""
        options = {
            "path": _cookie_path(handler),
            "httponly": True,
            "samesite": "Lax",
            "secure": handler.request.protocol == "https",
            "expires_days": None,
            **self.cookie_options,
        }
        name = self.get_cookie_name(handler)
        handler.set_signed_cookie(name, self.user_to_cookie(user), **options)

    def clear_login_cookie(self, handler: Any) -> None:
        """Log this browser out."""
        handler.clear_cookie(self.get_cookie_name(handler), path=_cookie_path(handler))


def _origin(handler: web.RequestHandler) -> str:
    """Whose try it is. A foreign page can open ours again and again, but not use up the tries of
    the person at the browser."""
    where = str(handler.request.remote_ip)
    return f"{where} by a foreign page" if _is_foreign(handler) else where


def _is_foreign(handler: web.RequestHandler) -> bool:
    """Whether the browser says that a page of another origin is behind this."""
    return handler.request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")


def _is_opened(handler: web.RequestHandler) -> bool:
    """Whether it becomes a page of its own, rather than a part of another (Fetch Metadata)."""
    fields = handler.request.headers
    wanted = (fields.get("Sec-Fetch-Mode"), fields.get("Sec-Fetch-Dest"))
    return wanted == ("navigate", "document")


def _cookie_path(handler: Any) -> str:
    return f"{handler.base_url.rstrip('/')}/"


class TokenGate(LoginGate):
    """Mixed into every route of an application behind a token."""

    how_to_log_in = "Log in with the token first"

    def login_id(self) -> str:
        """Nothing: one person's logins are all alike."""
        return ""

    def get_login_url(self) -> str:
        """The page with the form."""
        return f"{self.base_url.rstrip('/')}{LOGIN_PATH}"

    @cached_property
    def _jupyter_credentials(self) -> Credentials:
        provider = self.identity_provider
        return Credentials(
            tokens=frozenset((provider.token,)),
            cookie_names=frozenset((provider.get_cookie_name(self),)),
            cookie_prefixes=SECRET_COOKIE_PREFIXES,
        )


class OutsideTheGate(OpenGate):
    """What one may ask for without being logged in."""

    async def _pass_gate(self) -> None:
        """Everybody may."""

    def check_xsrf_cookie(self) -> None:
        """A form that a page of another origin sends is none of ours."""
        if not is_same_origin(self):
            raise OriginNotAllowed("Only the login page of this server may do that")

    @property
    def provider(self) -> TokenIdentityProvider:
        """Who knows the token."""
        provider: TokenIdentityProvider = self.settings["identity_provider"]
        return provider


class LoginHandler(OutsideTheGate):
    """The page with the form."""

    def get(self) -> None:
        """The form; whoever is logged in goes on."""
        if self.current_user:
            self._go_on()
        else:
            self._ask()

    def post(self) -> None:
        """Look at the token that the form sent."""
        if self.provider.try_token(self.get_body_argument("token", ""), self):
            self.provider.set_login_cookie(self, OWNER)
            self._go_on()
        else:
            self._ask(problem="This is not the token.")

    def _ask(self, *, problem: str = "") -> None:
        status = 403 if problem else 200
        page = pages.page(
            "login.html", has_form=True, status=status, title="Log in", problem=problem
        )
        self.set_status(status)
        for name, value in pages.headers_for(page).items():
            self.set_header(name, value)
        self.finish(page.body)

    def _go_on(self) -> None:
        address = self.get_query_argument("next", "")
        self.redirect(local_address(address, self.base_url), status=303)


class LogoutHandler(OutsideTheGate):
    """Ends the login of this browser."""

    def get(self) -> None:
        """As in Jupyter: a visit is enough, but not one that a foreign page makes."""
        if is_same_origin(self):
            self.provider.clear_login_cookie(self)
        self.redirect(f"{self.base_url.rstrip('/')}{LOGIN_PATH}")
