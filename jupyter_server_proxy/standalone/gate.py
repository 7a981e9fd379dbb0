"""What the routes of the standalone application have that those in Jupyter do not.

The gate itself is `FrontHandler`'s, the same as in Jupyter; here is who it asks when there is
no Jupyter, and what counts as a credential then. `hub` has the JupyterHub side.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from jupyter_server.auth import IdentityProvider, User
from tornado import web

from ..errors import HostNotAllowed, OriginNotAllowed
from ..handlers.front import FrontHandler
from ..handlers.relaying import RelayingHandler
from ..handlers.runtime import SECRET_COOKIE_PREFIXES
from ..handlers.slash import redirect_to_slash
from ..rules.credentials import Credentials, strip_query
from ..rules.paths import split_target
from .environment import is_loopback

# Keys of the application's settings.
HUB_ENVIRONMENT = "jupyter_server_proxy_hub_environment"
TRUST_XHEADERS = "jupyter_server_proxy_trust_xheaders"
# Where the person who started us logs in, as a path with a query, where that is not known yet.
LOGIN_ADDRESS = "jupyter_server_proxy_login_address"
# An `identity.Forwarding`.
FORWARDING = "jupyter_server_proxy_forwarding"

# RFC 9110 section 9.2.1.
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))


def is_same_origin(handler: FrontHandler) -> bool:
    """Whether the browser says that a page of this origin, or nobody's page, asks for this.

    Fetch Metadata section 2.4, or else RFC 6454 section 7. Programs say nothing.
    """
    site = handler.request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    return "Origin" not in handler.request.headers or bool(handler.check_origin())


class OpenIdentityProvider(IdentityProvider):
    """Lets everybody in (`--no-authentication`)."""

    def get_user(self, handler: web.RequestHandler) -> User:
        """Somebody without a name."""
        return User("anonymous")


class OpenGate(RelayingHandler):
    """Mixed into every route of an application without authentication."""

    @cached_property
    def _jupyter_credentials(self) -> Credentials:
        """Of JupyterHub only: there is no Jupyter whose `_xsrf` cookie could be meant."""
        token = self.settings[HUB_ENVIRONMENT].api_token
        return Credentials(
            tokens=frozenset((token,) if token else ()), cookie_prefixes=SECRET_COOKIE_PREFIXES
        )

    def _is_behind_trusted_proxy(self) -> bool:
        return bool(self.settings[TRUST_XHEADERS])

    def check_host(self) -> bool:
        """Raise HostNotAllowed where only this machine's own names are right: any page can have a
        name of its site lead to this machine, and is of our origin then."""
        host = self.request.host_name.strip("[]")
        if not (self.settings["allow_remote_access"] or is_loopback(host)):
            raise HostNotAllowed(
                f"Without authentication only this machine is served, and {host!r} is none of its "
                "names. The option --allow-public lets every name lead here"
            )
        return True

    def _authorization_action(self) -> str:
        # Websockets are a way to use the application, and no more than that.
        return "write" if self.is_upgrade else super()._authorization_action()

    def check_xsrf_cookie(self) -> None:
        """A page of another origin changes nothing, be it with somebody's login or by way of a
        browser that can connect to here.

        The application's own token is for that to ask for; this is what can be known without.
        """
        is_safe = self.request.method in SAFE_METHODS or self._is_token_authenticated
        if not (is_safe or is_same_origin(self)):
            raise OriginNotAllowed("Only pages of this server may do that")

    @property
    def _is_token_authenticated(self) -> bool:
        # How Jupyter and JupyterHub note it.
        return bool(getattr(self, "_token_authenticated", False))

    def _api_token(self) -> str:
        """None: there is no login that a foreign page could make use of."""
        return ""

    def is_asked_by_own_page(self) -> bool:
        """Whether it is sure that no foreign page has made the browser ask this, in `forgery`."""
        if self.request.method in SAFE_METHODS:
            return True
        has_said = any(name in self.request.headers for name in ("Sec-Fetch-Site", "Origin"))
        return has_said and is_same_origin(self)


class BasePathHandler(RelayingHandler):
    """The base URL without its slash: relative URLs of the application need it."""

    def get(self) -> None:
        """Redirect, for good: this never becomes anything else.

        But where the query holds a program's token, nobody is to keep it.
        """
        _, suffix = split_target(self.request.uri or "/")
        has_token = strip_query(suffix, self._jupyter_credentials) != suffix
        if has_token:
            self.set_header("Cache-Control", "no-store")
        redirect_to_slash(self, is_permanent=not has_token)

    head = get


class OutsideHandler(FrontHandler):
    """Everything outside the base URL."""

    async def prepare(self, *args: Any, **kwargs: Any) -> None:
        """There is nothing to guard, and nothing to find."""
        raise web.HTTPError(404)
