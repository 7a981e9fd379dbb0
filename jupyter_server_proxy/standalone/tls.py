"""TLS, with the certificates of JupyterHub (`internal_ssl`) or with given ones.

Nothing older than TLS 1.2 is spoken (RFC 8996), which is Python's own default.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import CertificateUnusable
from .environment import HubEnvironment


@dataclass(frozen=True, slots=True)
class Named:
    """A file, and where it was named: a variable or an option, for messages."""

    path: str
    named_by: str

    def problem(self, what: str) -> CertificateUnusable:
        """What is wrong with it."""
        return CertificateUnusable(f"{self.named_by}: the file {self.path} {what}")


@dataclass(frozen=True, slots=True)
class Files:
    """A certificate, its key, and the authorities that others' certificates must be from.

    A missing `key` is in the file of the certificate; without `authorities`, whoever connects
    needs no certificate.
    """

    certificate: Named
    key: Named | None
    authorities: Named | None


def hub_files(hub: HubEnvironment) -> Files | None:
    """Those of the Hub; None when it gave no certificate.

    Raises CertificateUnusable for a key without one.
    """
    key = _named(hub.key_file, "JUPYTERHUB_SSL_KEYFILE")
    if not hub.cert_file:
        if key is not None:
            raise CertificateUnusable(f"{key.named_by} is set, but JUPYTERHUB_SSL_CERTFILE is not")
        return None
    return Files(
        Named(hub.cert_file, "JUPYTERHUB_SSL_CERTFILE"),
        key,
        _named(hub.client_ca, "JUPYTERHUB_SSL_CLIENT_CA"),
    )


def given_files(certfile: str, keyfile: str, client_ca: str) -> Files | None:
    """Those of the options; None when there is no certificate among them.

    Raises CertificateUnusable for what makes no sense without one.
    """
    key, authorities = _named(keyfile, "--keyfile"), _named(client_ca, "--client-ca")
    if not certfile:
        for other in (key, authorities):
            if other is not None:
                raise CertificateUnusable(f"{other.named_by} needs --certfile as well")
        return None
    return Files(Named(certfile, "--certfile"), key, authorities)


def server_context(files: Files | None) -> ssl.SSLContext | None:
    """For those who connect to us. With `authorities` they must show a certificate of these.

    Raises CertificateUnusable, which names the file.
    """
    return None if files is None else _context(files, ssl.Purpose.CLIENT_AUTH)


def client_context(files: Files | None) -> ssl.SSLContext | None:
    """For connecting to the Hub, with its certificate's name checked; see `server_context`."""
    return None if files is None else _context(files, ssl.Purpose.SERVER_AUTH)


def _named(path: str, named_by: str) -> Named | None:
    return Named(path, named_by) if path else None


def _context(files: Files, purpose: ssl.Purpose) -> ssl.SSLContext:
    context = _trusting(files.authorities, purpose)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _check_readable(files.certificate)
    key = files.key or files.certificate
    _check_readable(key)
    try:
        context.load_cert_chain(files.certificate.path, key.path, _no_password(key))
    except ssl.SSLError as error:
        raise _unfit(files.certificate, key, error) from error
    return context


def _trusting(authorities: Named | None, purpose: ssl.Purpose) -> ssl.SSLContext:
    if authorities is None:
        return ssl.create_default_context(purpose)
    _check_readable(authorities)
    try:
        context = ssl.create_default_context(purpose, cafile=authorities.path)
    except ssl.SSLError as error:
        raise authorities.problem("has no certificates of authorities (PEM) in it") from error
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _check_readable(file: Named) -> None:
    try:
        with open(file.path, "rb"):
            pass
    except OSError as error:
        raise file.problem(f"cannot be read: {error.strerror}") from error


def _no_password(key: Named) -> Callable[[], str]:
    """What OpenSSL calls for a password, which it would otherwise ask for at the terminal."""

    def refuse() -> str:
        raise key.problem("is encrypted; its password cannot be given here")

    return refuse


def _unfit(certificate: Named, key: Named, error: ssl.SSLError) -> CertificateUnusable:
    if error.reason == "KEY_VALUES_MISMATCH":
        other = f"{certificate.named_by}: {certificate.path}"
        return key.problem(f"is not the key of the certificate ({other})")
    if key is certificate:
        return certificate.problem("does not have a certificate and its private key (PEM) in it")
    for file, what in ((certificate, "certificate"), (key, "private key")):
        if not _has(file, what):
            return file.problem(f"has no {what} (PEM) in it")
    return certificate.problem(f"or {key.path} is damaged ({error.reason})")


def _has(file: Named, what: str) -> bool:
    with open(file.path, "rb") as opened:
        return f"{what.upper()}-----".encode() in opened.read()
