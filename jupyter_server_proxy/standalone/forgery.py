"""What the REST API asks for besides a login: proof that no other page asks in its name.

Jupyter's own way, a cookie and a field of the same value, is not to be had: the cookie `_xsrf` is
the application's here.
"""

from __future__ import annotations

from typing import cast

from ..errors import OriginNotAllowed
from ..handlers.front import FrontHandler
from ..handlers.relaying import RelayingHandler
from .gate import OpenGate


class ApiGate(FrontHandler):
    """Mixed into the routes of the REST API, which have an `OpenGate` as well."""

    def check_xsrf_cookie(self) -> None:
        """Done by the gate, for every method."""

    async def _pass_gate(self) -> None:
        await super()._pass_gate()
        if not self.is_answered and not cast("OpenGate", self).is_asked_by_own_page():
            raise OriginNotAllowed("Only pages of this server may do that")


def guarded_api(view: type, gate: type[RelayingHandler]) -> type:
    """A view of the REST API behind `gate`."""
    return type(f"Standalone{view.__name__}", (ApiGate, view, gate), {})
