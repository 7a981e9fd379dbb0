"""Which of the methods that packages may override a class has overridden.

A request takes a compatible path only where somebody else's code would see the difference.
Whose code a method is, is told by the module it was written in, so that a method which was
replaced in one of our own classes counts as well. No I/O here.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, NamedTuple

from ...rules.service import Origin

# What a failure of such a method is put down to, next to its name.
ORIGIN = Origin("", "an overridden method")

# Replace the request that the backend is sent (with `self.request.body` in memory).
REQUEST_SEAMS = (
    "_build_proxy_request",
    "_proxy_buffered",
    "_proxy_progressive",
    "get_client_uri",
    "proxy_request_headers",
    "proxy_request_options",
)
# Have a request relayed, or answer it.
VERB_SEAMS = (
    "delete",
    "extension_method",
    "get",
    "head",
    "http_get",
    "options",
    "patch",
    "post",
    "proxy",
    "put",
)
# Run around the relaying of a request, and may change its answer once that is over.
ANSWER_SEAMS = (
    *VERB_SEAMS,
    "add_header",
    "clear_header",
    "finish",
    "flush",
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
SEAMS = (*REQUEST_SEAMS, *ANSWER_SEAMS, *MESSAGE_SEAMS, *QUESTION_SEAMS)

# Those that are called with a request to serve, and so can fail or hold up others.
WATCHED_SEAMS = frozenset((*REQUEST_SEAMS, *QUESTION_SEAMS, *VERB_SEAMS))

# The packages whose methods are what everybody starts from.
BASE_PACKAGES = frozenset(("jupyter_server_proxy", "jupyter_server", "tornado"))
_DECISION = "_seams_overridden"
_methods_of = attrgetter(*SEAMS)
# What sites replace in our classes while a server runs; looked at for every request.
_often_replaced = attrgetter(*REQUEST_SEAMS, "_rewrite_location_header", "select_subprotocol")


class _Decision(NamedTuple):
    often_replaced: tuple[Any, ...]
    overridden: frozenset[str]


def overridden(cls: type) -> frozenset[str]:
    """The names among `SEAMS` that `cls` has from somebody else; empty for most classes.

    Decided once per class, and again when one of the methods that build a request has been
    replaced since: looking at all of them would cost every request a hundredth of its time.
    """
    known: _Decision | None = cls.__dict__.get(_DECISION)
    if known is not None and known.often_replaced == _often_replaced(cls):
        return known.overridden
    return decide(cls)


def decide(cls: type) -> frozenset[str]:
    """What `overridden` returns from now on, by a look at every method."""
    found = zip(SEAMS, _methods_of(cls), strict=True)
    foreign = frozenset(name for name, method in found if is_foreign(method))
    decision = _Decision(_often_replaced(cls), foreign)
    if cls.__dict__.get(_DECISION) != decision:  # setting it makes the class's next uses slow
        setattr(cls, _DECISION, decision)
    return foreign


def is_foreign(method: object) -> bool:
    """Whether `method`, as found in a class, was written outside of the base packages.

    The module it was written in counts, not the `__module__` that `functools.wraps` copies.
    """
    function: Any = getattr(method, "fget", None) or method
    module = getattr(function, "__globals__", {}).get("__name__", "")
    return module.partition(".")[0] not in BASE_PACKAGES
