"""`/NAME/...` for a service whose configuration cannot be: it says so to whoever may use it."""

from __future__ import annotations

from typing import Any, NoReturn

from ..errors import ServiceBroken
from .front import FrontHandler


class MisconfiguredHandler(FrontHandler):
    """Refuses every request with what is wrong, behind the gate of the service."""

    def initialize(self, name: str, problem: str) -> None:
        """Called by Tornado with the keywords of the route."""
        self._name = name
        self._problem = problem
        self.authorization_resource = f"server-proxy:{name}"

    async def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Let only pass who may, and say what is wrong."""
        await super().prepare(*args, **kwargs)
        if not self.is_answered:
            self._refuse()

    def _refuse(self) -> NoReturn:
        raise ServiceBroken(f"{self._name}: {self._problem}")
