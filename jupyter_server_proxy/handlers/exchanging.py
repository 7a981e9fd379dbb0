"""Doing what `proxy` was asked: one exchange.

`rules` decides what is sent and passed on, `backend` carries, `relay` joins; here the pieces
meet Tornado's request. Whoever calls has admitted the destination.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from tornado import httputil, web
from tornado.http1connection import HTTP1Connection

from ..backend.exchange import Exchange
from ..backend.pool import Call, Pool, PoolLimits
from ..errors import BackendSpokeNonsense, ClientGone, ProxyError, TargetInvalid
from ..processes.usage import Use
from ..relay.http import ClientSide, encode_request
from ..relay.rewrite import collect, rewritten, wants_rewriting
from ..relay.watchdog import Watchdog
from ..rules import paths
from ..rules.activity import counts_as_activity
from ..rules.cookies import CookieScope
from ..rules.credentials import Credentials, strip_query
from ..rules.headers import (
    ClientFacts,
    ResponseRules,
    is_event_stream,
    request_headers,
    response_headers,
)
from ..rules.service import Origin
from ..rules.targets import bracketed
from . import activity
from .body import BufferedBody, RequestBody, has_body
from .destination import Destination, Outbound, own_authorities
from .front import FrontHandler
from .runtime import jupyter_credentials
from .traffic import ANY_PORT, Traffic

# Methods that may be sent twice when a pooled connection turns out to be dead
# (RFC 9110 section 9.2.2).
REPEATABLE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))

# Their answers have no body, whatever a function makes of one (RFC 9110 section 6.4.1).
BODILESS = frozenset((204, 304))

# For a backend that is not ours to stop.
NOBODYS = Use(None)


class ExchangingHandler(FrontHandler):
    """Relays this request to a `Destination`. Durations are seconds, 0 means no limit."""

    # Whether this class is one of our own routes, which never write an answer themselves. Then
    # bodies may be streamed and Jupyter's default headers, which nobody would get, are not made.
    relays_only: bool = False
    # What its requests are counted under.
    traffic_label: str = ANY_PORT
    proxy_base: str = ""
    absolute_url: bool = False
    rewrite_response: Any = ()
    rewrite_content_types: Sequence[str] = ()
    rewrite_limit: int = 64 * 1024 * 1024
    update_last_activity: bool | Callable[[Any], Any] = True
    exclude_last_activity_patterns: Sequence[re.Pattern[str]] = ()
    forward_credentials: bool = False
    connect_timeout: float = 10.0
    response_timeout: float = 0.0
    tunnel_idle_timeout: float = 0.0
    max_connections: int = 0

    def __init__(
        self, application: web.Application, request: httputil.HTTPServerRequest, **kwargs: Any
    ) -> None:
        self._call: Call | None = None
        self._body: RequestBody | None = None
        self._is_client_gone = False
        self._activity_noted = 0.0
        self._use = NOBODYS
        self._known_credentials: Credentials | None = None
        super().__init__(application, request, **kwargs)

    def set_default_headers(self) -> None:
        """Jupyter's headers for what it serves itself."""
        if not self.relays_only:
            super().set_default_headers()

    # --- what subclasses refine ----------------------------------------------------------

    def get_request_headers_override(self) -> Mapping[str, str]:
        """Headers that replace those of the client. Typically overridden."""
        return {}

    def origin_of(self, key: str) -> Origin:
        """What a callable in the setting `key` is to be put down to, in messages."""
        return Origin("", key)

    def _get_context_path(self, host: str, port: int | str) -> str:
        """The path under which the client sees this backend."""
        if self.proxy_base:
            return paths.context_path(self.base_url, self.proxy_base)
        host_and_port = str(port) if host == "localhost" else f"{bracketed(host)}:{port}"
        parts = ("proxy", "absolute") if self.absolute_url else ("proxy",)
        return paths.context_path(self.base_url, *parts, host_and_port)

    def in_use(self, path: str, *, is_tunnel: bool = False) -> Use:
        """Entered while an exchange runs; `is_tunnel`: while an upgrade is negotiated and its
        tunnel is open."""
        return NOBODYS

    def _is_use(self, path: str) -> bool:
        """Whether a request for `path` is use of the service, as opposed to a tab's polling."""
        patterns = self.exclude_last_activity_patterns
        return not patterns or counts_as_activity(path, self.request.path, patterns)

    async def call_backend(
        self, destination: Destination, method: str, head: bytes, *, is_repeatable: bool
    ) -> Call:
        """Send a request head on a connection to the destination."""
        pool = self._pool(destination)
        return await pool.call(method, head, is_repeatable=is_repeatable)

    def _request_body(self) -> RequestBody | None:
        return BufferedBody(self.request.body) if has_body(self.request.headers) else None

    # --- an exchange ---------------------------------------------------------------------

    async def relay_exchange(self, destination: Destination) -> None:
        """Send this request and pass the answer on. Raises a `ProxyError`."""
        with self.in_use(destination.path) as self._use:
            call = await self._send(destination, upgrade=None)
            await self._relay(call, destination)

    async def _send(self, destination: Destination, *, upgrade: str | None) -> Call:
        """Send the head on a connection, and let the body follow."""
        self._body = body = self._request_body()
        outbound = self._outbound(destination, upgrade, body)
        method = outbound.method
        head = encode_request(method, outbound.target, outbound.fields)
        is_repeatable = body is None and upgrade is None and method in REPEATABLE_METHODS
        call = await self.call_backend(destination, method, head, is_repeatable=is_repeatable)
        self._call = call
        if self._is_client_gone:
            call.abort()
            raise ClientGone("The client closed the connection")
        if body is not None:
            body.attach(call)
        return call

    def _outbound(
        self, destination: Destination, upgrade: str | None, body: RequestBody | None
    ) -> Outbound:
        """What the backend is sent."""
        return Outbound(
            str(self.request.method),
            self._request_target(destination),
            self._request_fields(destination, upgrade, body),
        )

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

    def _request_target(self, destination: Destination) -> str:
        raw_path, suffix = paths.split_target(self.request.uri or "/")
        if self.absolute_url:
            prefix = self._get_context_path(destination.host, destination.port)
            path = paths.absolute_path(raw_path, destination.path, prefix)
        else:
            path = paths.backend_path(raw_path, destination.path)
        if suffix and not self.forward_credentials:
            suffix = strip_query(suffix, self._jupyter_credentials)
        target = paths.with_query(path, suffix)
        if not paths.is_fit_for_request_line(target):
            raise TargetInvalid("The path contains characters that no request may have")
        return target

    def _request_fields(
        self, destination: Destination, upgrade: str | None, body: RequestBody | None
    ) -> list[tuple[str, str]]:
        request = self.request
        context = self._get_context_path(destination.host, destination.port)
        fields = request_headers(
            request.headers.get_all(),
            self._client_facts(),
            prefix=None if self.absolute_url else context,
            hidden=None if self.forward_credentials else self._jupyter_credentials,
            overrides=tuple(self.get_request_headers_override().items()),
            upgrade=upgrade,
            default_host=destination.authority,
        )
        if body is not None:
            fields.append(body.framing)
        return fields

    def _client_facts(self) -> ClientFacts:
        request = self.request
        return ClientFacts(
            remote_ip=request.remote_ip or "",
            scheme=request.protocol,
            host=request.headers.get("Host", ""),
            is_behind_trusted_proxy=self._is_behind_trusted_proxy(),
        )

    @property
    def _jupyter_credentials(self) -> Credentials:
        known = self._known_credentials
        if known is None:
            known = self._known_credentials = jupyter_credentials(self.settings, self)
        return known

    def _is_behind_trusted_proxy(self) -> bool:
        return bool(getattr(self.settings.get("serverapp"), "trust_xheaders", False))

    # --- the response --------------------------------------------------------------------

    async def _relay(self, call: Call, destination: Destination) -> None:
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
        if is_event_stream(exchange.headers):
            self._use.became_stream()
        else:
            self._use.answered()
        self._note_activity(destination.path)
        if self._rewriters() and wants_rewriting(exchange, self.rewrite_content_types):
            await self._pass_on_rewritten(call, destination)
        else:
            await self._pass_on_as_it_comes(exchange, destination)

    async def _pass_on_as_it_comes(self, exchange: Exchange, destination: Destination) -> None:
        fields = self._response_fields(exchange.headers, exchange.status, destination)
        await self._client_side().send(
            exchange,
            fields + self.own_cookies(),
            on_head=lambda: self.note_relayed(exchange.status),
            on_progress=lambda: self._note_progress(destination.path),
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
        return response_headers(raw, self._response_rules(destination))

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

    # --- what is counted -------------------------------------------------------------------

    @property
    def _traffic(self) -> Traffic:
        """The numbers of this service."""
        return self.runtime.traffic[self.traffic_label]

    def on_finish(self) -> None:
        """Somebody was answered, by the application or by us."""
        self._traffic.count_answer(self.get_status())
        super().on_finish()

    def note_detached(self, status: int) -> None:
        """See `FrontHandler`."""
        super().note_detached(status)
        self._traffic.count_answer(status)

    def note_taken_over(self) -> None:
        """See `FrontHandler`."""
        super().note_taken_over()
        self._traffic.count_answer(101)

    # --- the client ------------------------------------------------------------------------

    def on_connection_close(self) -> None:
        """The client is gone: so is what was being done for it, at once."""
        self._is_client_gone = True
        if self._body is not None:
            self._body.discard()
        if self._call is not None:
            self._call.fail(ClientGone("The client closed the connection"))
        super().on_connection_close()

    def _note_progress(self, path: str) -> None:
        """Some of an answer has passed."""
        self._use.moved()
        self._note_activity(path)

    def _note_activity(self, path: str) -> None:
        """Note activity, at most once a second for one request."""
        now = asyncio.get_running_loop().time()
        if now - self._activity_noted < activity.SECONDS_BETWEEN_NOTES:
            return
        self._activity_noted = now
        if self._counts_as_activity(path):
            activity.record(self.settings)

    def _counts_as_activity(self, path: str) -> bool:
        return activity.is_activity(
            self,
            update=self.update_last_activity,
            patterns=self.exclude_last_activity_patterns,
            path=path,
            origin=self.origin_of("update_last_activity"),
        )


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
