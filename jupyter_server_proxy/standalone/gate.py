"""What the routes of the standalone application have that those in Jupyter do not.

The gate itself is `FrontHandler`'s, the same as in Jupyter; here is who it asks when there is
no Jupyter, and what counts as a credential then. `hub` has the JupyterHub side.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from jupyter_server.auth import IdentityProvider, User
from tornado import web

from ..errors import OriginNotAllowed
from ..handlers.front import FrontHandler
from ..handlers.relaying import RelayingHandler
from ..handlers.runtime import SECRET_COOKIE_PREFIXES
from ..handlers.slash import redirect_to_slash
from ..rules.credentials import Credentials

# Keys of the application's settings.
HUB_ENVIRONMENT = "jupyter_server_proxy_hub_environment"
TRUST_XHEADERS = "jupyter_server_proxy_trust_xheaders"


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


class BasePathHandler(RelayingHandler):
    """The base URL without its slash: relative URLs of the application need it."""

    def get(self) -> None:
        """Redirect, for good: this never becomes anything else."""
        redirect_to_slash(self, is_permanent=True)

    head = get


class SameOriginGate(FrontHandler):
    """Mixed into the routes of the REST API, over their own check against forged requests.

    The cookie `_xsrf` is the application's here, so it is the browser that has to say which
    page asks. Fetch Metadata section 2.4 and RFC 6454 section 7.
    """

    def check_xsrf_cookie(self) -> None:
        """Let only pages of this origin, and programs with a token, change anything."""
        is_reading = self.request.method in ("GET", "HEAD", "OPTIONS")
        if is_reading or getattr(self, "_token_authenticated", False):  # how HubAuth notes it
            return
        site = self.request.headers.get("Sec-Fetch-Site")
        is_said = site is not None or "Origin" in self.request.headers
        is_ours = site == "same-origin" if site is not None else self.check_origin()
        if not (is_said and is_ours):
            raise OriginNotAllowed("Only pages of this server may do that")


def guarded_api(view: type, gate: type[RelayingHandler]) -> type:
    """A view of the REST API behind `gate`."""
    return type(f"Standalone{view.__name__}", (SameOriginGate, view, gate), {})


class OutsideHandler(FrontHandler):
    """Everything outside the base URL."""

    async def prepare(self, *args: Any, **kwargs: Any) -> None:
        """There is nothing to guard, and nothing to find."""
        raise web.HTTPError(404)
