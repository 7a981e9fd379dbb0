"""`StandaloneProxyServer`: the command line and configuration of an application that *has* a
service and serves nothing else. What is served is made in `application`."""

from __future__ import annotations

import os
from collections.abc import Coroutine
from datetime import datetime
from typing import Any

from tornado import web
from traitlets import TraitError

from ..errors import ConfigurationError, StartRefused
from ..handlers import Runtime
from ..handlers.activity import KEY as ACTIVITY_KEY
from . import tls
from .activity import ActivityReporter
from .application import make_application
from .environment import is_loopback
from .options import all_options
from .program import Program
from .serving import Listening, runner, serve_until_signalled
from .start_checks import check_hub, check_ports
from .traits import StandaloneTraits


class StandaloneProxyServer(StandaloneTraits, Program):
    """The options, and the application made of them."""

    name = "jupyter-standalone-proxy"
    description = """
    Serve one web application, behind the login of JupyterHub or of its own.

    Usage: jupyter standaloneproxy [options] -- command

    The command is the application and its arguments. In it, {port}, {unix_socket} and {base_url}
    stand for where it has to listen and for the prefix of its URLs. Without a command, the
    application that runs already at --server-port, --unix-socket or --backend-url is served.

    The same program is called jupyter-standaloneproxy and
    python -m jupyter_server_proxy.standalone.
    """
    examples = """jupyter standaloneproxy --no-authentication -- python -m http.server {port}

jupyter standaloneproxy --token= --timeout=60 -- \\
    streamlit run app.py --server.port={port} --server.headless=true

In the configuration of JupyterHub:

c.Spawner.cmd = ["jupyter-standaloneproxy", "--", "voila", "notebook.ipynb",
    "--port={port}", "--no-browser", "--Voila.base_url={base_url}/", "--Voila.server_url=/"]
"""

    # --- serving -----------------------------------------------------------------------------

    def create_app(self) -> web.Application:
        """The Tornado application. Nothing is started; the `Runtime` in it is the caller's to
        close. Raises TraitError or ConfigurationError for what cannot work."""
        return make_application(self, name=str(self.name), log=self.log)

    def start(self) -> None:
        """Serve until a signal asks to end. Exits with 1 when that cannot begin."""
        super().start()
        self.log_libraries()
        try:
            run = runner(with_uvloop=self.uvloop)
            run(self._serve())
        except ConfigurationError as error:
            self.refuse(_spelled(error))
        except (StartRefused, TraitError, OSError) as error:
            self.refuse(str(error))

    async def _serve(self) -> None:
        given = [name for name in ("base_url", "port") if self.trait_has_value(name)]
        check_ports(self)
        application = self.create_app()
        if application.settings["identity_provider"].has_trait("hub_auth"):
            check_hub(os.environ, given=given)
        self._warn()
        listening = Listening(
            address=self.address,
            port=self.port,
            tls=tls.server_context(self._certificates()),
            trust_xheaders=self.trust_xheaders,
        )
        await serve_until_signalled(
            application,
            listening,
            Runtime.of(application.settings, self.log),
            background=self._reports(application),
            grace=self.shutdown_grace,
        )

    def _certificates(self) -> tls.Files | None:
        """Those of the options, or else the Hub's."""
        given = tls.given_files(self.certfile, self.keyfile, self.client_ca)
        return given or tls.hub_files(self.hub)

    def _reports(self, application: web.Application) -> Coroutine[Any, Any, None] | None:
        hub = self.hub
        if not (self.activity_interval and hub.activity_url and hub.api_token):
            return None

        def last_activity() -> datetime | None:
            times: dict[str, datetime] = application.settings.get("last_activity_times", {})
            return times.get(ACTIVITY_KEY)

        reporter = ActivityReporter(
            last_activity,
            hub,
            interval=self.activity_interval,
            tls=tls.client_context(tls.hub_files(hub)),
            log=self.log,
        )
        return reporter.run()

    def _warn(self) -> None:
        """Say what somebody may not have meant."""
        if self.allow_public and not self.no_authentication:
            self.log.warning("--allow-public has no effect without --no-authentication")
        if self.no_authentication and not is_loopback(self.address):
            self.log.warning(
                "WARNING: everybody who can connect to %s, port %s, can use this application: "
                "authentication is off and the address is not only for this machine",
                self.address or "any address of this machine",
                self.port,
            )


def _spelled(error: ConfigurationError) -> str:
    """As an error of the option, where there is one."""
    option = f"--{error.key.replace('_', '-')}"
    if option in error.problem:
        return error.problem
    return f"{option if option[2:] in all_options() else error.key}: {error.problem}"
