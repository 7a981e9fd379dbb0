"""A client of the REST API, for the command line and for `serve`.

Re-exports its names; no logic here. It imports nothing of the server's side, and starts quickly.
"""

from __future__ import annotations

from .address import Address
from .api import Client, Server
from .problems import (
    ActionFailed,
    ApiProblem,
    ClientError,
    ExtensionMissing,
    LoginRefused,
    NoServerFound,
    ServerUnreachable,
    UnknownService,
)
from .running import choose_server, own_server, running_servers
from .waiting import carry_out, describe_failure

__all__ = [
    "ActionFailed",
    "Address",
    "ApiProblem",
    "Client",
    "ClientError",
    "ExtensionMissing",
    "LoginRefused",
    "NoServerFound",
    "Server",
    "ServerUnreachable",
    "UnknownService",
    "carry_out",
    "choose_server",
    "describe_failure",
    "own_server",
    "running_servers",
]
