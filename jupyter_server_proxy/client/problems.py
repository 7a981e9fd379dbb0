"""What can go wrong when a running Jupyter server is asked for something. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ServerProxyError


class ClientError(ServerProxyError):
    """Base of what a client of the REST API raises; the message is for people."""


class NoServerFound(ClientError):
    """There is no running Jupyter server to talk to, or it is not clear which one is meant."""


class ServerUnreachable(NoServerFound):
    """Nothing answers where the server should be, or it broke off."""


class ExtensionMissing(NoServerFound):
    """There is a server, but not one with this extension."""


class LoginRefused(ClientError):
    """The server does not let us in, or not do this."""


class ApiProblem(ClientError):
    """The server answered with a problem (RFC 9457); `facts` is the whole document."""

    def __init__(self, status: int, facts: Mapping[str, Any]) -> None:
        self.status = status
        self.facts = facts
        detail = facts.get("detail") or facts.get("title") or f"the server answered {status}"
        super().__init__(str(detail))


class UnknownService(ApiProblem):
    """There is no service or instance of that name."""


class ActionFailed(ClientError):
    """A service did not become what was asked for; `server` is what is known of it."""

    def __init__(self, message: str, server: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.server = server
