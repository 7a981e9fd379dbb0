"""The Tornado application of one service: its routes, who may use them, and its settings.

Wiring only: the engine is the one of the extension, `login` says who may come in.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

from tornado import web

from ..api.context import Api
from ..api.routes import api_routes
from ..config.compile_backend import is_reachable
from ..config.routes import literal_pattern
from ..errors import ConfigurationError
from ..handlers import RawSocketHandler, Runtime, with_streaming
from ..handlers.catalog import Entry, Source
from ..handlers.facts import Addresses
from ..rules.log_lines import one_line
from ..rules.paths import decoded_path
from . import gate
from .forgery import guarded_api
from .login import Login, make_login
from .monitoring import monitoring_routes
from .process import make_process
from .traits import StandaloneTraits

Route = Any
# Tornado's own setting.
MAX_MESSAGE_SIZE = "websocket_max_message_size"

NOTHING_TO_SERVE = (
    "is missing. It is what follows after `--`; for an application that runs already, say where "
    "with --server-port=PORT, --unix-socket=PATH or --backend-url=URL"
)


def make_application(
    options: StandaloneTraits, *, name: str, log: logging.Logger
) -> web.Application:
    """See `StandaloneProxyServer.create_app`."""
    login = make_login(options, name=name)
    handler, keywords = _service_handler(options, login, name=name)
    settings = _settings(options, login, log=log)
    runtime = Runtime.of(settings, log)
    application = web.Application(
        [
            *_api_routes(options, login, runtime),
            *_login_routes(options, login),
            *_monitoring_routes(options, login, runtime),
            *with_streaming(_routes(options, login, handler, keywords)),
        ],
        default_handler_class=type("StandaloneOutside", (gate.OutsideHandler, login.gate), {}),
        **settings,
    )
    _enter(handler, keywords, runtime, base_url=options.base_url)
    return application


def _service_handler(
    options: StandaloneTraits, login: Login, *, name: str
) -> tuple[Any, dict[str, Any]]:
    process = make_process(options, name=name, gate=login.gate)
    if not is_reachable(process):
        raise ConfigurationError(name, "command", NOTHING_TO_SERVE)
    handler: Any
    handler, keywords = process.make_proxy_handler()
    # Nobody else's code is below the gate, so bodies may be streamed; raw sockets have none.
    handler.relays_only = not issubclass(handler, RawSocketHandler)
    handler.has_authorizer = True
    handler.is_limiting_messages = options.websocket_max_message_size is not None
    return handler, keywords


def _routes(
    options: StandaloneTraits, login: Login, handler: Any, keywords: dict[str, Any]
) -> list[Route]:
    base = literal_pattern(decoded_path(options.base_url))
    service: list[Route] = [(base + "/(.*)", handler, keywords)]
    if base:
        without_slash = type("StandaloneBasePath", (login.gate, gate.BasePathHandler), {})
        service.append((base, without_slash))
    return service


def _login_routes(options: StandaloneTraits, login: Login) -> list[Route]:
    base = literal_pattern(decoded_path(options.base_url))
    return [(base + path, view) for path, view in login.routes]


def _api_routes(options: StandaloneTraits, login: Login, runtime: Runtime) -> list[Route]:
    base = literal_pattern(decoded_path(options.base_url))
    api = Api(runtime, Addresses(options.base_url, is_alone=True))
    return api_routes(base, api, guard=lambda view: guarded_api(view, login.gate))


def _monitoring_routes(options: StandaloneTraits, login: Login, runtime: Runtime) -> list[Route]:
    base = literal_pattern(decoded_path(options.base_url))
    is_open = not options.authenticate_prometheus
    return monitoring_routes(base, runtime, login.gate, has_open_metrics=is_open)


def _settings(options: StandaloneTraits, login: Login, *, log: logging.Logger) -> dict[str, Any]:
    provider = login.identity_provider
    limit = options.websocket_max_message_size
    return {
        **({} if limit is None else {MAX_MESSAGE_SIZE: limit}),
        "base_url": options.base_url,
        # Logins do not outlive this process: the Hub remembers them, and so does the token.
        "cookie_secret": os.urandom(32),
        "identity_provider": provider,
        "authorizer": login.authorizer(parent=options, identity_provider=provider),
        "allow_remote_access": login.is_any_host_fine,
        # The gate asks for a login, and answers upgrades without one in its own way.
        "allow_unauthenticated_access": True,
        "log_function": _request_logger(log),
        gate.HUB_ENVIRONMENT: options.hub,
        gate.FORWARDING: login.forwarding,
        gate.LOGIN_ADDRESS: login.address_query and f"{options.base_url}/{login.address_query}",
        gate.TRUST_XHEADERS: options.trust_xheaders,
    }


def _enter(handler: Any, keywords: dict[str, Any], runtime: Runtime, *, base_url: str) -> None:
    """Tell of the service, and make its supervisor now, so that `autostart` works."""
    service = handler.service
    runtime.catalog.add(Entry(service.name, Source.CONFIG, service))
    make = getattr(handler, "make_supervisor", None)
    if make is not None:
        make(runtime, base_url, keywords["state"])


def _request_logger(log: logging.Logger) -> Callable[[web.RequestHandler], None]:
    def log_request(handler: web.RequestHandler) -> None:
        """One line per request, without its query, which may hold a token."""
        status = handler.get_status()
        if status < 400 and not _hears_details(log):
            return
        request = handler.request
        milliseconds = 1000 * request.request_time()
        asked = one_line(f"{request.method} {request.path} ({request.remote_ip})")
        tell = log.debug if status < 400 else log.info
        tell("%d %s %.2fms", status, asked, milliseconds)

    return log_request


def _hears_details(log: logging.Logger) -> bool:
    """Whether a line for debugging gets anywhere. The logger of an application of traitlets makes
    one in any case, which costs more than a tenth of a request; its handlers leave it out then."""
    logger: logging.Logger | None = log
    while logger is not None:
        if any(handler.level <= logging.DEBUG for handler in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False
