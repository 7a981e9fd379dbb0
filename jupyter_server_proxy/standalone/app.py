"""`StandaloneProxyServer`: an application that *has* a service and serves nothing else.

Wiring only: the engine is the one of the extension, `hub` and `gate` say who may come in.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from datetime import datetime
from textwrap import dedent
from typing import Any

from jupyter_core.application import JupyterApp, base_aliases, base_flags
from jupyter_server.auth import AllowAllAuthorizer, IdentityProvider
from tornado import web
from traitlets import default

from ..api.context import Api
from ..api.routes import api_routes
from ..config.routes import literal_pattern
from ..errors import ConfigurationError
from ..handlers import RawSocketHandler, Runtime, with_streaming
from ..handlers.activity import KEY as ACTIVITY_KEY
from ..handlers.catalog import Entry, Source
from ..handlers.facts import Addresses
from ..handlers.relaying import RelayingHandler
from ..rules.paths import decoded_path
from . import gate, tls
from .activity import ActivityReporter
from .environment import is_loopback
from .process import make_process
from .serving import Listening, serve_until_signalled
from .traits import StandaloneTraits, service_options

# What makes no sense on a command line: Python callables, and what comes after `--`.
NOT_ALIASES = frozenset(("command", "rewrite_response", "update_last_activity"))
FLAGS = ("absolute_url", "raw_socket_proxy", "no_authentication")
OWN_ALIASES = (
    "address",
    "port",
    "base_url",
    "server_port",
    "activity_interval",
    "websocket_max_message_size",
)
NEEDS_JUPYTERHUB = (
    "Logging in needs the package jupyterhub, which is not installed. Install it with "
    "`pip install jupyter-server-proxy[standalone]`, or let everybody in with --no-authentication."
)


def _as_alias(name: str) -> str:
    return name.replace("_", "-")


def _flag(name: str) -> tuple[dict[str, dict[str, bool]], str]:
    help_text = dedent(str(getattr(StandaloneTraits, name).help)).strip()
    return {"StandaloneProxyServer": {name: True}}, help_text


COMMAND_LINE_FLAGS: dict[str, Any] = {
    **base_flags,
    **{_as_alias(name): _flag(name) for name in FLAGS},
}
COMMAND_LINE_ALIASES: dict[str, Any] = {
    **base_aliases,
    **{
        _as_alias(name): f"StandaloneProxyServer.{name}"
        for name in (*service_options(), *OWN_ALIASES)
        if name not in NOT_ALIASES
    },
}


class StandaloneProxyServer(StandaloneTraits, JupyterApp):
    """The command line, the configuration, and the application made from both."""

    name = "jupyter-standalone-proxy"
    description = """
    Start a web application and serve it in place of jupyterhub-singleuser, behind JupyterHub's
    login.

    Usage: jupyter standaloneproxy [options] -- command

    The command is the application and its arguments. {port}, {unix_socket} and {base_url} in it
    stand for the port or socket that it has to listen on and for the prefix of its URLs. Without a
    command, the application at --server-port, --unix-socket or --backend-url is served.
    """
    examples = (
        "jupyter standaloneproxy -- voila --port={port} --no-browser --Voila.base_url={base_url}/ "
        "--Voila.server_url=/ /path/to/notebook.ipynb"
    )
    flags = COMMAND_LINE_FLAGS
    aliases = COMMAND_LINE_ALIASES

    @default("command")
    def _default_command(self) -> list[str]:
        return list(self.extra_args)

    # --- the application -------------------------------------------------------------------

    def create_app(self) -> web.Application:
        """The Tornado application. Nothing is started; the `Runtime` in it is the caller's to
        close. Raises TraitError or ConfigurationError for what cannot work."""
        gate_class, provider = self._make_gate()
        handler, keywords = self._make_handler(gate_class)
        settings = self._settings(provider)
        runtime = Runtime.of(settings, self.log)
        application = web.Application(
            [
                *self._api_routes(gate_class, runtime),
                *with_streaming(self._routes(gate_class, handler, keywords)),
            ],
            default_handler_class=gate.OutsideHandler,
            **settings,
        )
        self._list(runtime, handler, keywords)
        return application

    def _make_handler(self, gate_class: type[RelayingHandler]) -> tuple[Any, dict[str, Any]]:
        process = make_process(self, name=str(self.name), gate=gate_class)
        handler: Any
        handler, keywords = process.make_proxy_handler()
        if handler is None:
            raise ConfigurationError(
                str(self.name), "command", "is missing: it is what follows after `--`"
            )
        # Nobody else's code is below the gate, so bodies may be streamed; raw sockets have none.
        handler.relays_only = not issubclass(handler, RawSocketHandler)
        return handler, keywords

    def _routes(
        self, gate_class: type[RelayingHandler], handler: Any, keywords: dict[str, Any]
    ) -> list[Any]:
        base = literal_pattern(decoded_path(self.base_url))
        routes: list[Any] = [(base + "/(.*)", handler, keywords)]
        if not self.no_authentication:
            routes.insert(0, (base + "/oauth_callback", self._import_hub().CallbackHandler))
        if base:
            without_slash = type("StandaloneBasePath", (gate_class, gate.BasePathHandler), {})
            routes.append((base, without_slash))
        return routes

    def _api_routes(self, gate_class: type[RelayingHandler], runtime: Runtime) -> list[Any]:
        base = literal_pattern(decoded_path(self.base_url))
        api = Api(runtime, Addresses(self.base_url, is_alone=True))
        return api_routes(base, api, guard=lambda view: gate.guarded_api(view, gate_class))

    def _settings(self, provider: IdentityProvider) -> dict[str, Any]:
        return {
            "base_url": self.base_url,
            # Logins do not outlive this process: the Hub remembers them.
            "cookie_secret": os.urandom(32),
            "identity_provider": provider,
            "authorizer": AllowAllAuthorizer(parent=self, identity_provider=provider),
            # Which names lead here is the business of the proxy in front of us.
            "allow_remote_access": True,
            # The gate asks for a login, and answers upgrades without one in its own way.
            "allow_unauthenticated_access": True,
            "log_function": self._log_request,
            gate.HUB_ENVIRONMENT: self.hub,
            gate.TRUST_XHEADERS: self.trust_xheaders,
        }

    def _make_gate(self) -> tuple[type[RelayingHandler], IdentityProvider]:
        if self.no_authentication:
            return gate.OpenGate, gate.OpenIdentityProvider(parent=self)
        hub = self._import_hub()
        login = hub.StandaloneHubOAuth(parent=self, base_url=f"{self.base_url}/")
        return hub.HubGate, hub.HubIdentityProvider(parent=self, hub_auth=login)

    def _import_hub(self) -> Any:
        try:
            from . import hub  # noqa: PLC0415  # jupyterhub is optional
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] != "jupyterhub":
                raise
            raise ConfigurationError(
                str(self.name), "no_authentication", NEEDS_JUPYTERHUB
            ) from error
        return hub

    def _list(self, runtime: Runtime, handler: Any, keywords: Any) -> None:
        """Tell of the service, and make its supervisor now, so that `autostart` works."""
        service = handler.service
        runtime.catalog.add(Entry(service.name, Source.CONFIG, service))
        make = getattr(handler, "make_supervisor", None)
        if make is not None:
            make(runtime, self.base_url, keywords["state"])

    def _log_request(self, handler: web.RequestHandler) -> None:
        """One line per request, without its query, which may hold a token."""
        request = handler.request
        milliseconds = 1000 * request.request_time()
        line = "%d %s %s (%s) %.2fms"
        status = handler.get_status()
        log = self.log.debug if status < 400 else self.log.info
        log(line, status, request.method, request.path, request.remote_ip, milliseconds)

    # --- serving -----------------------------------------------------------------------------

    def start(self) -> None:
        """Serve until a signal asks to end. Exits with 1 when that cannot begin."""
        super().start()
        try:
            asyncio.run(self._serve())
        except (ConfigurationError, OSError) as error:
            self.log.critical("%s", error)
            self.exit(1)

    async def _serve(self) -> None:
        application = self.create_app()
        self._warn()
        listening = Listening(
            address=self.address,
            port=self.port,
            tls=tls.server_context(self.hub),
            trust_xheaders=self.trust_xheaders,
        )
        await serve_until_signalled(
            application,
            listening,
            Runtime.of(application.settings, self.log),
            background=self._reports(application),
        )

    def _reports(self, application: web.Application) -> Coroutine[Any, Any, None] | None:
        hub = self.hub
        if not (self.activity_interval and hub.activity_url and hub.api_token):
            return None

        def last_activity() -> datetime | None:
            times: dict[str, datetime] = application.settings.get("last_activity_times", {})
            return times.get(ACTIVITY_KEY)

        reporter = ActivityReporter(last_activity, hub, tls=tls.client_context(hub), log=self.log)
        return reporter.run(self.activity_interval)

    def _warn(self) -> None:
        """Say what somebody may not have meant."""
        if self.websocket_max_message_size:
            self.log.warning(
                "websocket_max_message_size has no effect: messages pass, whatever their size"
            )
        if self.no_authentication and not is_loopback(self.address):
            self.log.warning(
                "WARNING: everybody who can connect to %s, port %s, can use this application: "
                "authentication is off and the address is not only for this machine",
                self.address or "any address of this machine",
                self.port,
            )
        if not self.no_authentication and not self.hub.client_id:
            self.log.warning(
                "Nobody can log in: JUPYTERHUB_CLIENT_ID is not set. Let JupyterHub start this "
                "server, or let everybody in with --no-authentication."
            )
