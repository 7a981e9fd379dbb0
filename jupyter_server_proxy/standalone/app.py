"""`StandaloneProxyServer`: the command line and configuration of an application that *has* a
service and serves nothing else. What is served is made in `application`."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from textwrap import dedent
from typing import Any

from jupyter_core.application import JupyterApp, base_aliases, base_flags
from tornado import web
from traitlets import default

from ..errors import ConfigurationError
from ..handlers import Runtime
from ..handlers.activity import KEY as ACTIVITY_KEY
from . import tls
from .activity import ActivityReporter
from .application import make_application
from .environment import is_loopback
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

    # --- serving -----------------------------------------------------------------------------

    def create_app(self) -> web.Application:
        """The Tornado application. Nothing is started; the `Runtime` in it is the caller's to
        close. Raises TraitError or ConfigurationError for what cannot work."""
        return make_application(self, name=str(self.name), log=self.log)

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
