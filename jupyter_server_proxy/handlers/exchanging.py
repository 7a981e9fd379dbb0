"""Doing what `proxy` was asked: one exchange.

`outgoing` makes what is sent, `backend` carries, `relay` joins, `rules` decides what is passed
on; here the pieces meet Tornado's response. Whoever calls has admitted the destination.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from functools import lru_cache, partial
from typing import Any

from tornado.http1connection import HTTP1Connection

from ..backend.exchange import Exchange
from ..backend.pool import Call, Pool, PoolLimits
from ..errors import (
    BackendSpokeNonsense,
    BackendUnheard,
    BackendUnreachable,
    ClientGone,
    ProxyError,
)
from ..relay.http import ClientSide, encode_request
from ..relay.rewrite import collect, rewritten, wants_rewriting
from ..relay.watchdog import Watchdog
from ..rules import paths
from ..rules.cookies import CookieScope
from ..rules.credentials import Credentials
from ..rules.headers import ResponseRules, is_event_stream, response_headers
from ..rules.targets import bracketed
from .body import RequestBody
from .destination import Destination, Outbound, own_authorities
from .outgoing import OutgoingHandler

# Methods that may be sent twice when nobody has heard them (RFC 9110 section 9.2.2).
REPEATABLE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))

# Their answers have no body, whatever a function makes of one (RFC 9110 section 6.4.1).
BODILESS = frozenset((204, 304))


class ExchangingHandler(OutgoingHandler):
    """Relays this request to a `Destination`. Durations are seconds, 0 means no limit."""

    # Whether this class is one of our own routes, which never write an answer themselves. Then
    # bodies may be streamed and Jupyter's default headers, which nobody would get, are not made.
    relays_only: bool = False
    rewrite_response: Any = ()
    rewrite_content_types: Sequence[str] = ()
    rewrite_limit: int = 64 * 1024 * 1024
    connect_timeout: float = 10.0
    response_timeout: float = 0.0
    tunnel_idle_timeout: float = 0.0
    max_connections: int = 0

    _call: Call | None = None
    _body: RequestBody | None = None
    _is_client_gone = False

    def set_default_headers(self) -> None:
        """Jupyter's headers for what it serves itself."""
        if not self.relays_only:
            super().set_default_headers()

    # --- what subclasses refine ----------------------------------------------------------

    def call_backend(
        self, destination: Destination, method: str, head: bytes, *, is_repeatable: bool
    ) -> Coroutine[Any, Any, Call]:
        """Send a request head on a connection to the destination."""
        return self._pool(destination).call(method, head, is_repeatable=is_repeatable)

    async def renewed(self, destination: Destination) -> Destination:
        """Where to send a request again that `destination` was gone for."""
        return destination

    async def explain_unreachable(
        self, error: BackendUnreachable, destination: Destination
    ) -> None:
        """Raise what tells the client more than `error`, if anything does."""

    # --- an exchange ---------------------------------------------------------------------

    # No coroutine of its own: every request goes through here.
    def relay_exchange(self, destination: Destination) -> Coroutine[Any, Any, None]:
        """Send this request and pass the answer on. Raises a `ProxyError`."""
        return self._relay_request(destination, self._outbound(destination))

    async def _relay_request(self, destination: Destination, outbound: Outbound) -> None:
        """Send `outbound` and pass the answer on. Raises a `ProxyError`."""
        with self.in_use(destination.path) as self._use:
            try:
                call = await self._send(destination, outbound)
                await self._relay_answer(call, destination)
            except (BackendUnheard, BackendUnreachable) as error:
                await self._relay_once_more(error, destination, outbound)

    async def _relay_once_more(
        self, error: ProxyError, destination: Destination, outbound: Outbound
    ) -> None:
        """Send a request again that nobody has heard, if it may be; else raise `error`."""
        try:
            if not isinstance(error, BackendUnheard) or not is_repeatable(outbound):
                raise error
            destination = await self.renewed(destination)
            await self._relay_answer(await self._send(destination, outbound), destination)
        except BackendUnreachable as unreachable:
            await self.explain_unreachable(unreachable, destination)
            raise

    async def _send(
        self, destination: Destination, outbound: Outbound, *, is_upgrade: bool = False
    ) -> Call:
        """Send the head on a connection, and let the body follow."""
        method, target, fields, body = outbound
        head = encode_request(method, target, fields)
        can_repeat = not is_upgrade and is_repeatable(outbound)
        if body is not None:
            self._body = body
        call = await self.call_backend(destination, method, head, is_repeatable=can_repeat)
        self._call = call
        if self._is_client_gone:
            call.abort()
            raise ClientGone("The client closed the connection")
        if body is not None:
            body.attach(call)
        return call

    def _is_body_sent(self) -> bool:
        return self._body is None or self._body.is_sent

    def _pool(self, destination: Destination) -> Pool:
        pools = self.runtime.pools
        target, generation = destination.target, destination.generation
        pool = pools.find(self.proxy_base, target, generation)
        if pool is None:
            limits = PoolLimits(self.connect_timeout, self.max_connections)
            pool = pools.make(self.proxy_base, target, generation=generation, limits=limits)
        return pool

    # --- the response --------------------------------------------------------------------

    async def _relay_answer(self, call: Call, destination: Destination) -> None:
        """Pass the answer on. The connection is used again only if all went well."""
        traffic = self._traffic
        traffic.begin(call)
        try:
            if self.response_timeout:
                with Watchdog(self.response_timeout, call, is_body_sent=self._is_body_sent):
                    await self._pass_on(call, destination)
            else:
                await self._pass_on(call, destination)
        except BaseException as error:
            call.abort()
            # Once a head is out there is nothing left to say: the transfer was broken off.
            if self.is_head_sent and isinstance(error, ProxyError):
                self.log_exception(type(error), error, error.__traceback__)
                return
            raise
        finally:
            self._call = None
            traffic.end(call)
            if self._body is not None:
                self._body.discard()
        if self._body is None or self._body.is_sent:
            call.finish()
        else:
            call.abort()

    async def _pass_on(self, call: Call, destination: Destination) -> None:
        exchange = await call.head_arrived()
        if exchange.status == 101:
            raise BackendSpokeNonsense("The application switched protocols without being asked")
        self._note_answered(destination.path, is_stream=is_event_stream(exchange.content_type))
        if self._rewriters() and wants_rewriting(exchange, self.rewrite_content_types):
            await self._pass_on_rewritten(call, destination)
        else:
            await self._pass_on_as_it_comes(exchange, destination)

    async def _pass_on_as_it_comes(self, exchange: Exchange, destination: Destination) -> None:
        fields = self._response_fields(exchange.headers, exchange.status, destination)
        await self._client_side().send(
            exchange,
            fields + self.own_cookies(),
            on_head=partial(self.note_relayed, exchange.status),
            on_progress=partial(self._note_progress, destination.path),
        )

    async def _pass_on_rewritten(self, call: Call, destination: Destination) -> None:
        body = await collect(call.exchange, self.rewrite_limit)
        host, port = destination.host, destination.port
        known = {"request": self.request, "host": host, "port": port, "path": destination.path}
        url = f"http://{bracketed(host)}:{port}{self.request.path}"
        response = await rewritten(
            call.exchange,
            body,
            self._rewriters(),
            known=known,
            url=url,
            origin=self.origin_of("rewrite_response"),
        )
        raw = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in response.header_items()]
        self._begin_answer(
            response.code,
            response.reason,
            self._response_fields(raw, response.code, destination),
        )
        if response.body and response.code not in BODILESS:
            self.write(response.body)  # for HEAD, Tornado only takes its length

    def _begin_answer(
        self, status: int, reason: str | None, fields: Sequence[tuple[str, str]]
    ) -> None:
        """Make the backend's head Tornado's response: nothing of Jupyter's own stays in it, and
        how long it is will be known when it ends."""
        for name in ("Server", "Content-Type", "Date"):
            self.clear_header(name)
        self.set_status(status, reason)
        for name, value in fields:
            if name.lower() != "content-length":
                self.add_header(name, value)

    def compute_etag(self) -> None:
        """Whether an answer has a validator is up to the backend, also when it was rewritten."""

    def check_etag_header(self) -> bool:
        """The backend has seen `If-None-Match` and has sent a whole answer all the same."""
        return False

    def _client_side(self) -> ClientSide:
        request = self.request
        return ClientSide(
            self._connection(),
            is_http10=request.version == "HTTP/1.0",
            is_head=request.method == "HEAD",
            connection_option=request.headers.get("Connection", "").lower(),
        )

    def _response_fields(
        self, raw: Sequence[tuple[bytes, bytes]], status: int, destination: Destination
    ) -> list[tuple[str, str]]:
        """The header fields of an answer of this status, as the client gets them."""
        return response_headers(raw, partial(self._response_rules, destination))

    def _response_rules(self, destination: Destination) -> ResponseRules:
        return response_rules(
            self._get_context_path(destination.host, destination.port),
            self.request.headers.get("Host", ""),
            self.request.host_name,
            own_authorities(destination.target, destination.host),
            self._jupyter_credentials,
            is_absolute=self.absolute_url,
        )

    def _rewriters(self) -> Sequence[Any]:
        functions = self.rewrite_response
        return functions if isinstance(functions, (list, tuple)) else (functions,)

    def _connection(self) -> HTTP1Connection:
        connection = self.request.connection
        assert isinstance(connection, HTTP1Connection)
        return connection

    # --- the client ------------------------------------------------------------------------

    def on_connection_close(self) -> None:
        """The client is gone: so is what was being done for it, at once."""
        self._is_client_gone = True
        if self._body is not None:
            self._body.discard()
        if self._call is not None:
            self._call.fail(ClientGone("The client closed the connection"))
        super().on_connection_close()


@lru_cache(maxsize=256)
def response_rules(
    context: str,
    host: str,
    host_name: str,
    authorities: tuple[str, ...],
    refused: Credentials,
    *,
    is_absolute: bool,
) -> ResponseRules:
    """The rules for answers of a backend; the same for nearly every request to it."""
    prefix = paths.wire_prefix(context)
    return ResponseRules(
        prefix=prefix,
        is_absolute=is_absolute,
        own_authorities=frozenset((host.lower(), *authorities)),
        cookies=CookieScope(
            prefix=prefix, own_host=host_name, refused=refused, absolute=is_absolute
        ),
    )


def is_repeatable(outbound: Outbound) -> bool:
    """Whether it may be sent twice, the second time as it was."""
    return outbound.body is None and outbound.method in REPEATABLE_METHODS
