"""TLS with the certificates that JupyterHub makes for its servers (`internal_ssl`)."""

from __future__ import annotations

import ssl

from .environment import HubEnvironment


def server_context(hub: HubEnvironment) -> ssl.SSLContext | None:
    """For those who connect to us: the Hub's proxy, who must show a certificate of the Hub's
    authority. None when the Hub gave no certificate. Raises OSError for unreadable files."""
    return _context(hub, ssl.Purpose.CLIENT_AUTH)


def client_context(hub: HubEnvironment) -> ssl.SSLContext | None:
    """For connecting to the Hub; None and OSError as for `server_context`."""
    return _context(hub, ssl.Purpose.SERVER_AUTH)


def _context(hub: HubEnvironment, purpose: ssl.Purpose) -> ssl.SSLContext | None:
    if not hub.cert_file:
        return None
    context = ssl.create_default_context(purpose, cafile=hub.client_ca or None)
    context.load_cert_chain(hub.cert_file, hub.key_file or None)
    if hub.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
    return context
