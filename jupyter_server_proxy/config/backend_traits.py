"""The keys of a service that say how its backend is reached. No I/O here."""

from __future__ import annotations

from traitlets import Bool, Int, Unicode
from traitlets.config import Configurable

from .traits import Seconds, file_path


class BackendTraits(Configurable):
    """Where a program that is running already listens, and the limits towards any backend."""

    backend_url = Unicode(
        help="""
        Where a program that is already running listens, possibly on another machine:
        ``http://HOST:PORT`` or ``https://HOST:PORT``. Not together with ``command``, ``port`` or
        ``unix_socket``.
        """,
    ).tag(config=True, expects='a URL such as "https://10.0.0.5:8443"')

    backend_ca_file = file_path(
        help="""
        File with the certificates, in PEM format, that an ``https://`` backend's certificate is
        checked against. The system's own when it is missing.
        """,
    )

    backend_cert_file = file_path(
        help="File with the client certificate, in PEM format, shown to an ``https://`` backend.",
    )

    backend_key_file = file_path(
        help="""
        File with the private key, in PEM format, of ``backend_cert_file``, when it is not in that
        file itself.
        """,
    )

    backend_verify = Bool(
        True,
        help="""
        Whether the certificate of an ``https://`` backend is checked. False accepts any
        certificate: who sits between Jupyter and the backend can then read and change everything.
        """,
    ).tag(config=True, expects="True or False")

    backend_server_name = Unicode(
        help="""
        The host name that an ``https://`` backend is asked for and that its certificate must bear.
        The host in ``backend_url`` when it is missing.
        """,
    ).tag(config=True, expects="a host name")

    connect_timeout = Seconds(
        10.0,
        is_positive=True,
        help="Time in seconds that connecting to the backend may take.",
    ).tag(config=True)

    response_timeout = Seconds(
        0.0,
        help="""
        Time in seconds that the backend may stay silent before and within an answer. 0 means no
        limit.
        """,
    ).tag(config=True)

    tunnel_idle_timeout = Seconds(
        0.0,
        help="""
        Close a websocket or another upgraded connection when no byte has moved in either direction
        for this many seconds. 0 means never.
        """,
    ).tag(config=True)

    max_connections = Int(
        0,
        min=0,
        help="""
        How many requests the backend may be answering at one time; more wait for their turn,
        up to ``connect_timeout``, and are then refused with status 503. 0 means no limit.
        """,
    ).tag(config=True, expects="a whole number, 0 or more")
