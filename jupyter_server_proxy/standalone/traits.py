"""The options of the standalone application. Traits only, no I/O.

Those of the service are the same as for services in Jupyter, but for `port`, which is our
own here; the application's is `server_port`.
"""

from __future__ import annotations

import os
from typing import Any

from traitlets import Bool, Int, TraitError, Unicode, default, validate
from traitlets.config import Configurable

from ..config.backend_traits import BackendTraits
from ..config.exchange_traits import ExchangeTraits
from ..config.process_traits import ProcessTraits
from ..config.server_process import NOT_SETTINGS
from ..rules.paths import wire_prefix
from .environment import HubEnvironment, is_loopback
from .login_traits import LoginTraits
from .serving_traits import ServingTraits

DEFAULT_ADDRESS = "127.0.0.1"
DEFAULT_PORT = 8888
MAX_PORT = 65535
A_PREFIX = 'a path such as /user/name, without "?", "#", "." and ".."'
A_PORT = "a port number, 0 to 65535"


class StandaloneTraits(LoginTraits, ServingTraits, ProcessTraits, BackendTraits, ExchangeTraits):
    """What can be configured, on the command line and in configuration files."""

    base_url = Unicode(
        help="""
        The prefix of the URLs that are served, such as ``/user/name``; everything else is 404. The
        environment variable JUPYTERHUB_SERVICE_PREFIX, or else "/", when it is missing.
        """,
    ).tag(config=True, expects=A_PREFIX)

    no_authentication = Bool(
        False,
        help="""
        Let everybody in who can connect, without a login. WARNING: together with an address that
        other machines can reach, everybody there can use the application.
        """,
    ).tag(config=True)

    address = Unicode(
        help="""
        The address to listen on. The one in the environment variable JUPYTERHUB_SERVICE_URL, or
        else 127.0.0.1, when it is missing.
        """,
    ).tag(config=True)

    port = Int(
        min=0,
        max=MAX_PORT,
        help="""
        The port to listen on, 0 for any free one. The one in the environment variable
        JUPYTERHUB_SERVICE_URL, or else 8888, when it is missing.
        """,
    ).tag(config=True, expects=A_PORT)

    server_port = Int(
        0,
        min=0,
        max=MAX_PORT,
        help="""
        The TCP port, 1 to 65535, that the application listens on. 0 means any free one, which is
        handed over as ``{port}``. Without a command, the port at which it is running already.
        """,
    ).tag(config=True, expects=A_PORT)

    trust_xheaders = Bool(
        help="""
        Whether to believe the X-Forwarded fields of requests, which a proxy in front of us sets.
        When it is missing: if JupyterHub started us, or only this machine can connect.
        """,
    ).tag(config=True)

    websocket_max_message_size = Int(
        None,
        allow_none=True,
        min=1,
        help="""
        Bytes that a websocket message may have, in either direction; a larger one ends its
        websocket with the code 1009 (RFC 6455 section 7.4.1). Messages are looked at one by one
        then and are not compressed, which is slower. None means that they pass as they are,
        whatever their size.
        """,
    ).tag(config=True, expects="a number of bytes, 1 or more")

    title = Unicode(
        help="""
        What the pages about the start and about failures call the application. The name of its
        program when it is missing.
        """,
    ).tag(config=True)

    @property
    def hub(self) -> HubEnvironment:
        """What JupyterHub says in the environment."""
        return HubEnvironment.read(os.environ)

    @property
    def is_where_hub_looks(self) -> bool:
        """Whether JupyterHub leads people here: its variables are also those of every terminal in
        one of its servers."""
        hub = self.hub
        is_its_prefix = bool(hub.prefix) and hub.prefix.strip("/") == self.base_url.strip("/")
        return hub.is_present and is_its_prefix and hub.port in (None, self.port)

    @default("base_url")
    def _default_base_url(self) -> str:
        return self.hub.prefix.rstrip("/")

    @validate("base_url")
    def _normal_base_url(self, proposal: Any) -> str:
        """With a slash in front and none at the end, so "" for the root, as templates expect; and
        encoded as in addresses."""
        path = proposal["value"].strip("/")
        if set(path) & {"?", "#"} or set(path.split("/")) & {".", ".."}:
            raise TraitError(f"base_url must be {A_PREFIX}")
        return wire_prefix(f"/{path}") if path else ""

    @default("address")
    def _default_address(self) -> str:
        return self.hub.address or DEFAULT_ADDRESS

    @default("port")
    def _default_port(self) -> int:
        port = self.hub.port
        return DEFAULT_PORT if port is None else port

    @default("trust_xheaders")
    def _default_trust_xheaders(self) -> bool:
        return self.hub.is_present or is_loopback(self.address)


def service_options() -> list[str]:
    """The names of the options that describe the service, but for its port."""
    names = {name for mixin in SERVICE_MIXINS for name in mixin.class_trait_names(config=True)}
    return sorted(names - NOT_SETTINGS - {"port"})


SERVICE_MIXINS: tuple[type[Configurable], ...] = (ProcessTraits, BackendTraits, ExchangeTraits)
