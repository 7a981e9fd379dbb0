"""Request bodies that are passed on while they arrive.

Tornado calls the verb of a streaming handler only after the whole body is in. So the verb
is started here as soon as the gate has let the request pass, and what Tornado calls later
only waits for it. A route of this package has two classes: the streaming one for requests
with a body, and the plain one, which costs less, for all others. Classes that other packages
subclass do not stream: they have their `request.body`.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Coroutine, Sequence
from copy import copy
from typing import Any

from tornado import httputil, routing, web

from ..errors import ClientSentNonsense
from .body import RequestBody, StreamedBody, has_body
from .relaying import RelayingHandler
from .seams.overrides import decide

# Bodies are passed on, not kept, so Jupyter's limit for what it keeps does not apply.
UNLIMITED = sys.maxsize
CHUNK_SIZE = 512 * 1024
HAS_BODY = "server_proxy_has_body"

# How long the rest of a body is taken in and dropped once it was answered: at most so long, and
# no longer than so long without a byte. As nginx's lingering_time and lingering_timeout.
LINGER_SECONDS = 30.0
LINGER_SILENCE_SECONDS = 5.0


@web.stream_request_body
class StreamingBody(RelayingHandler):
    """Mixed into the handlers of requests with a body, on this package's own routes."""

    _incoming: StreamedBody | None = None
    _serving: asyncio.Task[None] | None = None
    # Whether the end of the response was asked for.
    _is_ending = False

    async def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Pass the gate, then serve at once while the body follows."""
        serve = self._stand_in_for_verb()
        self._expect_body()
        self._incoming = self._body_to_drop()
        try:
            await super().prepare(*args, **kwargs)
        except Exception as error:
            self._answer_error(error)
            self._is_ending = True
        if self._is_ending or self.is_answered:
            self._go_on(self._end())
            return
        self._incoming = self._incoming or StreamedBody(self.request.headers)
        self._go_on(self._serve(serve))

    def _stand_in_for_verb(self) -> Any:
        """The verb, which Tornado cannot call any more, whatever becomes of the request."""
        verb = (self.request.method or "").lower()
        serve = getattr(self, verb)
        setattr(self, verb, self._body_arrived)
        return serve

    def _body_to_drop(self) -> StreamedBody | None:
        """The body of a request that may be refused: what comes of it is taken in for a while, so
        that a proxy in front of us that still sends is not cut off before it has the answer. None
        where the client waits to be told to send, or nobody can tell where the body would end."""
        if "Expect" in self.request.headers:
            return None
        with contextlib.suppress(ClientSentNonsense):
            return StreamedBody(self.request.headers)
        return None

    def _go_on(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what is left to be done, while Tornado reads the body."""
        name = f"server-proxy upload {self.request.path}"
        self._serving = asyncio.create_task(work, name=name)

    def _expect_body(self) -> None:
        """Let it be of any size, and be read in pieces that are worth their overhead."""
        connection = self._connection()
        connection.set_max_body_size(UNLIMITED)
        connection.params = copy(connection.params)
        connection.params.chunk_size = CHUNK_SIZE
        connection.stream.read_chunk_size = CHUNK_SIZE

    async def _serve(self, serve: Any) -> None:
        try:
            result = serve(*self.path_args, **self.path_kwargs)
            if result is not None:
                await result
        except Exception as error:
            self._answer_error(error)
        await self._end()

    def _answer_error(self, error: Exception) -> None:
        """As Tornado answers what a verb raises."""
        details = (type(error), error, error.__traceback__)
        self.log_exception(*details)
        status = error.status_code if isinstance(error, web.HTTPError) else 500
        self.send_error(status, exc_info=details)

    async def _end(self) -> None:
        """End the response when the body has ended."""
        await self._linger()
        if not self.is_answered:
            self.finish()

    def finish(self, chunk: Any = None) -> asyncio.Future[None]:
        """End the response. One that is there before the body ended goes out at once, but is
        ended after it: Tornado then closes the connection, and closing one on which bytes
        still arrive resets it, which may throw the answer away (RFC 9112 section 9.6)."""
        self._is_ending = True
        if self._incoming is None and not self.is_head_sent:
            # The gate has answered, and nobody reads the body, so Tornado closes the connection.
            # A proxy in front of us that was not told would ask the next thing on it.
            self.set_header("Connection", "close")
        if self._incoming is None or self._incoming.has_ended or self.is_head_sent:
            return super().finish(chunk)
        if chunk is not None:
            self.write(chunk)
        return self.flush()

    async def _linger(self) -> None:
        """Drop what is left of the body, for a while."""
        body = self._incoming
        if body is None:
            return
        body.discard()
        deadline = asyncio.get_running_loop().time() + LINGER_SECONDS
        seen = -1
        while not body.has_ended and seen != body.received:
            if asyncio.get_running_loop().time() > deadline:
                break
            seen = body.received
            await body.wait_ended(LINGER_SILENCE_SECONDS)
        body.end()

    async def _body_arrived(self, *_args: Any, **_kwargs: Any) -> None:
        """Stands for the verb that is being served already."""
        if self._incoming is not None:
            self._incoming.finish()
        if self._serving is not None:
            await self._serving

    async def data_received(self, chunk: bytes) -> None:
        """A piece of the body; the next one is read when this one could be sent."""
        if self._incoming is not None:
            await self._incoming.feed(chunk)

    def _request_body(self) -> RequestBody | None:
        return self._incoming

    def on_connection_close(self) -> None:
        """The client is gone, possibly in the middle of its body."""
        if self._incoming is not None:
            self._incoming.discard()
            self._incoming.end()
        super().on_connection_close()


class WithBody(routing.PathMatches):
    """Matches requests with a body on a path, unless somebody else's code would miss it."""

    def __init__(self, pattern: str, handler: type) -> None:
        super().__init__(pattern)
        self._handler = handler

    def match(self, request: httputil.HTTPServerRequest) -> dict[str, Any] | None:
        """See `tornado.routing.Matcher`."""
        # Asked for every route in turn, so it is remembered with the request.
        known: bool | None = request.__dict__.get(HAS_BODY)
        if known is None:
            known = request.__dict__[HAS_BODY] = has_body(request.headers)
        if not known or decide(self._handler):
            return None
        return super().match(request)


def with_streaming(routes: Sequence[Any]) -> list[Any]:
    """`routes`, each a tuple of pattern, handler class and keywords, and before them the ones
    that take requests with a body, which are streamed to those handlers that only relay."""
    streaming = [
        routing.Rule(WithBody(pattern, handler), _streaming_class(handler), *keywords)
        for pattern, handler, *keywords in routes
        if getattr(handler, "relays_only", False)
    ]
    return [*streaming, *routes]


def _streaming_class(handler: type[RelayingHandler]) -> type[RelayingHandler]:
    # A class that `type()` made in a configuration file has no module.
    module = getattr(handler, "__module__", __name__)
    attributes = {"__doc__": handler.__doc__, "__module__": module}
    return type(f"Streaming{handler.__name__}", (StreamingBody, handler), attributes)
