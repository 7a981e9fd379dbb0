"""`rewrite_response`: the one path on which a response is collected before it is passed on.

It is bounded in size, and applies only where a service asks for it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from http.client import responses
from typing import Any, NoReturn

from tornado import httpclient, httputil
from traitlets import (
    Bytes,
    Dict,
    HasTraits,
    Instance,
    Integer,
    TraitError,
    Unicode,
    Union,
    default,
    observe,
)

from ..backend.exchange import Exchange
from ..callbacks import call
from ..errors import RewriteFailed
from ..rules.headers import is_event_stream
from ..rules.service import Origin, UserCallable


class _Unshown:
    """A trait whose value, which may be a whole page, is in no message."""

    name: str | None
    info: Callable[[], str]

    def error(self, _obj: Any, value: object, *_more: Any) -> NoReturn:
        """See `traitlets.TraitType.error`."""
        raise TraitError(f"{self.name} must be {self.info()}, not {type(value).__name__}")


class _UnshownBytes(_Unshown, Bytes):
    pass


class _UnshownUnion(_Unshown, Union):
    pass


class RewritableResponse(HasTraits):
    """A response that a `rewrite_response` function may change.

    `body` (bytes), `headers` (HTTPHeaders or a dict), `code` (int) and `reason` (str) may be
    assigned. `reason` follows `code` as long as it is the standard phrase.
    """

    orig_response = Instance(klass=httpclient.HTTPResponse)
    headers = _UnshownUnion(trait_types=[Dict(), Instance(klass=httputil.HTTPHeaders)])
    body = _UnshownBytes()
    code = Integer()
    reason = Unicode(allow_none=True)

    @default("headers")
    def _default_headers(self) -> httputil.HTTPHeaders:
        return copy(self.orig_response.headers)

    @default("body")
    def _default_body(self) -> bytes:
        return self.orig_response.body

    @default("code")
    def _default_code(self) -> int:
        return self.orig_response.code

    @default("reason")
    def _default_reason(self) -> str | None:
        return self.orig_response.reason

    @observe("code")
    def _reason_follows_code(self, change: Any) -> None:
        if self.reason == responses.get(change["old"], "Unknown"):
            self.reason = responses.get(change["new"], "Unknown")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The default must be there before the first assignment, or the observer above
        # would compare with 0.
        self.code  # noqa: B018

    def copied(self) -> RewritableResponse:
        """A copy whose changes do not show in this one."""
        new = copy(self)
        new.headers = copy(self.headers)
        return new

    def header_items(self) -> list[tuple[str, str]]:
        """The headers, repeated ones repeated."""
        if isinstance(self.headers, httputil.HTTPHeaders):
            return list(self.headers.get_all())
        return [(str(name), str(value)) for name, value in self.headers.items()]


def wants_rewriting(exchange: Exchange, content_types: Sequence[str]) -> bool:
    """Whether this response is one to collect: not an event stream, and of a chosen type.

    `content_types` holds media types ("text/html") or ranges ("text/*"); empty means all.
    """
    if is_event_stream(exchange.content_type) or exchange.status == 101:
        return False
    if not content_types:
        return True
    media_type = _media_type(exchange)
    main_type = media_type.partition("/")[0]
    return media_type in content_types or f"{main_type}/*" in content_types


def _media_type(exchange: Exchange) -> str:
    return exchange.content_type.decode("latin-1").partition(";")[0].strip().lower()


async def collect(exchange: Exchange, limit: int) -> bytes:
    """The whole body. Raises RewriteFailed beyond `limit` bytes, and what broke the exchange."""
    chunks: list[bytes] = []
    size = 0
    while chunk := await exchange.read():
        size += len(chunk)
        if size > limit:
            raise RewriteFailed(f"The response is larger than the {limit} bytes it may have")
        chunks.append(chunk)
    return b"".join(chunks)


async def rewritten(
    exchange: Exchange,
    body: bytes,
    functions: Sequence[UserCallable],
    *,
    known: Mapping[str, Any],
    url: str,
    origin: Origin,
) -> RewritableResponse:
    """What `functions`, one after the other, make of the response.

    Each gets a copy as `response`, the unchanged one as `orig_response`, and what it asks for
    of `known`. Raises CallableFailed, by `origin`, when one raises.
    """
    original = RewritableResponse(orig_response=_as_fetched(exchange, body, url))
    result = original
    for function in functions:
        result = result.copied()
        arguments = {**known, "response": result, "orig_response": original}
        await call(function, arguments, origin)
    return result


def _as_fetched(exchange: Exchange, body: bytes, url: str) -> httpclient.HTTPResponse:
    headers = httputil.HTTPHeaders()
    for name, value in exchange.headers:
        headers.add(name.decode("latin-1"), value.decode("latin-1"))
    return httpclient.HTTPResponse(
        httpclient.HTTPRequest(url),
        exchange.status,
        headers=headers,
        buffer=io.BytesIO(body),
        reason=exchange.reason,
    )
