"""One HTTP connection to a Jupyter server: TCP, TLS or a unix socket. Nothing is retried here."""

from __future__ import annotations

import http.client
import socket
import ssl

from .address import Address


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, *, timeout: float | None) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Called by http.client before the first request."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def tls_context(address: Address) -> ssl.SSLContext:
    """What to check of the server's certificate."""
    context = ssl.create_default_context(cafile=address.ca_file or None)
    if not address.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def new_connection(address: Address, *, timeout: float | None) -> http.client.HTTPConnection:
    """A connection that connects with its first request; the caller closes it.

    `timeout` is for connecting and for each wait for bytes; None waits for ever.
    """
    if address.unix_socket:
        return UnixConnection(address.unix_socket, timeout=timeout)
    if address.is_tls:
        context = tls_context(address)
        return http.client.HTTPSConnection(
            address.host, address.port, timeout=timeout, context=context
        )
    return http.client.HTTPConnection(address.host, address.port, timeout=timeout)
