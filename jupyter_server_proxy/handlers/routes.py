"""The routes that exist without any service: `/proxy/...`."""

from __future__ import annotations

import re
from typing import Any

from jupyter_server.utils import url_path_join
from tornado import web

from ..rules.hosts import parse_ports
from .local import LocalRoute, RemoteRoute
from .streaming import with_streaming

# A host name, an IPv4 address, or an IPv6 address in brackets (percent-encoded or not).
HOST = r"((?:\[|%5[Bb])[^/\]@]+(?:\]|%5[Dd])|[^/:@]+)"
PORT = r"(\d+)"
PATH = r"(/.*|)"


def setup_handlers(web_app: web.Application, serverproxy_config: Any) -> None:
    """Add the `/proxy/` routes to `web_app` as `serverproxy_config` (a `ServerProxy`) says."""
    base = re.escape(web_app.settings["base_url"])
    common = {
        "rewrite_response": serverproxy_config.non_service_rewrite_response,
        "forward_credentials": getattr(serverproxy_config, "forward_credentials", False),
        "allowed_ports": parse_ports(getattr(serverproxy_config, "allowed_ports", None)),
    }
    remote = {**common, "host_allowlist": serverproxy_config.host_allowlist}
    routes: list[Any] = []
    for prefix, is_absolute in (("/proxy/", False), ("/proxy/absolute/", True)):
        kind = {"absolute_url": is_absolute}
        local_pattern = url_path_join(base, prefix + PORT + PATH)
        remote_pattern = url_path_join(base, prefix + HOST + ":" + PORT + PATH)
        routes.append((remote_pattern, RemoteRoute, {**remote, **kind}))
        routes.append((local_pattern, LocalRoute, {**common, **kind}))
    web_app.add_handlers(".*", with_streaming(routes))
