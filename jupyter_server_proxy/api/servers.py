"""`GET server-proxy/servers-info`: what launchers show. Nothing here starts or stops anything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web


class LauncherEntry(Protocol):
    """The part of a service's launcher entry that is sent."""

    enabled: Any
    title: Any
    path_info: Any
    category: Any
    icon_path: Any


class ServerProcess(Protocol):
    """The part of a configured service that is sent; the rest may be secret or a callable."""

    name: Any
    launcher_entry: Any
    new_browser_tab: Any


class ServersInfoHandler(JupyterHandler):
    """Lists the services that a launcher may show."""

    server_processes: list[ServerProcess]

    def initialize(self, server_processes: Iterable[ServerProcess]) -> None:
        """Remember the services; called by Tornado with the route's keywords."""
        self.server_processes = list(server_processes)

    @web.authenticated
    @authorized(action="read", resource="server-proxy-info")  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """Answer `{"server_processes": [...]}`."""
        described = [describe(process, self.base_url) for process in self.server_processes]
        self.write({"server_processes": described})


def describe(process: ServerProcess, base_url: str) -> dict[str, Any]:
    """What a launcher needs to know about `process`; `icon_url` only when it has an icon."""
    entry: LauncherEntry = process.launcher_entry
    launcher = {
        "enabled": entry.enabled,
        "title": entry.title,
        "path_info": entry.path_info,
        "category": entry.category,
    }
    if entry.icon_path:
        # A slash in a name stays one: the icon's route takes all that follows as the name.
        name = quote(process.name, safe="/-._~!$&'()*+,;=:@")
        launcher["icon_url"] = url_path_join(base_url, "server-proxy", "icon", name)
    return {
        "name": process.name,
        "launcher_entry": launcher,
        "new_browser_tab": process.new_browser_tab,
    }
