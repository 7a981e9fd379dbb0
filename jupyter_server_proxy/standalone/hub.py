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
from tornado import web
from traitlets import Instance

from ..errors import LoginUnavailable, NotAuthorized, ProxyError
from ..handlers import pages
from ..handlers.front import FrontHandler, awaited
from ..handlers.runtime import SECRET_COOKIE_PREFIXES
from ..rules.credentials import Credentials
from .environment import HubEnvironment
from .gate import HUB_ENVIRONMENT
from .hub_auth import StandaloneHubOAuth
from .login_gate import LoginGate, local_address

SECONDS_TO_TRY_AGAIN = 5.0
# With a remembered answer of the Hub, what was decided from it.
_DECISION = "_jupyter_server_proxy_user"


class HubUser(User):
    """Somebody whom the Hub knows; `model` is what it says of them."""

    model: dict[str, Any]

    def __init__(self, model: dict[str, Any]) -> None:
        self.model = model
        about = model.get("user_info") or {}  # since JupyterHub 6
        known = ("name", "display_name", "initials", "avatar_url", "color")
        super().__init__(model["name"], **{key: about[key] for key in known if about.get(key)})

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that they are in."""
        return tuple(self.model.get("groups") or ())

    @property
    def kind(self) -> str:
        """`user` or `service`."""
        return str(self.model.get("kind", "user"))

    @property
    def is_admin(self) -> bool:
        """Whether they are an administrator of the Hub."""
        return bool(self.model.get("admin"))


class HubIdentityProvider(IdentityProvider):
    """Answers Jupyter's question who somebody is by asking the Hub."""

    hub_auth = Instance(StandaloneHubOAuth)

    async def get_user(self, handler: Any) -> User | None:
        """Who is logged in, None for nobody.

        Raises NotAuthorized for somebody who may not use this server, LoginUnavailable when
        the Hub does not answer.
        """
        try:
            model = await self.hub_auth.get_user(handler, sync=False)
        except web.HTTPError as error:
            raise self.unavailable(error) from error
        if not model:
            return None
        user = self._admitted(handler, model)
        # Not public, but what makes a link with a token log in, where the Hub allows these.
        if self.hub_auth.allow_token_in_url:
            self.hub_auth._persist_url_token_if_set(handler)  # noqa: SLF001
        return user

    def _admitted(self, handler: Any, model: dict[str, Any]) -> HubUser:
        user: HubUser | None = model.get(_DECISION)
        if user is None:
            try:
                handler.check_hub_user(model)
            except UserNotAllowed as error:
                raise NotAuthorized(f"{model['name']} may not use this server") from error
            user = model[_DECISION] = HubUser(model)
        return user

    async def ensure_hub_answers(self) -> None:
        """Raise LoginUnavailable if nobody is there to log in at."""
        if not self.hub_auth.api_token:
            return  # made by a program without any Hub, which may look at what it would be sent
        try:
            await self.hub_auth.ensure_reachable()
        except OSError as error:
            raise self.unavailable(error) from error

    def unavailable(self, error: Exception) -> LoginUnavailable:
        """What people are told. What the Hub said, and where it is, is for the log."""
        self.log.error("JupyterHub could not be asked who this is: %s", error)
        return LoginUnavailable(
            "JupyterHub does not answer, so nobody can be let in now",
            retry_after=SECONDS_TO_TRY_AGAIN,
        )


class HubLogin(HubOAuthenticated):  # type: ignore[misc]  # jupyterhub has no types
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

    def get_current_user(self) -> Any:
        """Nobody: who it is was found out in `prepare`, without blocking."""

    def set_default_headers(self) -> None:
        """Tell the Hub, which looks at it when it has started us, what we were made for."""
        super().set_default_headers()
        self.set_header("X-JupyterHub-Version", hub_version)

    @property
    def page_frame(self) -> pages.Frame:
        """Like the pages of the Hub, so that one finds back there."""
        hub = f"{self.hub_auth.hub_host}{self.hub_auth.hub_prefix}"
        # How HubAuth notes whom the Hub named, also when they may not use this server.
        model = getattr(self, "_cached_hub_user", None) or {}
        return pages.Frame(
            "JupyterHub",
            home_url=f"{hub}home",
            logo_url=f"{hub}logo",
            links=(("Control panel", f"{hub}home"), ("Log out", f"{hub}logout")),
            user=model.get("name", ""),
        )

    @property
    def content_security_policy(self) -> str:
        """As in JupyterHub's own servers: other people's pages are of the same origin, and so
        could read ours in a frame."""
        return "frame-ancestors 'none'"


class HubGate(HubLogin, LoginGate):
    """Mixed into every route of an application behind JupyterHub."""

    how_to_log_in = "Log in to JupyterHub first"

    def login_id(self) -> str:
        """The token that this login got from the Hub."""
        return str(self.hub_auth.get_token(self) or "")

    async def _send_to_login(self) -> None:
        # A Hub that starts again looks for us before it answers anybody, and stops a server that
        # then answers with an error; older ones do not say what they accept.
        if "text/html" in self.request.headers.get("Accept", ""):
            await self.settings["identity_provider"].ensure_hub_answers()
        await super()._send_to_login()

    def check_xsrf_cookie(self) -> None:
        """See `LoginGate`; JupyterHub's cookie for it is the application's here."""
        LoginGate.check_xsrf_cookie(self)

    @cached_property
    def _jupyter_credentials(self) -> Credentials:
        tokens = {self._hub.api_token}
        if self._is_token_authenticated:
            tokens.add(self.hub_auth.get_token(self, in_cookie=False))
        return Credentials(
            tokens=frozenset(token for token in tokens if token),
            cookie_names=frozenset((self.hub_auth.cookie_name,)),
            cookie_prefixes=(*SECRET_COOKIE_PREFIXES, self.hub_auth.state_cookie_name),
        )


class CallbackHandler(HubLogin, HubOAuthCallbackHandler, FrontHandler):  # type: ignore[misc]
    """Where the Hub sends people who have logged in."""

    async def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Whoever comes here need not be logged in, and may have been somebody else."""
        try:
            self.current_user = await awaited(self.identity_provider.get_user(self))
        except ProxyError:
            self.current_user = None

    async def get(self) -> None:
        """Take what the Hub gave; then back to where the login began."""
        try:
            await super().get()  # type: ignore[misc]
        except web.HTTPError as error:
            if error.status_code < 500:
                raise
            raise self.settings["identity_provider"].unavailable(error) from error

    def check_xsrf_cookie(self) -> None:
        """The state that the Hub gives back is what proves that this login is ours."""

    def redirect(self, url: str, *args: Any, **kwargs: Any) -> None:
        """Only to a page of this server."""
        super().redirect(local_address(url, self.base_url), *args, **kwargs)
