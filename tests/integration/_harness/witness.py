"""A server extension that tells the tests what the running application consists of.

Loaded into the Jupyter server under test; answers `GET /witness` to anybody.
"""

from __future__ import annotations

import json
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.utils import url_path_join
from tornado import web

from jupyter_server_proxy.handlers.runtime import Runtime


class WitnessHandler(web.RequestHandler):
    """Every route of this package, and every service with its state."""

    @allow_unauthenticated
    def get(self) -> None:
        runtime = Runtime.of(self.settings, self.settings["serverapp"].log)
        services = {supervisor.name: supervisor.state.name for supervisor in runtime.registry}
        routes = [found for found in map(described, rules_of(self.application)) if found]
        self.write({"routes": routes, "services": services, "tunnels": len(runtime.tunnels)})
        self.set_header("Content-Type", "application/json")


def rules_of(application: web.Application) -> list[Any]:
    """All rules, those that were added later and those within others included."""
    return [
        *_flat(application.wildcard_router.rules),
        *_flat(application.default_router.rules),
    ]


def _flat(rules: list[Any]) -> list[Any]:
    return [rule for top in rules for rule in (top, *_flat(getattr(top.target, "rules", [])))]


def described(rule: Any) -> dict[str, str] | None:
    """Pattern and class of a rule whose handler is this package's, directly or by inheritance."""
    handler = rule.target
    if not isinstance(handler, type):
        return None
    modules = {parent.__module__.partition(".")[0] for parent in handler.__mro__}
    if "jupyter_server_proxy" not in modules:
        return None
    return {"pattern": rule.matcher.regex.pattern, "handler": handler.__name__}


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "witness"}]


def _load_jupyter_server_extension(serverapp: Any) -> None:
    web_app = serverapp.web_app
    route = url_path_join(web_app.settings["base_url"], "witness")
    web_app.add_handlers(".*", [(route, WitnessHandler)])


def parsed(body: bytes) -> dict[str, Any]:
    """What the handler wrote."""
    told: dict[str, Any] = json.loads(body)
    return told
