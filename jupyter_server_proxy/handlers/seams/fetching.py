"""Requests that only Tornado's own client can make, such as those that follow redirects.

Their answers are collected; everything else goes through the engine.
"""

from __future__ import annotations

from tornado import httpclient, httputil
from tornado.simple_httpclient import (
    HTTPStreamClosedError,
    HTTPTimeoutError,
    SimpleAsyncHTTPClient,
)

from ...errors import BackendBroke, BackendUnreachable, ResponseTimedOut
from ...rules.targets import Target, UnixTarget
from ...unixsock import UnixResolver


def make_client(target: Target) -> httpclient.AsyncHTTPClient:
    """A client of Tornado's that reaches `target`; the caller closes it."""
    if isinstance(target, UnixTarget):
        return SimpleAsyncHTTPClient(force_instance=True, resolver=UnixResolver(target.path))
    return httpclient.AsyncHTTPClient(force_instance=True)


async def fetch(
    client: httpclient.AsyncHTTPClient,
    request: httpclient.HTTPRequest,
    fields: list[tuple[str, str]],
) -> httpclient.HTTPResponse:
    """The answer to `request`, sent with `fields`.

    Raises BackendUnreachable, BackendBroke or ResponseTimedOut.
    """
    headers = httputil.HTTPHeaders()
    for name, value in fields:
        headers.add(name, value)
    request.headers = headers
    response = await client.fetch(request, raise_error=False)
    error = response.error
    if isinstance(error, HTTPTimeoutError):
        raise ResponseTimedOut(f"The application did not answer in time: {error.message}")
    if isinstance(error, HTTPStreamClosedError):
        raise BackendBroke("The application closed the connection without an answer")
    if error is not None and not isinstance(error, httpclient.HTTPError):
        raise BackendUnreachable(f"The application could not be asked: {error}")
    return response
