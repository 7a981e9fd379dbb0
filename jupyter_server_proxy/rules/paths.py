"""Request targets: which part of what the client sent goes to the backend. No I/O here.

A path exists in two forms: *raw*, the characters on the wire (bytes read as latin-1, as
Tornado hands them over), and *decoded*, what a route or a `mappath` sees. Raw is what is
sent on wherever possible, because decoding loses the difference between `/` and `%2F`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

# RFC 3986 section 2.2 and 2.3 without "#", as jupyter-server-proxy 4.6 quotes: a "?" that a
# `mappath` returns starts a query.
_SAFE = ":/?[]@!$&'()*+,;=-._~"
_SAFE_IN_PREFIX = _SAFE.replace("?", "") + "%"
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FIT = re.compile(r"[\x21-\x7e\x80-\xff]+")


def split_target(uri: str) -> tuple[str, str]:
    """`uri` as path and suffix; the suffix is "" or starts with "?" (a lone one is kept)."""
    path, mark, query = uri.partition("?")
    return path, mark + query


def raw_remainder(raw_path: str, decoded: str) -> str | None:
    """The end of `raw_path`, from a "/" on, that decodes to `decoded` or to "/" + `decoded`.

    The longest one, so that "/name//x" keeps both slashes for the decoded "/x". None when
    there is none, as after a `mappath`. Linear in the length of `raw_path`.
    """
    wanted = "/" + decoded
    if "%" not in raw_path:
        if raw_path.endswith(wanted):
            return wanted
        return decoded if decoded.startswith("/") and raw_path.endswith(decoded) else None
    path, tail = unquote_to_bytes(raw_path), _encoded(wanted)
    found = _last_bytes(raw_path, len(tail)) if path.endswith(tail) else None
    if found is None and decoded.startswith("/") and path.endswith(tail[1:]):
        found = _last_bytes(raw_path, len(tail) - 1)
    return found


def _last_bytes(raw_path: str, size: int) -> str | None:
    """The end of `raw_path` that starts at a "/" and decodes to exactly `size` bytes."""
    start = len(raw_path)
    while size > 0:
        end, start = start, raw_path.rfind("/", 0, start)
        if start < 0:
            return None
        size -= len(unquote_to_bytes(raw_path[start:end]))
    return raw_path[start:] if size == 0 else None


def _encoded(text: str) -> bytes:
    """The bytes that `text` was decoded from; lone surrogates of other origin never raise."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def decoded_path(raw: str) -> str:
    """`raw` percent-decoded as a route sees it; bytes that are no UTF-8 become surrogates."""
    return unquote_to_bytes(raw).decode("utf-8", "surrogateescape")


def quote_path(path: str) -> str:
    """A decoded path made fit for the wire: it starts with "/", and everything that cannot
    stand in a request target is percent-encoded. A "?" in it starts a query."""
    quoted = quote(_encoded(path), safe=_SAFE)
    return quoted if quoted.startswith("/") else "/" + quoted


@lru_cache(maxsize=512)
def wire_prefix(prefix: str) -> str:
    """The prefix as browsers see it in URLs: no slash at the end, percent-encoded.

    What is encoded already stays so: a base URL of JupyterHub comes as `/user/a%40b/`.
    """
    quoted = quote(_encoded(prefix.rstrip("/")), safe=_SAFE_IN_PREFIX)
    return _BARE_PERCENT.sub("%25", quoted)


def backend_path(raw_path: str, decoded: str) -> str:
    """The path to ask the backend for: as the client sent it, or `decoded` quoted anew."""
    return raw_remainder(raw_path, decoded) or quote_path(decoded)


def absolute_path(raw_path: str, decoded: str, prefix: str) -> str:
    """The path to ask an `absolute_url` backend for: the whole one, as sent if possible."""
    remainder = raw_remainder(raw_path, decoded)
    if remainder is None and not decoded:
        remainder = ""  # the prefix itself, without a slash
    prefix = prefix.rstrip("/")
    if remainder is not None:
        head = decoded_path(raw_path[: len(raw_path) - len(remainder)])
        if head in (prefix, decoded_path(prefix)):
            return raw_path
        return wire_prefix(prefix) + remainder
    return wire_prefix(prefix) + quote_path(decoded)


def with_query(path: str, suffix: str) -> str:
    """`path` with the client's query (`suffix`: "" or "?..."), after its own one if any."""
    if not suffix or "?" not in path:
        return path + suffix
    query = suffix[1:]
    joint = "" if not query or path.endswith(("?", "&")) else "&"
    return path + joint + query


@lru_cache(maxsize=512)
def context_path(base_url: str, *parts: str) -> str:
    """`base_url` and `parts` joined by single slashes; the names in them stay literal.

    A slash at the very end stays: the prefix of a standalone application is told with it.
    """
    pieces = (base_url, *parts)
    joined = "/".join(filter(None, (piece.strip("/") for piece in pieces)))
    return f"/{joined}/" if joined and pieces[-1].endswith("/") else f"/{joined}"


def below(path: str, prefix: str) -> str | None:
    """What follows `prefix` in `path`: "" or starting with "/"; None when not below it.

    Compared segment by segment ("/prefixfoo" is not below "/prefix"), in decoded form when
    either is percent-encoded, so that `%40` and `@` are the same segment.
    """
    if path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/"):
        return path[len(prefix) :]
    if "%" not in path and "%" not in prefix:
        return None
    wanted = [decoded_path(segment) for segment in prefix.split("/")]
    segments = path.split("/", len(wanted))
    if [decoded_path(segment) for segment in segments[: len(wanted)]] != wanted:
        return None
    return "".join("/" + segment for segment in segments[len(wanted) :])


def is_fit_for_request_line(target: str) -> bool:
    """Whether `target` can stand in a request line: no controls, no space, nothing that is
    not a single byte (RFC 9112 section 3.2)."""
    return _FIT.fullmatch(target) is not None
