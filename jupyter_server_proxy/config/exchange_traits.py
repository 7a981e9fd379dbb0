"""The keys of a service that say what is changed, counted and forwarded. No I/O here."""

from __future__ import annotations

import re
from typing import Any

from traitlets import Bool, Callable, Dict, Instance, Int, List, Unicode, Union, validate
from traitlets.config import Configurable

from .checks import pattern
from .traits import callables, secret_texts_or_callable

MEBIBYTE = 1024 * 1024


class ExchangeTraits(Configurable):
    """What happens to requests and answers on their way."""

    absolute_url = Bool(
        False,
        help="""
        False: the program sees paths below its own root, ``/``. True: it sees the whole path as the
        browser sent it, base URL and name included.
        """,
    ).tag(config=True, expects="True or False")

    mappath = Union(
        [Dict(Unicode()), Callable()],
        default_value={},
        help="""
        Paths to ask the backend for instead: a dictionary of exact paths, or a callable that gets
        ``path`` and returns the other path, which may hold a query. For websockets too.
        """,
    ).tag(config=True, expects="a dictionary of paths, or a callable")

    request_headers_override = secret_texts_or_callable(
        help="""
        Headers to set on every request to the backend, websockets included, with templates as in
        ``command``. Or a callable that returns them, with those of the arguments ``port``,
        ``unix_socket``, ``base_url`` and ``name`` that it names.
        """,
    )

    rewrite_response = callables(
        help="""
        A callable, or a list of them called in turn, that may change an answer: it gets
        ``response``, whose ``body``, ``headers``, ``code`` and ``reason`` it may set, and those of
        the arguments ``request``, ``orig_response``, ``host``, ``port`` and ``path`` that it names.
        What it returns is ignored. For example:

            def dog_to_cat(response):
                response.headers["I-Like"] = "tacos"
                response.body = response.body.replace(b"dog", b"cat")

        Answers that are rewritten are held in memory until they are complete; all others stream.
        """,
    )

    rewrite_response_content_types = List(
        Unicode(),
        help="""
        Content types, such as ``"text/html"`` or ``"text/*"``, of the answers that
        ``rewrite_response`` gets; all others stream past it. Empty means every answer.
        """,
    ).tag(config=True, expects='a list of content types, such as ["text/html"]')

    rewrite_response_limit = Int(
        64 * MEBIBYTE,
        min=1,
        help="""
        Size in bytes up to which an answer is held in memory for ``rewrite_response``. A larger one
        is an error.
        """,
    ).tag(config=True, expects="a number of bytes, 1 or more")

    update_last_activity = Union(
        [Bool(), Callable()],
        default_value=True,
        help="""
        Whether traffic of this service counts as activity of the Jupyter server, which keeps it
        from being shut down as idle. Or a callable that decides: it gets one object with ``path``
        and ``request`` and returns True or False.
        """,
    ).tag(config=True, expects="True, False or a callable")

    exclude_last_activity_patterns = List(
        Union([Unicode(), Instance(re.Pattern)]),
        help="""
        Regular expressions for paths that do not count as activity, such as those an application
        asks for while nobody uses it. They are matched from the start of the path after the prefix,
        and of the full path. For Jupyter they are only looked at when ``update_last_activity`` is
        True; for ``idle_timeout`` always.
        """,
    ).tag(config=True, expects="a list of regular expressions, as strings or compiled")

    @validate("exclude_last_activity_patterns")
    def _compile_patterns(self, proposal: Any) -> list[Any]:
        """Subclasses of other packages match with them; one that is wrong stays as written, for
        `compile_service` to say so."""
        return [_compiled(value) for value in proposal["value"]]

    raw_socket_proxy = Bool(
        False,
        help="""
        Join websocket messages and a plain TCP or unix socket stream, as websockify does. Plain
        HTTP requests are refused.
        """,
    ).tag(config=True, expects="True or False")

    forward_credentials = Bool(
        None,
        allow_none=True,
        help="""
        Whether the backend receives Jupyter's own login cookie and token with each request. None
        means what ``ServerProxy.forward_credentials`` says.
        """,
    ).tag(config=True, expects="True, False or None")


def _compiled(value: Any) -> Any:
    try:
        return pattern(value)
    except ValueError:
        return value
