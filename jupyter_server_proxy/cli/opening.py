"""`open`: a service in the browser of this machine."""

from __future__ import annotations

import html
import os
import webbrowser
from pathlib import Path
from urllib.parse import urlencode

from jupyter_core.paths import jupyter_runtime_dir, secure_write

from ..client import Address
from .exit_codes import ExitCode
from .session import Session, warn
from .text import split_name

_PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Opening</title>
<meta http-equiv="refresh" content="0; url={url}">
<a href="{url}">Open</a>
"""


def open_service(session: Session) -> ExitCode:
    """Open it, logged in; the URL that is printed is without the token."""
    server = session.client.server(*split_name(session.options.name))
    address = session.client.address
    url = address.absolute(server["url"])
    session.answer(url, {"url": url})
    if session.options.no_browser:
        return ExitCode.DONE
    if address.unix_socket:
        warn("Browsers cannot open a unix socket; `forward` makes a port that leads there.")
        return ExitCode.FAILED
    if not webbrowser.open(_file_that_leads_to(url, address)):
        warn("There is no browser here; open the URL elsewhere.")
        return ExitCode.FAILED
    return ExitCode.DONE


def _file_that_leads_to(url: str, address: Address) -> str:
    """The browser's command line is there for all users of the machine to see, so what it gets is
    a file that only we can read. It is replaced next time, as it is as secret as those beside it.
    """
    if not address.token:
        return url
    query = urlencode({"token": address.token})
    folder = Path(jupyter_runtime_dir())
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "server-proxy-open.html"
    with secure_write(os.fspath(file)) as page:
        page.write(_PAGE.format(url=html.escape(f"{url}?{query}")))
    return file.as_uri()
