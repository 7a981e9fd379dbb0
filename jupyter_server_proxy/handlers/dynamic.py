"""Routes that come and go while Jupyter runs, and which names are left for them.

What a route leads to is others' business; nothing here starts or stops anything.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Hashable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from jupyter_server.base.handlers import Template404
from tornado import httputil, routing, web

# What a regular expression of a path goes on with after its literal beginning.
_LITERAL = re.compile(r"(?:\\[^A-Za-z0-9]|[^\\.^$*+?{}\[\]|()])*")
_OPTIONAL = ("*", "?", "{")


class DynamicRouter(routing.RuleRouter):
    """Routes by key. The newest is tried first, so that what is added below another is found."""

    def __init__(self, application: web.Application) -> None:
        super().__init__()
        self._application = application
        self._by_key: dict[Hashable, list[routing.Rule]] = {}

    def add(self, key: Hashable, routes: Sequence[Any]) -> None:
        """Add Tornado's route tuples or rules, which `remove` removes again."""
        known = self.rules
        self.rules = []
        self.add_rules(list(routes))
        self._by_key[key] = self.rules
        self.rules = [*self.rules, *known]

    def remove(self, key: Hashable) -> None:
        """Remove the routes of `key`, if there are any. Requests under way go on."""
        leaving = self._by_key.pop(key, [])
        self.rules = [rule for rule in self.rules if rule not in leaving]

    def join(self) -> None:
        """Take part from now on: after the routes that the application has been given so far, and
        before its own."""
        # Jupyter's `add_handlers` takes handlers only, and looks at each.
        rule = routing.Rule(routing.AnyMatches(), self)
        self._application.default_router.rules.insert(-1, rule)

    def get_target_delegate(
        self, target: Any, request: httputil.HTTPServerRequest, **target_params: Any
    ) -> httputil.HTTPMessageDelegate | None:
        """See `tornado.routing.RuleRouter`: handlers get the application's settings."""
        if inspect.isclass(target) and issubclass(target, web.RequestHandler):
            return self._application.get_handler_delegate(request, target, **target_params)
        return super().get_target_delegate(target, request, **target_params)


def has_route(application: web.Application, base_url: str, name: str) -> bool:
    """Whether `/NAME` or anything below it is somebody's already: Jupyter's, an extension's or a
    service's."""
    if name in first_segments(application, base_url):
        return True
    path = base_url + quote(name, safe="")
    return any(_is_served(application, path + rest) for rest in ("", "/x"))


def first_segments(application: web.Application, base_url: str) -> set[str]:
    """The first segment below `base_url` of all routes in which it is fixed."""
    found = set()
    for pattern in _patterns(application.default_router):
        head, is_whole = literal_head(pattern)
        if head.startswith(base_url):
            segment, slash, _ = head[len(base_url) :].partition("/")
            if slash or is_whole:
                found.add(segment)
    return found - {""}


def literal_head(pattern: str) -> tuple[str, bool]:
    """What everything that matches `pattern` begins with, and whether that is all."""
    pattern = pattern.removeprefix("^").removesuffix("$")
    match = _LITERAL.match(pattern)
    head = match[0] if match is not None else ""
    rest = pattern[len(head) :]
    if rest.startswith(_OPTIONAL):
        head = head[:-1]
    return re.sub(r"\\(.)", r"\1", head), not rest


def _patterns(router: routing.RuleRouter) -> Iterator[str]:
    for rule in router.rules:
        if isinstance(rule.matcher, routing.PathMatches):
            yield rule.matcher.regex.pattern
        if isinstance(rule.target, routing.RuleRouter):
            yield from _patterns(rule.target)


def _is_served(application: web.Application, path: str) -> bool:
    line = httputil.RequestStartLine("GET", path, "HTTP/1.1")
    headers = httputil.HTTPHeaders({"Host": "127.0.0.1"})
    request = httputil.HTTPServerRequest(start_line=line, headers=headers)
    delegate = application.default_router.find_handler(request)
    # Not part of Tornado's interface by its class, which is the only one that there is.
    handler = getattr(delegate, "handler_class", None)
    return handler is not None and not issubclass(handler, Template404)
