"""The routes of the REST API, below `server-proxy/api/`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .context import Api
from .events import EventsView
from .logs import LogView
from .manage import AnyServicesView, AnyServiceView, InstancesView
from .missing import MissingView
from .openapi import OpenApiView
from .services import CommandView

PREFIX = "/server-proxy/api"
# A slash in a name may come as it is or percent-encoded.
SERVICE = r"/servers/(?P<name>.+?)(?:/instances/(?P<instance>[^/]+))?"
VIEWS: tuple[tuple[str, type], ...] = (
    (r"/servers", AnyServicesView),
    (r"/events", EventsView),
    (r"/openapi\.json", OpenApiView),
    (SERVICE + r"/(?P<command>start|stop|restart)", CommandView),
    (SERVICE + r"/log", LogView),
    (r"/servers/(?P<name>.+)/instances", InstancesView),
    (SERVICE, AnyServiceView),
    (r"(?:/.*)?", MissingView),
)


def api_routes(base: str, api: Api, *, guard: Callable[[type], type] | None = None) -> list[Any]:
    """Tornado's route tuples; `base` is the pattern of the base URL, without a slash at its end.

    `guard` makes of each view the one that is used, where the application has a login of its own.
    """

    def guarded(view: type) -> type:
        return view if guard is None else guard(view)

    return [(base + PREFIX + pattern, guarded(view), {"api": api}) for pattern, view in VIEWS]
