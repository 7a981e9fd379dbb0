"""What all handlers of one Tornado application share: pools, supervisors, tunnels.

Found through the application's settings, so that a handler works in any application:
Jupyter's, the standalone one, or a plain Tornado one that only subclasses `ProxyHandler`.
"""

from __future__ import annotations

import asyncio
import logging
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from ..backend.pool import Pools
from ..rules.credentials import Credentials
from ..rules.service import Service
from .catalog import Catalog
from .chores import Chores
from .traffic import TrafficByService

if TYPE_CHECKING:
    # Imported by the first service that needs them: a server without any need not wait.
    from ..processes.attempt import LaunchFactory
    from ..processes.listening import ListeningNow
    from ..processes.registry import Registry
    from ..processes.supervisor import Supervisor
    from .facts import Addresses

SETTING = "jupyter_server_proxy_runtime"

# Cookies by which JupyterHub and its single-user servers know a person; all start so, the
# second way where the Hub has `cookie_host_prefix_enabled`.
HUB_COOKIE_PREFIXES = ("jupyterhub-", "__Host-jupyterhub-")
# Login cookies of all Jupyter servers on this host: browsers send those of every port, and the
# servers of one person share the secret that signs them, so another one's is as good as ours.
SECRET_COOKIE_PREFIXES = (*HUB_COOKIE_PREFIXES, "username-")
XSRF_COOKIE = "_xsrf"
# Seconds for what has begun by itself, none of which matters any more.
CHORE_PATIENCE = 2.0
NO_CREDENTIALS = Credentials(frozenset(), frozenset(), ())


class Abortable(Protocol):
    """A tunnel, a raw stream or an answer that goes on: it can be ended from outside."""

    def abort(self) -> None:
        """Close both sides now."""


class Runtime:
    """The shared state of one application. `close` ends everything in it."""

    def __init__(self, log: logging.Logger) -> None:
        self.log = log
        self.pools = Pools()
        self.catalog = Catalog(log)
        self.tunnels: set[Abortable] = set()
        self.traffic = TrafficByService()
        self.chores = Chores()
        # Who follows events and logs; the last of these tell how everything ended.
        self.streams: set[Abortable] = set()
        # Where services and the REST API are; None in an application that has no such API.
        self.addresses: Addresses | None = None
        self.is_closing = False

    def __repr__(self) -> str:
        return f"<Runtime tunnels={len(self.tunnels)} {self.pools!r}>"

    @classmethod
    def of(cls, settings: dict[str, Any], log: logging.Logger) -> Runtime:
        """The runtime of the application with these settings; made on first use."""
        runtime = settings.get(SETTING)
        if not isinstance(runtime, cls):
            runtime = settings[SETTING] = cls(log)
        return runtime

    @cached_property
    def registry(self) -> Registry:
        """The supervisors of this application; made with the first one."""
        from ..processes.guardian import Guardian  # noqa: PLC0415
        from ..processes.registry import Registry  # noqa: PLC0415

        return Registry(guardian=Guardian(log=self.log), log=self.log)

    @cached_property
    def listening(self) -> ListeningNow:
        """On which ports of this machine something listens; made when somebody asks."""
        from ..processes.listening import ListeningNow  # noqa: PLC0415 - hardly ever needed

        return ListeningNow()

    def supervise(self, service: Service, *, launch: LaunchFactory, base_url: str) -> Supervisor:
        """A supervisor, registered so that it ends with the runtime."""
        from ..processes.supervisor import Supervisor  # noqa: PLC0415

        supervisor = Supervisor(
            self.registry.unused_name(service.label),
            service.process,
            launch,
            guardian=self.registry.guardian,
            log=self.log,
            is_raw=service.raw_socket_proxy,
            base_url=base_url,
            past=self.registry.past,
        )
        self.registry.add(supervisor)
        self.catalog.note_supervisor(service, supervisor)
        return supervisor

    def start_automatic(self) -> None:
        """Start the services that are to start by themselves."""
        if "registry" in self.__dict__:
            self.registry.start_automatic()

    async def close(self, *, grace: float) -> None:
        """Stop every child within about `grace` seconds and close every connection.

        A tunnel ends as its child ends it, with a close frame for instance. After half of the time
        it is broken off, since there are children that wait for their clients to go.
        For Jupyter's shutdown; may be called twice.
        """
        self.is_closing = True
        self.pools.close()
        if "registry" in self.__dict__:
            breaking_off = asyncio.get_running_loop().call_later(grace / 2, self._break_off)
            await self.registry.close_all(grace=grace)
            breaking_off.cancel()
        self._break_off()
        for stream in list(self.streams):
            stream.abort()
        await self.chores.end(patience=CHORE_PATIENCE)

    def _break_off(self) -> None:
        for tunnel in list(self.tunnels):
            tunnel.abort()


def jupyter_credentials(settings: dict[str, Any], handler: Any) -> Credentials:
    """What this request may carry that only Jupyter must see: nothing where there is no Jupyter."""
    provider = settings.get("identity_provider")
    if provider is None:
        return NO_CREDENTIALS
    tokens = [provider.token]
    if provider.is_token_authenticated(handler):
        tokens.append(provider.get_token(handler))
    return _credentials(tuple(filter(None, tokens)), provider.get_cookie_name(handler))


@lru_cache(maxsize=64)
def _credentials(tokens: tuple[str, ...], cookie_name: str) -> Credentials:
    return Credentials(
        tokens=frozenset(tokens),
        cookie_names=frozenset((XSRF_COOKIE, cookie_name)),
        cookie_prefixes=SECRET_COOKIE_PREFIXES,
    )
