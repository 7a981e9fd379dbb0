"""The options of how the standalone application listens, is watched and ends. Traits only, no I/O.

What the application is, and who may use it, is configured elsewhere.
"""

from __future__ import annotations

import os

from traitlets import Bool, Float, Int, Unicode, default
from traitlets.config import Configurable

from .environment import HubEnvironment

# Seconds that the application gets between being asked to end and being killed: spawners give us
# five and more.
SHUTDOWN_GRACE = 3.0
ACTIVITY_INTERVAL = 300
# Those of `ServingTraits` that take a value.
SERVING_OPTIONS = ("activity_interval", "certfile", "client_ca", "keyfile", "shutdown_grace")


class ServingTraits(Configurable):
    """What can be configured, on the command line and in configuration files."""

    certfile = Unicode(
        help="""
        A file with the certificate, and those between it and its authority, for serving with TLS.
        The one in the environment variable JUPYTERHUB_SSL_CERTFILE when it is missing.
        """,
    ).tag(config=True)

    keyfile = Unicode(
        help="""
        A file with the private key of the certificate, unless it is in the certfile as well.
        The one in the environment variable JUPYTERHUB_SSL_KEYFILE when it is missing.
        """,
    ).tag(config=True)

    client_ca = Unicode(
        help="""
        A file with the authorities that must have signed the certificates of whoever connects.
        The one in the environment variable JUPYTERHUB_SSL_CLIENT_CA when neither this nor a
        certfile is given; without any, nobody needs a certificate.
        """,
    ).tag(config=True)

    shutdown_grace = Float(
        SHUTDOWN_GRACE,
        min=0.0,
        help="""
        Seconds that the application gets to end by itself when this process is asked to end, before
        it is killed; never more than its stop_timeout. Keep it a second or two below what the
        spawner allows.
        """,
    ).tag(config=True)

    activity_interval = Int(
        min=0,
        help="""
        Seconds between reports to JupyterHub of when the application was last used; they go to the
        URL in the environment variable JUPYTERHUB_ACTIVITY_URL. 0 means no reports. The environment
        variable JUPYTERHUB_ACTIVITY_INTERVAL, or else 300, when it is missing.
        """,
    ).tag(config=True)

    authenticate_prometheus = Bool(
        True,
        help="""
        Whether reading server-proxy/metrics needs a login, as everything else does.
        """,
    ).tag(config=True)

    uvloop = Bool(
        False,
        help="""
        Whether to use the event loop of the package uvloop, which the extra ``fast`` brings.
        """,
    ).tag(config=True)

    @default("activity_interval")
    def _default_activity_interval(self) -> int:
        interval = HubEnvironment.read(os.environ).activity_interval
        return ACTIVITY_INTERVAL if interval is None else interval
