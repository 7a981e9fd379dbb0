"""The ways to log in: which gate guards the routes, who is asked, and what routes that needs."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from typing import Any

from jupyter_server.auth import AllowAllAuthorizer, Authorizer, IdentityProvider

from ..errors import ConfigurationError
from ..handlers.relaying import RelayingHandler
from . import gate, identity
from .authorizer import OwnerAuthorizer
from .environment import is_loopback
from .traits import StandaloneTraits

NEEDS_JUPYTERHUB = (
    "Logging in needs the package jupyterhub, which is not installed. Install it with "
    "`pip install jupyter-server-proxy[standalone]`, ask for a token with --token=, or let "
    "everybody in with --no-authentication."
)
# Older ones do not note that a request came with a token, so that it cannot be withheld. A Hub
# that is older itself does no harm.
OLDEST_JUPYTERHUB = (4, 1)
TOKEN_VARIABLE = "JUPYTER_TOKEN"  # noqa: S105  # the name of one
TOKEN_FILE_VARIABLE = "JUPYTER_TOKEN_FILE"  # noqa: S105


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One way to log in.

    `gate` is mixed into every route of the service. `routes` are the login's own, as pairs of a
    pattern below the base URL and a handler; they win over the service's. `forwarding` tells the
    application who it is. `authorizer` says what else they may do. `address_query` makes an
    address one that logs in, for the person who has started us.
    """

    gate: type[RelayingHandler]
    identity_provider: IdentityProvider
    authorizer: type[Authorizer] = AllowAllAuthorizer
    routes: tuple[tuple[str, type], ...] = ()
    forwarding: identity.Forwarding = field(default_factory=identity.ForwardNothing)
    address_query: str = ""
    # Which names lead here is the business of the proxy in front of us, as long as a page that has
    # given itself one of our names finds nobody's login under it.
    is_any_host_fine: bool = True


def make_login(options: StandaloneTraits, *, name: str) -> Login:
    """The one that `options` ask for. Raises ConfigurationError for what cannot work here.

    What the application's process is to know of it, or not, is in our environment afterwards.
    """
    token = _token(options, name)
    if options.no_authentication:
        _check_nobody_needs_a_login(options, token, name)
        return Login(
            gate=gate.OpenGate,
            identity_provider=gate.OpenIdentityProvider(parent=options),
            is_any_host_fine=options.allow_public or options.is_where_hub_looks,
        )
    forwarding = _forwarding(options, name)
    kind = _hub_login(options, name) if token is None else _token_login(options, token)
    return Login(**kind, forwarding=forwarding)


def _hub_login(options: StandaloneTraits, name: str) -> dict[str, Any]:
    hub, hub_auth = _import_hub(name)
    auth = hub_auth.StandaloneHubOAuth(parent=options, base_url=f"{options.base_url}/")
    return {
        "gate": hub.HubGate,
        "identity_provider": hub.HubIdentityProvider(parent=options, hub_auth=auth),
        "authorizer": OwnerAuthorizer,
        "routes": (("/oauth_callback", hub.CallbackHandler),),
    }


def _import_hub(name: str) -> Any:
    try:
        import jupyterhub  # noqa: PLC0415  # optional

        if jupyterhub.version_info < OLDEST_JUPYTERHUB:
            found = f"the package jupyterhub is {jupyterhub.__version__} here"
            raise ConfigurationError(name, "jupyterhub", f"{found}; 4.1 or newer is needed")
        from . import hub, hub_auth  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "jupyterhub":
            raise
        raise ConfigurationError(name, "no_authentication", NEEDS_JUPYTERHUB) from error
    return hub, hub_auth


# --- a token ------------------------------------------------------------------------------------


def _token_login(options: StandaloneTraits, given: str) -> dict[str, Any]:
    from . import token_login as by_token  # noqa: PLC0415  # only where there is one

    token = given or secrets.token_hex(24)
    return {
        "gate": by_token.TokenGate,
        "identity_provider": by_token.TokenIdentityProvider(parent=options, token=token),
        "routes": (
            (by_token.LOGIN_PATH, by_token.LoginHandler),
            (by_token.LOGOUT_PATH, by_token.LogoutHandler),
        ),
        # One that somebody has chosen is known to them, and no business of the log's.
        "address_query": "" if given else f"?token={token}",
    }


def _token(options: StandaloneTraits, name: str) -> str | None:
    """The token that logs in, "" for a random one, None where there is another way.

    The application must not find ours in its own environment: a Jupyter server there would ask
    for the same, which it never gets. One that is not ours is left to it.
    """
    if options.token is not None:
        if options.token and os.environ.get(TOKEN_VARIABLE) == options.token:
            del os.environ[TOKEN_VARIABLE]
        return _checked(options.token, "token", name) if options.token else ""
    if options.no_authentication or options.hub.is_present or options.hub.client_id:
        return None
    variable = os.environ.pop(TOKEN_VARIABLE, "")
    file = os.environ.pop(TOKEN_FILE_VARIABLE, "")
    if variable:
        return _checked(variable, TOKEN_VARIABLE, name)
    return _read_token(file, name) if file else None


def _checked(given: str, source: str, name: str) -> str:
    """The token as it arrives here, without spaces around it. Raises ConfigurationError for what
    never would."""
    token = given.strip()
    if not (token and token.isprintable()):
        raise ConfigurationError(name, source, "a token has no line breaks and not only spaces")
    return token


def _read_token(file: str, name: str) -> str:
    try:
        with open(file) as lines:
            token = lines.read()
    except (OSError, ValueError) as error:
        raise ConfigurationError(name, TOKEN_FILE_VARIABLE, f"cannot be read: {error}") from error
    if not token.strip():
        raise ConfigurationError(name, TOKEN_FILE_VARIABLE, f"{file!r} is empty")
    return _checked(token, TOKEN_FILE_VARIABLE, name)


# --- nobody -------------------------------------------------------------------------------------


def _check_nobody_needs_a_login(options: StandaloneTraits, token: str | None, name: str) -> None:
    def refuse(problem: str) -> None:
        raise ConfigurationError(name, "no_authentication", problem)

    if token is not None:
        refuse("--no-authentication lets everybody in, --token does not: choose one")
    if options.forward_user != "none":
        refuse("--forward-user has nobody to tell of with --no-authentication")
    if not (options.allow_public or is_loopback(options.address)):
        address = options.address or "any address of this machine"
        refuse(
            f"with --no-authentication everybody who can connect to {address} could use the "
            "application. Say --allow-public if that is meant, or --address=127.0.0.1"
        )


# --- what the application is told ---------------------------------------------------------------


def _forwarding(options: StandaloneTraits, name: str) -> identity.Forwarding:
    for option in ("forward_user_key", "forward_user_audience"):
        if getattr(options, option) and options.forward_user != "jwt":
            raise ConfigurationError(name, option, "is for --forward-user=jwt only")
    if options.forward_user == "none":
        return identity.ForwardNothing()
    if options.forward_user == "headers":
        return identity.ForwardHeaders()
    key = identity.SigningKey.make(options.forward_user_key, service=name)
    os.environ[identity.PUBLIC_KEY_VARIABLE] = key.public
    return identity.ForwardToken(key, options.forward_user_audience or f"{options.base_url}/")
