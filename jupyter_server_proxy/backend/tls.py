"""TLS towards backends: one context per set of options."""

from __future__ import annotations

import ssl
from functools import lru_cache

from ..errors import BackendUnreachable
from ..rules.targets import TlsOptions


def client_context(options: TlsOptions) -> ssl.SSLContext:
    """The context for `options`, made once.

    Raises BackendUnreachable naming the file when one cannot be loaded.
    """
    try:
        return _make_context(options)
    except (OSError, ssl.SSLError) as error:
        files = [options.ca_file, options.cert_file, options.key_file]
        named = ", ".join(file for file in files if file)
        raise BackendUnreachable(f"TLS files cannot be used ({named}): {error}") from error


@lru_cache(maxsize=64)
def _make_context(options: TlsOptions) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=options.ca_file)
    if not options.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if options.cert_file:
        context.load_cert_chain(options.cert_file, options.key_file)
    return context
