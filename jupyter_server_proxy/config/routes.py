"""The routes of the services. Names are literal text, never regular expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ..handlers import AddSlashHandler, with_streaming
from .server_process import ServerProcess

# RFC 3986 section 2.3; all other characters may also come percent-encoded.
UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


def make_handlers(base_url: str, server_processes: Iterable[ServerProcess]) -> list[Any]:
    """Tornado's route tuples for `server_processes` below `base_url`.

    A service whose handler cannot be made is logged and left out.
    """
    routes: list[Any] = []
    for process in server_processes:
        try:
            handler, keywords = process.make_proxy_handler()
        # make_proxy_handler may be a package's own; one bad service must not stop the others.
        except Exception as error:
            process.log.error("service %r has no route: %s", process.name, error)
            continue
        if handler is not None:
            path = literal_pattern(_joined(base_url, process.name))
            routes.append((path + "/(.*)", handler, keywords))
            routes.append((path, AddSlashHandler))
    return with_streaming(routes)


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
