"""What proves to Jupyter who somebody is, and how it is kept from backends. No I/O here.

Recognition is as lenient as Jupyter's own: whatever would log somebody in must be found.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus

# jupyter_server's IdentityProvider takes `token` and `bearer` in any case, then white space.
_TOKEN_SCHEME = re.compile(r"\s*(?:token|bearer)\s+(.*)", re.IGNORECASE | re.DOTALL)
_BASIC_SCHEME = re.compile(r"\s*basic\s+(.*)", re.IGNORECASE | re.DOTALL)
# Tornado's get_argument reads these as spaces, then strips.
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Jupyter's own secrets: token values, and the names of its cookies."""

    tokens: frozenset[str] = frozenset()
    cookie_names: frozenset[str] = frozenset()
    cookie_prefixes: tuple[str, ...] = ()

    def is_secret_cookie(self, name: str) -> bool:
        """Whether a cookie of this name is Jupyter's."""
        return name in self.cookie_names or name.startswith(self.cookie_prefixes)

    def is_secret_token(self, value: str) -> bool:
        """Whether `value` is one of the tokens, in a time that does not tell how nearly."""
        given = _bytes(value)
        found = [hmac.compare_digest(given, _bytes(token)) for token in self.tokens]
        return bool(value) and any(found)

    def __repr__(self) -> str:
        return f"Credentials(<{len(self.tokens)} tokens>, {sorted(self.cookie_names)})"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def strip_query(suffix: str, hidden: Credentials) -> str:
    """`suffix` ("" or "?...") without its `token=<secret>` parameters; the rest unchanged.

    Nothing left is "". The same object comes back when there was nothing to drop.
    """
    if not hidden.tokens or ("token=" not in suffix and "%" not in suffix):
        return suffix
    pieces = suffix[1:].split("&")
    kept = [piece for piece in pieces if not _is_secret_parameter(piece, hidden)]
    if len(kept) == len(pieces):
        return suffix
    return "?" + "&".join(kept) if any(kept) else ""


def _is_secret_parameter(piece: str, hidden: Credentials) -> bool:
    name, _, value = piece.partition("=")
    if name != "token" and ("%" not in name or unquote(name) != "token"):
        return False
    forms = {unquote(value), unquote_plus(value)}
    return any(hidden.is_secret_token(_CONTROLS.sub(" ", form).strip()) for form in forms)


def is_secret_authorization(value: str, hidden: Credentials) -> bool:
    """Whether an Authorization header carries a token: by the schemes `token` and `bearer`,
    or as the password of `Basic` (RFC 7617)."""
    if found := _TOKEN_SCHEME.fullmatch(value):
        return hidden.is_secret_token(found[1].strip())
    if found := _BASIC_SCHEME.fullmatch(value):
        return hidden.is_secret_token(_password(found[1].strip()))
    return False


def _password(encoded: str) -> str:
    """The password in a Basic credential, "" when there is none; bad padding is forgiven."""
    try:
        decoded = base64.b64decode(encoded.encode("ascii") + b"==")
    except (UnicodeEncodeError, binascii.Error):
        return ""
    return decoded.partition(b":")[2].decode("utf-8", "surrogateescape")
