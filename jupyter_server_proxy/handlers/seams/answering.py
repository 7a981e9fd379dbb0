"""The answer where overridden methods take part in it.

Without such an override nothing here is run.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

from tornado import httpclient, iostream

from ...backend.exchange import Exchange
from ...errors import ClientGone, ProxyError
from ...rules.headers import rewrite_location
from ...rules.targets import TcpTarget
from .. import activity
from ..destination import Destination
from ..relaying import RelayingHandler
from .asked import with_subprotocols
from .held import hold
from .overrides import ANSWER_SEAMS

# The statuses whose Location is the client's next address (RFC 9110 section 15.4).
REDIRECTS = frozenset((301, 302, 303, 307, 308))


class AnswerSeams(RelayingHandler):
    """Asks the methods that packages override about an answer, and lets them go on with it."""

    # Which seams of this class are somebody else's.
    overrides: frozenset[str] = frozenset()
    # The destination that was admitted.
    _destination: Destination | None = None
    # What select_subprotocol chose for the client.
    _chosen_subprotocol: str | None = None
    _is_flushed = False

    # --- the seams -------------------------------------------------------------------------

    def _rewrite_location_header(
        self, location: str, host: str, port: Any, proxied_path: str
    ) -> str:
        """`location`, as the backend sent it, as the client is to see it."""
        destination = self._asked_destination(host, port, proxied_path)
        return rewrite_location(location, self._response_rules(destination))

    def _record_activity(self) -> None:
        """Note that the application is in use."""
        super()._note_activity(self.request.path)

    # --- where the engine asks them -------------------------------------------------------

    def _note_activity(self, path: str) -> None:
        if "_record_activity" in self.overrides:
            self._record_activity()
        else:
            super()._note_activity(path)

    def _tunnel_observer(self, destination: Destination) -> activity.TunnelObserver | None:
        if "_record_activity" in self.overrides:
            return activity.TunnelObserver(self._record_activity)
        return super()._tunnel_observer(destination)

    def _asked_destination(self, host: str, port: Any, path: str) -> Destination:
        """The admitted destination, for the path that an override passes on; another one where
        it passes on another host or port."""
        known = self._destination
        if known is not None and (known.host, str(known.port)) == (host, str(port)):
            return known._replace(path=path)
        return Destination(TcpTarget(host, int(port)), host, port, path)

    def _response_fields(
        self, raw: Sequence[tuple[bytes, bytes]], status: int, destination: Destination
    ) -> list[tuple[str, str]]:
        fields = super()._response_fields(raw, status, destination)
        if status == 101 and "select_subprotocol" in self.overrides:
            chosen = self._chosen_subprotocol
            return with_subprotocols(fields, (chosen,) if chosen else ())
        is_asked = "_rewrite_location_header" in self.overrides and not self.absolute_url
        if is_asked and status in REDIRECTS:
            return self._with_location(fields, raw, destination)
        return fields

    def _with_location(
        self,
        fields: list[tuple[str, str]],
        raw: Sequence[tuple[bytes, bytes]],
        destination: Destination,
    ) -> list[tuple[str, str]]:
        self._destination = destination
        sent = [value.decode("latin-1") for name, value in raw if name.lower() == b"location"]
        host, port, path = destination.host, destination.port, destination.path
        others = [field for field in fields if field[0].lower() != "location"]
        seen = [self._rewrite_location_header(value, host, port, path) for value in sent]
        return others + [("Location", value) for value in seen]

    @property
    def is_head_sent(self) -> bool:
        """Whether the head of an answer is out, so that no other can follow."""
        return super().is_head_sent or self._is_flushed

    def _pass_on_as_it_comes(
        self, exchange: Exchange, destination: Destination
    ) -> Coroutine[Any, Any, None]:
        if not self.overrides or self.overrides.isdisjoint(ANSWER_SEAMS):
            return super()._pass_on_as_it_comes(exchange, destination)
        return self._pass_on_held(exchange, destination)

    async def _pass_on_held(self, exchange: Exchange, destination: Destination) -> None:
        fields = self._response_fields(exchange.headers, exchange.status, destination)
        self._begin_answer(exchange.status, exchange.reason, fields)
        if self.request.method == "HEAD" and exchange.content_length is not None:
            self.set_header("Content-Length", str(exchange.content_length))
        try:
            await hold(
                exchange,
                self,
                on_flush=lambda: self._begin_flushing(exchange),
                on_progress=lambda: self._note_progress(destination.path),
            )
        except iostream.StreamClosedError:
            raise ClientGone("The client closed the connection") from None
        except ProxyError:
            if self._is_flushed:
                self._client_side().break_off()
            raise

    def _begin_flushing(self, exchange: Exchange) -> None:
        self._is_flushed = True
        if exchange.content_length is not None:
            self.set_header("Content-Length", str(exchange.content_length))

    def _answer_fetched(self, response: httpclient.HTTPResponse, destination: Destination) -> None:
        raw = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in response.headers.get_all()]
        fields = self._response_fields(raw, response.code, destination)
        self._begin_answer(response.code, response.reason, fields)
        if response.body and self.request.method != "HEAD":
            self.write(response.body)
