"""Login through JupyterHub's OAuth. Needs the package `jupyterhub`, which is optional.

The Hub is asked without blocking the event loop; nobody is let in whom the Hub did not
name and whose scopes do not cover this server.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from jupyter_server.auth import IdentityProvider, User
from jupyterhub import __version__ as hub_version
from jupyterhub.services.auth import (
    HubOAuth,
    HubOAuthCallbackHandler,
    HubOAuthenticated,
    UserNotAllowed,
)
from jupyterhub.utils import get_browser_protocol
from tornado import web
from traitlets import Instance

from ..errors import LoginUnavailable, NotAuthorized
from ..handlers import pages
from ..handlers.runtime import SECRET_COOKIE_PREFIXES
from ..rules.credentials import Credentials
from .environment import HubEnvironment
from .gate import HUB_ENVIRONMENT, OpenGate

SECONDS_TO_TRY_AGAIN = 5.0


class StandaloneHubOAuth(HubOAuth):  # type: ignore[misc]  # jupyterhub has no types
    """`HubOAuth` whose login leaves the cookie `_xsrf` to the application behind us."""

    def set_cookie(self, handler: web.RequestHandler, access_token: str) -> None:
        """Remember who logged in, in a cookie only this server can read."""
        is_secure = get_browser_protocol(handler.request) == "https"
        options = {"path": self.cookie_path, "httponly": True, **self.cookie_options}
        if is_secure or self.cookie_host_prefix_enabled:
            options.setdefault("secure", True)
        handler.set_secure_cookie(self.cookie_name, access_token, **options)


class HubIdentityProvider(IdentityProvider):
    """Answers Jupyter's question who somebody is by asking the Hub."""

    hub_auth = Instance(HubOAuth)

    async def get_user(self, handler: Any) -> User | None:
        """Who is logged in, None for nobody.

        Raises NotAuthorized for somebody who may not use this server, LoginUnavailable when
        the Hub does not answer.
        """
        try:
            model = await self.hub_auth.get_user(handler, sync=False)
        except web.HTTPError as error:
            # What the Hub said, and where it is, is for the log; nobody is logged in yet.
            self.log.error("JupyterHub could not be asked who this is: %s", error)
            raise LoginUnavailable(
                "JupyterHub does not answer, so nobody can be let in now",
                retry_after=SECONDS_TO_TRY_AGAIN,
            ) from error
        if not model:
            return None
        try:
            handler.check_hub_user(model)
        except UserNotAllowed as error:
            raise NotAuthorized(f"{model['name']} may not use this server") from error
        # Not public, but what makes a link with a token log in, where the Hub allows these.
        self.hub_auth._persist_url_token_if_set(handler)  # noqa: SLF001
        return User(model["name"])


class HubLogin(HubOAuthenticated):  # type: ignore[misc]
    """The part of a handler that knows the Hub: where to log in, and who is allowed."""

    settings: dict[str, Any]

    @property
    def hub_auth(self) -> HubOAuth:
        """The application's, rather than one per process."""
        return self.settings["identity_provider"].hub_auth

    @property
    def _hub(self) -> HubEnvironment:
        environment: HubEnvironment = self.settings[HUB_ENVIRONMENT]
        return environment

    @property
    def hub_users(self) -> set[str]:
        """Who may use this server where the Hub is too old for scopes; never everybody."""
        return {self._hub.user} - {""}

    @property
    def hub_groups(self) -> set[str]:
        """As `hub_users`."""
        return {self._hub.group} - {""}


class HubGate(HubLogin, OpenGate):
    """Mixed into every route of an application behind JupyterHub."""

    def get_current_user(self) -> Any:
        """Nobody: who it is was found out in `prepare`, without blocking."""

    def check_xsrf_cookie(self) -> None:
        """Leave it to the proxied application, as `FrontHandler` does."""

    def set_default_headers(self) -> None:
        """Tell the Hub, which looks at it when it has started us, what we were made for."""
        super().set_default_headers()
        self.set_header("X-JupyterHub-Version", hub_version)

    @cached_property
    def _jupyter_credentials(self) -> Credentials:
        tokens = {self._hub.api_token}
        if getattr(self, "_token_authenticated", False):  # how HubAuth notes it
            tokens.add(self.hub_auth.get_token(self, in_cookie=False))
        return Credentials(
            tokens=frozenset(token for token in tokens if token),
            cookie_names=frozenset((self.hub_auth.cookie_name,)),
            cookie_prefixes=(*SECRET_COOKIE_PREFIXES, self.hub_auth.state_cookie_name),
        )


class CallbackHandler(HubLogin, HubOAuthCallbackHandler):  # type: ignore[misc]
    """Where the Hub sends people who have logged in."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """The same page as for every other error."""
        error = kwargs.get("exc_info", (None, None))[1]
        problem = pages.describe(status_code, error, request=self.request)
        for name, value in pages.headers_for(problem).items():
            self.set_header(name, value)
        self.finish(problem.body)
