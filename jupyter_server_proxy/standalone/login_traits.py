"""The options of logging in: who may, and what the application is told about them.

Traits only, no I/O. What they mean is in `login`.
"""

from __future__ import annotations

from traitlets import Bool, Enum, Unicode
from traitlets.config import Configurable

LOGIN_FLAGS = ("allow_public",)
LOGIN_OPTIONS = ("token", "forward_user", "forward_user_key", "forward_user_audience")


class LoginTraits(Configurable):
    """What can be configured, on the command line and in configuration files."""

    allow_public = Bool(
        False,
        help="""
        Without authentication, also listen on addresses that other machines can reach. Everybody
        there can use the application then.
        """,
    ).tag(config=True)

    token = Unicode(
        None,
        allow_none=True,
        help="""
        Ask for this token instead of a login at JupyterHub; an empty one is replaced by a random
        one, which is shown in the log. Other users of this machine can see command lines: the
        environment variable JUPYTER_TOKEN, or the file that JUPYTER_TOKEN_FILE names, says the
        same more discreetly where JupyterHub has not started us.
        """,
    ).tag(config=True)

    forward_user = Enum(
        ("none", "headers", "jwt"),
        "none",
        help="""
        What the application is told about who uses it: ``none``; ``headers``, the header fields
        X-Forwarded-User, X-Forwarded-Preferred-Username and X-Forwarded-Groups; ``jwt``, these and
        X-JWT-Assertion, a token signed with ES256 for which the application finds the public key
        in its environment variable JUPYTER_SERVER_PROXY_JWT_PUBLIC_KEY.
        """,
    ).tag(config=True)

    forward_user_key = Unicode(
        help="""
        A file with the private key, of the curve P-256 and in PEM, that signs what ``jwt`` sends. A
        new one for each run when it is missing.
        """,
    ).tag(config=True)

    forward_user_audience = Unicode(
        help="""
        Whom what ``jwt`` sends is for, its claim ``aud``: something that no other application with
        the same key has. The base URL with its slash when it is missing.
        """,
    ).tag(config=True)
