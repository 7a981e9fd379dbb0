"""What the log says of a request that ended with an error.

Never a query, which may hold a token or a code, and no line that a client has written.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

from tornado import httputil, web

from ..rules.log_lines import one_line

ErrorDetails = tuple[type[BaseException], BaseException, TracebackType | None]


def log_error(log: Any, request: httputil.HTTPServerRequest, details: ErrorDetails) -> None:
    """As `tornado.web.RequestHandler.log_exception`: one line for a status with a message, none for
    one without, and a traceback for the rest."""
    asked = one_line(f"{request.method} {request.path} ({request.remote_ip})")
    error = details[1]
    if not isinstance(error, web.HTTPError):
        log.error("Uncaught exception %s", asked, exc_info=details)
    elif error.log_message:
        log.warning("%s: %s", asked, one_line(str(error)))
