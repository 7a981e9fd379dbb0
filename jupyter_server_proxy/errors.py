"""Everything that can go wrong on purpose, as one tree.

Every class knows the HTTP status it becomes, a title for people and the level it is
logged at; an instance carries the public message. A message never holds a token, a
cookie, a query string or an environment value. No I/O here.
"""

from __future__ import annotations

import logging
from typing import ClassVar


class ServerProxyError(Exception):
    """Base of every error raised on purpose by this package."""


class ConfigurationError(ServerProxyError):
    """A service is configured in a way that cannot work.

    The message names the service, the package that offers it if one does, the key, and what
    would be right.
    """

    def __init__(self, service: str, key: str, problem: str, *, package: str = "") -> None:
        offered = f" of package {package}" if package else ""
        super().__init__(f"service {service!r}{offered}: {key}: {problem}")
        self.service = service
        self.key = key
        self.problem = problem
        self.package = package


class StartRefused(ServerProxyError):
    """The standalone application cannot begin; the message names the option or the variable, and
    what would be right."""


class CertificateUnusable(StartRefused):
    """There can be no TLS with these files; the message names the file and who named it."""


class ProxyError(ServerProxyError):
    """An exchange, an upgrade or a start failed; `front` turns it into an answer.

    `status` is the HTTP status (RFC 9110 section 15), `title` a short phrase for people,
    `log_level` a level of `logging`, `retry_after` seconds for a Retry-After header.
    """

    status: ClassVar[int] = 502
    title: ClassVar[str] = "The application cannot be reached"
    log_level: ClassVar[int] = logging.WARNING

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


# --- refusals: decided before any backend contact -------------------------------------


class LoginRequired(ProxyError):
    """Nobody is logged in, and a redirect to a login page makes no sense (upgrade, API)."""

    status = 403
    title = "Login required"
    log_level = logging.INFO


class LoginUnavailable(ProxyError):
    """Who it is cannot be found out now, so nobody can be let in."""

    status = 503
    title = "Nobody can log in now"


class TooManyTries(ProxyError):
    """Wrong tokens were tried too often, so none is looked at for a while."""

    status = 429
    title = "Too many wrong tries"


class NotAuthorized(ProxyError):
    """Somebody is logged in whom Jupyter's authorizer does not let use this service."""

    status = 403
    title = "Not allowed"


class OriginNotAllowed(ProxyError):
    """An upgrade asked for by a page of a foreign origin."""

    status = 403
    title = "Origin not allowed"


class HostNotAllowed(ProxyError):
    """The host of a `/proxy/HOST:PORT/` request is not in `host_allowlist`."""

    status = 403
    title = "Host not allowed"


class PortNotAllowed(ProxyError):
    """The port of a `/proxy/` request is not in `allowed_ports`."""

    status = 403
    title = "Port not allowed"


class TargetInvalid(ProxyError):
    """A port outside 1-65535 or a mapped path that is not one."""

    status = 400
    title = "No such address"
    log_level = logging.INFO


class MethodNotProxied(ProxyError):
    """CONNECT, or plain HTTP to a raw socket service."""

    status = 405
    title = "Method not allowed"
    log_level = logging.INFO


# --- the client -------------------------------------------------------------------------


class ClientGone(ProxyError):
    """The client closed its connection; there is nobody left to answer."""

    status = 499
    title = "Client gone"
    log_level = logging.DEBUG


class ClientSentNonsense(ProxyError):
    """A request body that breaks HTTP's rules."""

    status = 400
    title = "Bad request"
    log_level = logging.INFO


# --- the backend --------------------------------------------------------------------------


class BackendUnreachable(ProxyError):
    """Nothing accepts connections at the target."""


class NothingListens(BackendUnreachable):
    """Nothing accepts connections at a port of this machine, which was asked for by number."""

    title = "Nothing listens on this port"


class BackendBroke(ProxyError):
    """The backend closed or reset the connection before its answer was complete."""

    title = "The application broke off"


class BackendUnheard(BackendBroke):
    """The backend was gone before it took the request, so a request that may be repeated (RFC 9110
    section 9.2.2) can be sent again. To the client it is a break like any other."""


class BackendSpokeNonsense(ProxyError):
    """The backend's bytes are not an HTTP/1.1 answer, or break a stated limit."""

    title = "The application's answer cannot be understood"


class ConnectTimedOut(ProxyError):
    """Connecting to the backend took longer than `connect_timeout`."""

    status = 504
    title = "The application did not answer in time"


class ResponseTimedOut(ProxyError):
    """The backend sent nothing for longer than `response_timeout`."""

    status = 504
    title = "The application did not answer in time"


class OverLimit(ProxyError):
    """`max_connections` exchanges are running and none ended in time."""

    status = 503
    title = "The application is busy"


class RewriteFailed(ProxyError):
    """`rewrite_response` got a body over the stated limit, or made an answer that is none."""

    status = 500
    title = "The answer could not be rewritten"
    log_level = logging.ERROR


class CallableFailed(ProxyError):
    """A callable of the configuration or of a package raised, or returned something of no use.

    `problem` is the message without the service and the key: which callable, of which package,
    and what it did.
    """

    status = 500
    title = "A function of this service failed"
    log_level = logging.ERROR

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.problem = problem


# --- process life ---------------------------------------------------------------------------


class StartFailed(ProxyError):
    """The child could not be started, ended before it was ready, or listens elsewhere."""

    status = 503
    title = "The application could not be started"
    # The supervisor has said it once; this is for each request that waited.
    log_level = logging.INFO


class StartTimedOut(StartFailed):
    """The child was not ready within `timeout`."""

    status = 504
    title = "The application did not become ready in time"


class CoolingDown(StartFailed):
    """The last start failed and the next try is not due yet."""

    title = "The application failed and will be tried again"


class ServiceBroken(ProxyError):
    """What configuration or a package says of the service cannot be."""

    status = 500
    title = "The application is not set up rightly"
    log_level = logging.INFO


class NotManaged(ProxyError):
    """The service says that it is not ours to start, and nothing says where it listens."""

    status = 503
    title = "The application is not started by Jupyter"
    log_level = logging.INFO


class ServiceStopped(ProxyError):
    """The service was stopped while this request was waiting for it."""

    status = 503
    title = "The application was stopped"
    log_level = logging.INFO


class ServiceAsleep(ProxyError):
    """Nobody runs the service, and a request of this kind must not start it: it comes from a page
    that may be long forgotten, and a person or the idle rule has stopped the service."""

    status = 503
    title = "The application is stopped"
    log_level = logging.DEBUG


class Starting(ProxyError):
    """A page visit that does not wait: the visitor is shown how the start goes."""

    status = 503
    title = "The application is starting"
    log_level = logging.DEBUG


class ShuttingDown(ProxyError):
    """Jupyter itself is going down."""

    status = 503
    title = "Jupyter is shutting down"
    log_level = logging.INFO


# --- what the REST API is asked --------------------------------------------------------------


class ServiceUnknown(ProxyError):
    """There is no service or instance of this name."""

    status = 404
    title = "No such service"
    log_level = logging.INFO


class StateForbids(ProxyError):
    """The service cannot do that, as it is now or as it is made."""

    status = 409
    title = "Not possible"
    log_level = logging.INFO


class NotSaved(ProxyError):
    """The file of added services could not be read or written."""

    status = 500
    title = "Could not be saved"
    log_level = logging.ERROR


class RequestInvalid(ProxyError):
    """A body or a query that asks for something that does not exist, or in a wrong form.

    The message names the key and says what is right.
    """

    status = 422
    title = "Not understood"
    log_level = logging.INFO
