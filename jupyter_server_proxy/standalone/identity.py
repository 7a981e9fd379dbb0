"""What the application is told about who uses it: header fields, and a signed token.

Also keeps clients from saying the same about themselves. No I/O but reading a key.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from jupyter_server.auth import User
from tornado import httputil

from ..errors import ConfigurationError

USER = "X-Forwarded-User"
DISPLAY_NAME = "X-Forwarded-Preferred-Username"
GROUPS = "X-Forwarded-Groups"
ASSERTION = "X-JWT-Assertion"
OWN_FIELDS = frozenset(name.lower() for name in (USER, DISPLAY_NAME, GROUPS, ASSERTION))
# What other logins in front of applications say it with, which these may believe.
OTHERS_FIELDS = frozenset(("x-forwarded-email", "remote-user", "x-remote-user"))
OTHERS_PREFIX = "x-auth-request-"

# Where the child finds the key to check the token with.
PUBLIC_KEY_VARIABLE = "JUPYTER_SERVER_PROXY_JWT_PUBLIC_KEY"
USER_KIND = "user"
_KINDS = (f"{USER_KIND}:", "service:")
ISSUER = "jupyter-server-proxy"
ALGORITHM = "ES256"
# Seconds that a token is good for. It is sent again while more than half of that is left.
LIFETIME = 60
MOST_SIGNED = 1000

NEEDS_JWT = (
    "needs the package pyjwt with cryptography: `pip install jupyter-server-proxy[standalone]`"
)

# Every printable ASCII character but "%", which begins an encoded one, and "," between groups.
_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in "%,")


def drop_claims(fields: httputil.HTTPHeaders) -> None:
    """Take away what a client says about its own identity, in our fields or those of others.

    Also with "_" for "-": applications behind WSGI and CGI cannot tell these apart.
    """
    for name in list(fields):
        if _is_identity(name.lower().replace("_", "-")):
            del fields[name]


def _is_identity(name: str) -> bool:
    return name in OWN_FIELDS or name in OTHERS_FIELDS or name.startswith(OTHERS_PREFIX)


def subject_of(user: User) -> str:
    """The name that no user and no service shares with `user`: `service:NAME` for a service.

    A Hub may well have a user and a service of one name, and users whose names have a colon.
    """
    kind = getattr(user, "kind", USER_KIND)
    is_clear = kind == USER_KIND and not user.username.startswith(_KINDS)
    return str(user.username) if is_clear else f"{kind}:{user.username}"


def groups_of(user: User) -> tuple[str, ...]:
    """The groups of `user`, where there are any."""
    return tuple(getattr(user, "groups", ()))


class Forwarding(Protocol):
    """One way to tell the application."""

    def fields(self, user: User) -> Mapping[str, str]:
        """The header fields that say who `user` is."""


class ForwardNothing:
    """The application is told nothing."""

    def fields(self, user: User) -> Mapping[str, str]:
        """None."""
        return {}


class ForwardHeaders:
    """Fields in plain text, for applications that only we can reach."""

    def fields(self, user: User) -> Mapping[str, str]:
        """Name and groups, and what the user wants to be called where that is something else.

        Characters that are not printable ASCII, "%" and "," are percent-encoded UTF-8.
        """
        fields = {USER: encoded(subject_of(user)), GROUPS: ",".join(map(encoded, groups_of(user)))}
        if user.display_name and user.display_name != user.username:
            fields[DISPLAY_NAME] = encoded(user.display_name)
        return fields


class ForwardToken(ForwardHeaders):
    """The same, and a token (RFC 7519) that nobody else can make, for `audience`."""

    def __init__(
        self,
        key: SigningKey,
        audience: str,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._key = key
        self._audience = audience
        self._clock = clock
        self._signed: dict[tuple[Any, ...], tuple[float, str]] = {}

    def fields(self, user: User) -> Mapping[str, str]:
        """See `ForwardHeaders`."""
        return {**super().fields(user), ASSERTION: self._token(user)}

    def _token(self, user: User) -> str:
        who = (subject_of(user), user.display_name, groups_of(user))
        now = self._clock()
        renewed_at, token = self._signed.get(who, (0.0, ""))
        # A clock that was set back would make it a token of the future.
        if not renewed_at - LIFETIME / 2 <= now < renewed_at:
            token = self._sign(user, int(now))
            if len(self._signed) >= MOST_SIGNED:
                self._signed.clear()
            self._signed[who] = (int(now) + LIFETIME / 2, token)
        return token

    def _sign(self, user: User, now: int) -> str:
        claims = {
            "iss": ISSUER,
            "aud": self._audience,
            "sub": subject_of(user),
            "name": user.display_name or user.username,
            "groups": list(groups_of(user)),
            "iat": now,
            "exp": now + LIFETIME,
        }
        return self._key.sign(claims)


@dataclass(frozen=True)
class SigningKey:
    """A private key of the curve P-256, and `public`, the other half as PEM."""

    private: Any
    public: str

    @classmethod
    def make(cls, file: str, *, service: str) -> SigningKey:
        """The one in the PEM `file`, a new one for "". Raises ConfigurationError."""
        try:
            import jwt  # noqa: F401, PLC0415  # optional
            from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
        except ImportError as error:
            raise ConfigurationError(service, "forward_user", NEEDS_JWT) from error
        private = _read(file, service) if file else ec.generate_private_key(ec.SECP256R1())
        if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
            problem = f"{file!r} is no private key of the curve P-256, as {ALGORITHM} needs it"
            raise ConfigurationError(service, "forward_user_key", problem)
        return cls(private, _public_pem(private))

    def sign(self, claims: Mapping[str, Any]) -> str:
        """The token that says `claims`."""
        import jwt  # noqa: PLC0415  # optional

        return jwt.encode(dict(claims), self.private, algorithm=ALGORITHM)

    def __repr__(self) -> str:
        return "<SigningKey>"


def _read(file: str, service: str) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        with open(file, "rb") as pem:
            return load_pem_private_key(pem.read(), password=None)
    except (OSError, ValueError, TypeError) as error:
        problem = f"{file!r} cannot be read as a private key in PEM without a password: {error}"
        raise ConfigurationError(service, "forward_user_key", problem) from error


def _public_pem(private: Any) -> str:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        PublicFormat,
    )

    public: bytes = private.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    return public.decode()


def encoded(text: str) -> str:
    """`text` as one value of a header field: what is not plain becomes percent-encoded UTF-8.

    White space at the ends, which would not survive, too.
    """
    inner = text.strip(" ")
    start = text.index(inner)
    ends = (text[:start], text[start + len(inner) :])
    before, after = (end.replace(" ", "%20") for end in ends)
    return before + quote(inner, safe=_PLAIN, errors="replace") + after
