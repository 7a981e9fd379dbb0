"""The ways to log in: which gate guards the routes, who is asked, and what routes that needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jupyter_server.auth import IdentityProvider

from ..errors import ConfigurationError
from ..handlers.relaying import RelayingHandler
from . import gate
from .traits import StandaloneTraits

NEEDS_JUPYTERHUB = (
    "Logging in needs the package jupyterhub, which is not installed. Install it with "
    "`pip install jupyter-server-proxy[standalone]`, or let everybody in with --no-authentication."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One way to log in.

    `gate` is mixed into every route of the service. `routes` are the login's own, as pairs of a
    pattern below the base URL and a handler; they win over the service's.
    """

    gate: type[RelayingHandler]
    identity_provider: IdentityProvider
    routes: tuple[tuple[str, type], ...] = ()


def make_login(options: StandaloneTraits, *, name: str) -> Login:
    """The one that `options` ask for. Raises ConfigurationError for what cannot work here."""
    if options.no_authentication:
        return Login(
            gate=gate.OpenGate, identity_provider=gate.OpenIdentityProvider(parent=options)
        )
    hub = _import_hub(name)
    auth = hub.StandaloneHubOAuth(parent=options, base_url=f"{options.base_url}/")
    return Login(
        gate=hub.HubGate,
        identity_provider=hub.HubIdentityProvider(parent=options, hub_auth=auth),
        routes=(("/oauth_callback", hub.CallbackHandler),),
    )


def _import_hub(name: str) -> Any:
    try:
        from . import hub  # noqa: PLC0415  # jupyterhub is optional
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "jupyterhub":
            raise
        raise ConfigurationError(name, "no_authentication", NEEDS_JUPYTERHUB) from error
    return hub
