"""Services that speak a protocol of their own, reached through a websocket."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, NoReturn

from ..backend.stream import open_stream
from ..errors import MethodNotProxied
from ..relay.message_ends import StreamEnd
from ..relay.stream import choose_subprotocol, relay_raw
from .named import NamedLocalProxyHandler
from .seams.asked import offered_subprotocols, with_subprotocols
from .supervised import SuperviseAndProxyHandler


class RawSocketHandler(NamedLocalProxyHandler):
    """Joins websocket messages to a byte stream; plain HTTP is refused."""

    is_raw = True

    async def proxy(self, port: Any, path: str) -> None:  # type: ignore[override]
        """There is nothing to relay HTTP to."""
        self._refuse()

    async def proxy_open(self, host: str, port: Any, proxied_path: str = "") -> None:
        """Connect to the backend, then accept the websocket. Raises a `ProxyError`."""
        if self.offered_protocols.lower() != "websocket":
            self._refuse()
        destination = await self._admitted(host, port, proxied_path)
        stream = await open_stream(destination.target, timeout=self.connect_timeout)
        with ExitStack() as stack:
            stack.callback(stream[1].close)
            self._use = stack.enter_context(self.in_use(proxied_path, is_tunnel=True))
            self._note_tunnel(proxied_path)
            if self._is_told_messages:
                # By this name overrides write to the stream.
                self.ws_transp = stream[1]
                fields = with_subprotocols((), self._chosen_subprotocols())
                await self.relay_messages(StreamEnd(stream), destination, fields, stack)
                return
            relay_raw(
                self.application,
                self.request,
                stream,
                on_data=self._tunnel_watch(destination),
                # What is held for it is the stream's from here on.
                on_ended=stack.pop_all().close,
                living=self._living(),
            )
        self.note_taken_over()

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """`binary`, which noVNC and websockify speak, else the first one offered."""
        return choose_subprotocol(subprotocols)

    def _chosen_subprotocols(self) -> list[str]:
        chosen = self.select_subprotocol(offered_subprotocols(self.request.headers))
        return [chosen] if chosen else []

    def _refuse(self) -> NoReturn:
        raise MethodNotProxied(
            f"Service {self.name!r} is a raw socket: it only supports websocket connections"
        )


class SuperviseAndRawSocketHandler(RawSocketHandler, SuperviseAndProxyHandler):
    """The same for a service whose child we start."""
