"""Doing what `proxy_open` was asked: offering an upgrade, and the tunnel that comes of it.

`exchanging` sends the request and passes a refusal on. Whoever calls has admitted the
destination.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import NamedTuple, Protocol

from ..backend.exchange import Exchange
from ..backend.pool import Call
from ..errors import ClientGone
from ..relay.http import encode_switching
from ..relay.tunnel import Tunnel, TunnelHooks
from ..relay.watchdog import Watchdog
from . import activity
from .destination import Destination, Outbound
from .exchanging import ExchangingHandler
from .runtime import Abortable
from .traffic import Moving, Traffic


class OpenTunnel(Abortable, Moving, Protocol):
    """Whatever joins two sides for as long as they like."""


class Living(NamedTuple):
    """The tunnels of an application that are open, and the numbers of one service."""

    tunnels: set[Abortable]
    traffic: Traffic

    def add(self, tunnel: OpenTunnel) -> None:
        """It is open."""
        self.tunnels.add(tunnel)
        self.traffic.begin_tunnel(tunnel)

    def discard(self, tunnel: OpenTunnel) -> None:
        """It is not any more. Harmless when called twice."""
        self.tunnels.discard(tunnel)
        self.traffic.end_tunnel(tunnel)


class RelayingHandler(ExchangingHandler):
    """Relays exchanges, and tunnels what leaves HTTP."""

    async def relay_upgrade(self, destination: Destination) -> None:
        """Offer this upgrade to the backend: tunnel if it accepts, else pass its answer on.

        Returns when the tunnel stands; it then lives by itself. Raises a `ProxyError`.
        """
        with ExitStack() as stack:
            use = self.in_use(destination.path, is_tunnel=True)
            self._use = stack.enter_context(use)
            outbound = self._outbound_upgrade(destination)
            call = await self._send(destination, outbound, is_upgrade=True)
            exchange = await self._handshake(call)
            if exchange.status != 101:
                await self._relay_answer(call, destination)
                return
            await self._become_tunnel(call, destination, stack)

    def _outbound_upgrade(self, destination: Destination) -> Outbound:
        """What the backend is sent."""
        return self._outbound(destination, upgrade=self.offered_protocols)

    async def _handshake(self, call: Call) -> Exchange:
        if not self.response_timeout:
            return await call.head_arrived()
        with Watchdog(self.response_timeout, call, is_body_sent=self._is_body_sent):
            return await call.head_arrived()

    async def _become_tunnel(self, call: Call, destination: Destination, in_use: ExitStack) -> None:
        exchange = call.exchange
        fields = self._response_fields(exchange.headers, exchange.status, destination)
        first = encode_switching(exchange, fields + self.own_cookies()) + exchange.leftover
        self._note_tunnel(destination.path)
        self._call = None
        if self._is_client_gone:
            call.abort()
            raise ClientGone("The client closed the connection")
        backend = call.give_away()
        client = self.detach()
        self.note_detached(101)
        # What keeps the child in use is the tunnel's from here on.
        tunnel = self._make_tunnel(destination, in_use.pop_all())
        await tunnel.join(client, backend, to_client=first)

    def _make_tunnel(self, destination: Destination, in_use: ExitStack) -> Tunnel:
        living = self._living()

        def ended() -> None:
            living.discard(tunnel)
            in_use.close()

        hooks = TunnelHooks(on_data=self._tunnel_watch(destination), on_closed=ended)
        tunnel = Tunnel(hooks, idle_timeout=self.tunnel_idle_timeout)
        living.add(tunnel)
        return tunnel

    def _living(self) -> Living:
        """Who knows the tunnels that are open."""
        return Living(self.runtime.tunnels, self._traffic)

    def _note_tunnel(self, path: str) -> None:
        """A tunnel stands."""
        self._use.became_stream()
        self._note_activity(path)

    def _tunnel_watch(self, destination: Destination) -> activity.TunnelObserver | None:
        """What sees the data of a tunnel, for Jupyter's sake and for the child's."""
        observer = self._tunnel_observer(destination)
        if not self._use.counts:
            return observer
        return activity.TunnelObserver(self._use.moved, observer)

    def _tunnel_observer(self, destination: Destination) -> activity.TunnelObserver | None:
        """What notes a tunnel's activity. It must not keep this handler alive, unless somebody's
        callable, which wants to see it, is to be asked each time."""
        if callable(self.update_last_activity):
            return activity.TunnelObserver(partial(self._note_activity, destination.path))
        if not self._counts_as_activity(destination.path):
            return None
        return activity.TunnelObserver(partial(activity.record, self.settings))
