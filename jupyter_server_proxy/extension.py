"""The Jupyter server extension: finds the services, adds the routes, stops everything.

Wiring only; what a service is lives in `config`, what a route does in `handlers` and `api`.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join

from .api import IconHandler, ServersInfoHandler
from .api.context import Api
from .api.routes import api_routes
from .api.telemetry import emit_states
from .config import ServerProcess, ServerProxy, compile_service, discover, make_handlers
from .config.listed import Listed
from .config.routes import whole_route
from .config.runtime_services import RuntimeServices
from .config.saved import Saved, saved_file
from .errors import ConfigurationError
from .handlers import Runtime, setup_handlers
from .handlers.catalog import Catalog, Entry, Source
from .handlers.facts import Addresses
from .handlers.metrics import show_metrics
from .handlers.misconfigured import MisconfiguredHandler

# JupyterHub's local spawner gives a server five seconds between asking and killing it.
SHUTDOWN_GRACE = 3.0


class ServerProxyExtension(ExtensionApp):
    """What Jupyter loads, starts and stops."""

    name = "jupyter_server_proxy"
    load_other_extensions = True
    runtime: Runtime | None = None

    def initialize_handlers(self) -> None:
        """Called by Jupyter when the extension is loaded."""
        self.runtime = load(self.serverapp)

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Called by Jupyter once its event loop runs: services that start by themselves."""
        await super()._start_jupyter_server_extension(serverapp)  # type: ignore[no-untyped-call]
        if self.runtime is not None:
            self.runtime.start_automatic()

    async def stop_extension(self) -> None:
        """Called by Jupyter when it shuts down."""
        if self.runtime is not None:
            await self.runtime.close(grace=SHUTDOWN_GRACE)


def load(serverapp: Any) -> Runtime:
    """Add every route to `serverapp`; the runtime returned is the caller's to close."""
    web_app = serverapp.web_app
    base_url = web_app.settings["base_url"]
    runtime = Runtime.of(web_app.settings, serverapp.log)
    proxy = ServerProxy(parent=serverapp)
    processes = discover(proxy)

    def leave_out(process: ServerProcess, error: ConfigurationError) -> None:
        processes.remove(process)
        proxy.report_broken(error)

    handlers = make_handlers(base_url, list(processes), on_broken=leave_out)
    listed = Listed(processes)
    services = RuntimeServices(web_app, runtime, proxy, listed=listed, saved=Saved(saved_file()))
    services.router.join()
    web_app.add_handlers(".*", handlers)
    list_services(runtime.catalog, processes, proxy.broken)
    for rule in handlers:
        if isinstance(rule, tuple):
            supervise_early(runtime, base_url, rule)
    setup_handlers(web_app, proxy)
    web_app.add_handlers(".*", _metadata_routes(base_url, listed))
    emit_states(runtime.catalog, serverapp.event_logger, serverapp.log)
    if proxy.metrics:
        show_metrics(runtime)
    api = Api(runtime, Addresses(base_url), manager=services)
    web_app.add_handlers(".*", api_routes(re.escape(base_url.rstrip("/")), api))
    web_app.add_handlers(".*", misconfigured_routes(base_url, runtime.catalog))
    # When all routes are there, so that it is known which names are taken.
    services.restore()
    names = ", ".join(process.name for process in listed.processes)
    serverapp.log.debug("server-proxy: services: %s", names or "none")
    return runtime


def list_services(
    catalog: Catalog, processes: list[ServerProcess], broken: list[ConfigurationError]
) -> None:
    """Add every service to `catalog`, those that cannot work as well, with the reason."""
    for process in processes:
        source = Source.PACKAGE if process.package else Source.CONFIG
        service = None
        # One that makes a handler of its own need not be what else could work.
        with contextlib.suppress(ConfigurationError):
            service = compile_service(process)
        catalog.add(Entry(process.name, source, service, package=process.package))
    for error in broken:
        if error.service and catalog.get(error.service) is None:
            source = Source.PACKAGE if error.package else Source.CONFIG
            problem = f"{error.key}: {error.problem}"
            catalog.add(Entry(error.service, source, package=error.package, problem=problem))


def misconfigured_routes(base_url: str, catalog: Catalog) -> list[Any]:
    """Routes that say what is wrong with each service that cannot work."""
    wrong = [{"name": entry.name, "problem": entry.problem} for entry in catalog if entry.problem]
    return [whole_route(base_url, facts["name"], MisconfiguredHandler, facts) for facts in wrong]


def supervise_early(runtime: Runtime, base_url: str, rule: Any) -> None:
    """Make the supervisor of a route now rather than at its first request, so that
    services can start by themselves and are known before they are used."""
    _, handler, *keywords = rule
    make = getattr(handler, "make_supervisor", None)
    if make is not None and keywords:
        make(runtime, base_url, keywords[0].get("state"))


def _metadata_routes(base_url: str, listed: Listed) -> list[Any]:
    info = url_path_join(base_url, "server-proxy/servers-info")
    icon = url_path_join(base_url, r"server-proxy/icon/(.*)")
    return [
        (info, ServersInfoHandler, {"server_processes": listed.processes}),
        (icon, IconHandler, {"icons": listed.icons}),
    ]
