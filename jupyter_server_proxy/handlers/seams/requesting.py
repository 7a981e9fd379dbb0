"""The request that overridden methods ask for, in place of the engine's own.

Without such an override nothing here is run. The whole body is in `request.body` then.
"""

from __future__ import annotations

import contextlib
from collections.abc import Coroutine
from typing import Any

from tornado import httpclient, httputil

from ...callbacks import returned_nonsense
from ...rules.forwarded import prefix_fields
from ...rules.headers import request_headers
from ...rules.targets import TcpTarget, bracketed
from ..body import BufferedBody
from ..destination import Destination, Outbound
from ..front import awaited
from .answering import AnswerSeams
from .asked import (
    Asked,
    AskedFields,
    needs_tornado,
    offered_subprotocols,
    read_request,
    sort_fields,
    target_of,
    with_handshake,
    with_subprotocols,
)
from .fetching import fetch, make_client
from .overrides import ORIGIN, REQUEST_SEAMS


class RequestSeams(AnswerSeams):
    """Asks the methods that packages override for the request to send."""

    # Whether messages of websockets are looked at even where nobody overrides anything, so that
    # none is larger than `max_message_size`.
    is_limiting_messages = False
    # What select_subprotocol left to offer the backend.
    _requested_subprotocols: list[str] | None = None

    # --- the seams -------------------------------------------------------------------------

    def proxy_request_headers(self) -> httputil.HTTPHeaders:
        """The client's headers, with those of `get_request_headers_override` in their place.

        What an override changes is sent as it says; Jupyter's credentials are taken out of
        what it leaves as it is.
        """
        headers = self.request.headers.copy()
        headers.update(self.get_request_headers_override())
        return headers

    def proxy_request_options(self) -> dict[str, Any]:
        """Keywords for Tornado's `HTTPRequest`: `connect_timeout` is the time to connect, and
        `request_timeout` how long the backend may be silent, in seconds, 0 for no limit."""
        return {
            "follow_redirects": False,
            "connect_timeout": self.connect_timeout,
            "request_timeout": self.response_timeout,
            "allow_nonstandard_methods": True,
        }

    def get_client_uri(self, protocol: str, host: str, port: Any, proxied_path: str) -> str:
        """The URL to ask for: `protocol` is "http" or "ws", `proxied_path` is decoded."""
        destination = self._asked_destination(host, port, proxied_path)
        return f"{protocol}://{bracketed(host)}:{port}{self._request_target(destination)}"

    def _build_proxy_request(
        self, host: str, port: Any, proxied_path: str, body: bytes | None, **extra_opts: Any
    ) -> httpclient.HTTPRequest:
        """The request to send, as one of Tornado's client."""
        headers = self.proxy_request_headers()
        if not self.absolute_url:
            given = httputil.HTTPHeaders(self.get_request_headers_override())
            for name, value in prefix_fields(self._get_context_path(host, port)):
                if name not in given:
                    headers[name] = value
        options = {
            **RequestSeams.proxy_request_options(self),
            "decompress_response": False,
            **self.proxy_request_options(),
            **extra_opts,
        }
        return httpclient.HTTPRequest(
            self.get_client_uri("http", host, port, proxied_path),
            method=str(self.request.method),
            headers=headers,
            body=body,
            **options,
        )

    async def _proxy_buffered(
        self, host: str, port: Any, proxied_path: str, body: bytes | None, client: Any
    ) -> None:
        """Relay the request that `_build_proxy_request` makes. `client` is one of Tornado's, for
        overrides that fetch something themselves."""
        await self._relay_asked(host, port, proxied_path, body, client)

    async def _proxy_progressive(
        self, host: str, port: Any, proxied_path: str, body: bytes | None, client: Any
    ) -> None:
        """As `_proxy_buffered`: both pass the answer on while it comes."""
        await self._relay_asked(host, port, proxied_path, body, client)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """The sub-protocol that the client is told. Only an override of it is asked: without one
        the backend chooses among all that the client offers."""
        self._requested_subprotocols = subprotocols or None
        return subprotocols[0] if subprotocols else None

    # --- where the engine asks them -------------------------------------------------------

    # No coroutine of its own: whoever overrides nothing must not pay for it.
    def relay_exchange(self, destination: Destination) -> Coroutine[Any, Any, None]:
        """Send this request and pass the answer on, as overridden methods say."""
        if not self.overrides or self.overrides.isdisjoint(REQUEST_SEAMS):
            return super().relay_exchange(destination)
        return self._relay_overridden(destination)

    async def _relay_overridden(self, destination: Destination) -> None:
        self._destination = destination
        is_event_stream = self.request.headers.get("Accept") == "text/event-stream"
        relay = self._proxy_progressive if is_event_stream else self._proxy_buffered
        with contextlib.closing(make_client(destination.target)) as client:
            await awaited(
                relay(
                    destination.host,
                    destination.port,
                    destination.path,
                    self._whole_body(),
                    client,
                )
            )

    def _whole_body(self) -> bytes | None:
        body = self.request.body
        return body or (b"" if self.request.method in ("POST", "PUT") else None)

    async def _relay_asked(
        self, host: str, port: Any, proxied_path: str, body: bytes | None, client: Any
    ) -> None:
        request = await awaited(self._build_proxy_request(host, port, proxied_path, body))
        if not isinstance(request, httpclient.HTTPRequest):
            problem = f"returned {type(request).__name__}, not tornado.httpclient.HTTPRequest"
            raise returned_nonsense(self._build_proxy_request, ORIGIN, problem)
        destination = self._asked_destination(host, port, proxied_path)
        if needs_tornado(request):
            await self._relay_fetched(client, request, destination)
            return
        asked = read_request(request, self.request.headers)
        self.connect_timeout, self.response_timeout = asked.connect_timeout, asked.silence_timeout
        if (asked.host, asked.port) != (host.strip("[]"), int(port)):
            target = TcpTarget(asked.host, asked.port)
            destination = Destination(target, asked.host, asked.port, proxied_path)
        await self._relay_request(destination, self._outbound_asked(asked, destination))

    async def _relay_fetched(
        self, client: Any, request: httpclient.HTTPRequest, destination: Destination
    ) -> None:
        fields = sort_fields(request.headers, self.request.headers)
        sent = self._fields_as_asked(fields, destination, prefix=None)
        with self.in_use(destination.path) as use:
            response = await fetch(client, request, sent)
            use.answered()
        self._note_activity(destination.path)
        self._answer_fetched(response, destination)

    # --- what is sent ------------------------------------------------------------------------

    def _outbound_asked(self, asked: Asked, destination: Destination) -> Outbound:
        body = BufferedBody(asked.body) if asked.body is not None else None
        fields = self._fields_as_asked(asked.fields, destination, prefix=None)
        if body is not None:
            fields.append(body.framing)
        return Outbound(asked.method, asked.target, fields, body)

    def _outbound_upgrade(self, destination: Destination) -> Outbound:
        outbound = super()._outbound_upgrade(destination)
        if not (self.overrides or self.is_limiting_messages):
            return outbound
        return self._upgrade_as_asked(outbound, destination, self.offered_protocols)

    def _upgrade_as_asked(
        self, outbound: Outbound, destination: Destination, upgrade: str
    ) -> Outbound:
        self._destination = destination
        host, port, path = destination.host, destination.port, destination.path
        if "get_client_uri" in self.overrides:
            url = self.get_client_uri("ws", host, port, "/" + path.removeprefix("/"))
            outbound = outbound._replace(target=target_of(url))
        if "proxy_request_headers" in self.overrides:
            fields = sort_fields(self.proxy_request_headers(), self.request.headers)
            prefix = None if self.absolute_url else self._get_context_path(host, port)
            sent = self._fields_as_asked(fields, destination, prefix=prefix, upgrade=upgrade)
            outbound = outbound._replace(fields=with_handshake(sent, self.request.headers))
        if "select_subprotocol" in self.overrides:
            offered = offered_subprotocols(self.request.headers)
            self._chosen_subprotocol = self.select_subprotocol(offered)
            sent = with_subprotocols(outbound.fields, self._requested_subprotocols or ())
            outbound = outbound._replace(fields=sent)
        return outbound

    def _fields_as_asked(
        self,
        fields: AskedFields,
        destination: Destination,
        *,
        prefix: str | None,
        upgrade: str | None = None,
    ) -> list[tuple[str, str]]:
        return request_headers(
            fields.kept,
            self._client_facts(),
            prefix=prefix,
            hidden=None if self.forward_credentials else self._jupyter_credentials,
            overrides=fields.replaced,
            upgrade=upgrade,
            default_host=destination.authority,
        )
