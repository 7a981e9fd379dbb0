"""What a class finds by `super()` that says itself how its child is started.

Nothing is started here; `managed` asks these.
"""

from __future__ import annotations

import contextlib
import os
from types import MappingProxyType
from typing import Any

from ...backend.probe import fetch_status
from ...errors import ProxyError
from ...processes.child import Binding
from ...rules.service import ProcessOptions
from ..named import NamedLocalProxyHandler

PROBE_SECONDS = 5.0


class LaunchMethods(NamedLocalProxyHandler):
    """What a package's class overrides, or sets, to say how its child is started."""

    name = "process"
    command: Any = ()
    environment: Any = MappingProxyType({})
    timeout: Any = ProcessOptions().timeout
    requested_port: Any = 0
    requested_unix_socket: Any = False

    def get_cmd(self) -> Any:
        """The command, a list of strings; empty when nothing is to be started."""
        return self._realize_rendered_template(self.command, "command")

    def get_env(self) -> Any:
        """What is added to Jupyter's own environment; None drops a variable."""
        return self._realize_rendered_template(self.environment, "environment")

    def get_timeout(self) -> Any:
        """How many seconds the child has until it must be ready."""
        return self.timeout

    def get_cwd(self) -> Any:
        """The child's working directory."""
        cwd = self.service.cwd if self.service is not None else None
        return self._realize_rendered_template(cwd, "cwd") or os.getcwd()

    async def _http_ready_func(self, p: Any) -> bool:
        """Whether anything answers HTTP where the child `p` is to listen; asked until it does."""
        from ...processes.readiness import possible_targets  # noqa: PLC0415 - not without a child

        binding = Binding(self.port, self.unix_socket or "")
        for target in possible_targets(binding):
            with contextlib.suppress(ProxyError):
                await fetch_status(
                    target, "/", timeout=PROBE_SECONDS, connect_timeout=PROBE_SECONDS
                )
                return True
        return False
