"""Which of the methods that packages may override a class has overridden.

A request takes a compatible path only where somebody else's code would see the difference.
Whose code a method is, is told by the module it was written in, so that a method which was
replaced in one of our own classes counts as well. No I/O here.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, NamedTuple

# Replace the request that the backend is sent (with `self.request.body` in memory).
REQUEST_SEAMS = (
    "_build_proxy_request",
    "_proxy_buffered",
    "_proxy_progressive",
    "get_client_uri",
    "proxy_request_headers",
    "proxy_request_options",
)
# Run around the relaying of a request, and may change its answer once that is over.
ANSWER_SEAMS = (
    "add_header",
    "clear_header",
    "delete",
    "extension_method",
    "finish",
    "flush",
    "get",
    "head",
    "http_get",
    "options",
    "patch",
    "post",
    "proxy",
    "put",
    "set_header",
    "set_status",
    "write",
)
# Are told the messages of a websocket, or send some of their own.
MESSAGE_SEAMS = (
    "on_close",
    "on_message",
    "on_ping",
    "on_pong",
    "ping",
    "write_message",
)
# Are asked one question each.
QUESTION_SEAMS = (
    "_check_host_allowlist",
    "_get_context_path",
    "_record_activity",
    "_rewrite_location_header",
    "check_origin",
    "get_current_user",
    "get_request_headers_override",
    "open",
    "prepare",
    "proxy_open",
    "select_subprotocol",
)
SEAMS = (*REQUEST_SEAMS, *ANSWER_SEAMS, *QUESTION_SEAMS)

# The packages whose methods are what everybody starts from.
BASE_PACKAGES = frozenset(("jupyter_server_proxy", "jupyter_server", "tornado"))
_DECISION = "_seams_overridden"
_methods_of = attrgetter(*SEAMS)


class _Decision(NamedTuple):
    methods: tuple[Any, ...]
    overridden: frozenset[str]


def overridden(cls: type) -> frozenset[str]:
    """The names among `SEAMS` that `cls` has from somebody else; empty for most classes.

    Decided once per class, and again when one of its methods has been replaced since.
    """
    methods = _methods_of(cls)
    known: _Decision | None = cls.__dict__.get(_DECISION)
    if known is None or known.methods != methods:
        found = zip(SEAMS, methods, strict=True)
        foreign = frozenset(name for name, method in found if is_foreign(method))
        known = _Decision(methods, foreign)
        setattr(cls, _DECISION, known)
    return known.overridden


def is_foreign(method: object) -> bool:
    """Whether `method`, as found in a class, was written outside of the base packages.

    The module it was written in counts, not the `__module__` that `functools.wraps` copies.
    """
    function: Any = getattr(method, "fget", None) or method
    module = getattr(function, "__globals__", {}).get("__name__", "")
    return module.partition(".")[0] not in BASE_PACKAGES
