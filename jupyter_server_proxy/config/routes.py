"""The routes of the services. Names are literal text, never regular expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from tornado import web

from ..errors import ConfigurationError
from ..handlers import AddSlashHandler, with_streaming
from ..rules.callables import blamed_name
from ..rules.wording import described
from .server_process import ServerProcess

# RFC 3986 section 2.3; all other characters may also come percent-encoded.
UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


def make_handlers(
    base_url: str,
    server_processes: Iterable[ServerProcess],
    *,
    on_broken: Callable[[ServerProcess, ConfigurationError], None] | None = None,
) -> list[Any]:
    """Tornado's route tuples for `server_processes` below `base_url`.

    A service whose handler cannot be made is left out, and `on_broken` is told why, or else the
    log.
    """
    routes: list[Any] = []
    for process in server_processes:
        try:
            handler, keywords = _made_handler(process)
        except ConfigurationError as error:
            (on_broken or _log_broken)(process, error)
            continue
        if handler is not None:
            routes += _routes_below(_joined(base_url, process.name), handler, keywords)
    return with_streaming(routes)


def service_routes(base_url: str, path: str, handler: type, keywords: dict[str, Any]) -> list[Any]:
    """Tornado's route tuples for one handler at `path`, literal text, below `base_url`."""
    return with_streaming(_routes_below(_joined(base_url, path), handler, keywords))


def whole_route(
    base_url: str, path: str, handler: type, keywords: dict[str, Any]
) -> tuple[str, type, dict[str, Any]]:
    """Tornado's route tuple for one handler at `path`, literal text, and all below it."""
    return literal_pattern(_joined(base_url, path)) + "(?:/.*)?", handler, keywords


def _routes_below(path: str, handler: type, keywords: dict[str, Any]) -> list[Any]:
    pattern = literal_pattern(path)
    return [(pattern + "/(.*)", handler, keywords), (pattern, AddSlashHandler)]


def _made_handler(process: ServerProcess) -> tuple[type | None, dict[str, Any]]:
    """What `make_proxy_handler`, which may be a package's own, makes. Raises ConfigurationError."""
    origin = process.origin("make_proxy_handler")
    name = blamed_name(process.make_proxy_handler, origin.package)
    try:
        handler, keywords = process.make_proxy_handler()
    except ConfigurationError as error:
        raise process.blamed(error) from error
    except (Exception, SystemExit) as error:  # one bad service must not stop the others
        problem = f"{name} raised {type(error).__name__}: {error}"
        raise ConfigurationError(process.name, origin.key, problem) from error
    is_handler = isinstance(handler, type) and issubclass(handler, web.RequestHandler)
    if handler is not None and not is_handler:
        problem = f"{name} returned no handler class, but {described(handler)}"
        raise ConfigurationError(process.name, origin.key, problem)
    return handler, {} if keywords is None else keywords


def _log_broken(process: ServerProcess, error: ConfigurationError) -> None:
    process.log.error("%s; there is no route to it", error)


def literal_pattern(path: str) -> str:
    """A regular expression for `path` as it may stand in a request.

    Characters that browsers percent-encode are matched both as they are and encoded, in
    either case of the hexadecimal digits (RFC 3986 section 6.2.2.1).
    """
    return "".join(_character_pattern(character) for character in path)


def _character_pattern(character: str) -> str:
    if character == "/":
        return character
    if UNRESERVED.match(character):
        return character.replace(".", r"\.")
    return f"(?:{re.escape(character)}|{_encoded_pattern(character)})"


def _encoded_pattern(character: str) -> str:
    return "".join(
        "%" + "".join(digit if digit.isdigit() else f"[{digit}{digit.lower()}]" for digit in byte)
        for byte in (f"{code:02X}" for code in character.encode("utf-8", "surrogatepass"))
    )


def _joined(base_url: str, name: str) -> str:
    return f"{base_url.rstrip('/')}/{name.strip('/')}".rstrip("/")
