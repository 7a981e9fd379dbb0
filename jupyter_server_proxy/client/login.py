"""What proves to a Jupyter server who we are: a token, a password, or nothing at all."""

from __future__ import annotations

import http.client
import secrets
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode

from .address import Address
from .problems import LoginRefused
from .transport import new_connection

AskPassword = Callable[[Address], str]
_TIMEOUT = 30.0


def token_fields(token: str) -> dict[str, str]:
    """The fields of a request with a token."""
    return {"Authorization": f"token {token}"}


def anonymous_fields() -> dict[str, str]:
    """For a server that asks nobody for anything: it still wants a cookie and a field to agree,
    to know that the request is no foreign page's."""
    value = secrets.token_hex(16)
    return {"Cookie": f"_xsrf={value}", "X-XSRFToken": value}


def password_fields(address: Address, password: str) -> dict[str, str]:
    """Log in as the login page does; the fields of later requests. Raises LoginRefused."""
    jar: dict[str, str] = {}
    connection = new_connection(address, timeout=_TIMEOUT)
    try:
        path = address.base_path + "login"
        _ask(connection, "GET", path, jar)
        body = urlencode({"password": password, "_xsrf": jar.get("_xsrf", "")})
        status = _ask(connection, "POST", path, jar, body)
    finally:
        connection.close()
    if status != 302:
        raise LoginRefused(f"{address}: the password is wrong")
    return {"Cookie": _cookies(jar), "X-XSRFToken": jar.get("_xsrf", "")}


def cookie_for(address: Address, path: str) -> str:
    """The login cookie that the server gives to whoever asks for `path` with its token; "" where
    it gives none that is good for another request."""
    jar: dict[str, str] = {}
    connection = new_connection(address, timeout=_TIMEOUT)
    try:
        _ask(connection, "GET", path, jar, fields=token_fields(address.token))
        # The application may have one of this name, and is not to get another's.
        jar.pop("_xsrf", None)
        is_good = bool(jar) and _ask(connection, "GET", path, dict(jar)) == 200
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()
    return _cookies(jar) if is_good else ""


def _ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    jar: dict[str, str],
    body: str | None = None,
    *,
    fields: Mapping[str, str] | None = None,
) -> int:
    """The status of a request; the cookies that came with it are put into `jar`."""
    given = {"Cookie": _cookies(jar)} if jar else {}
    if body is not None:
        given["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(method, path, body, {**given, **(fields or {})})
    with connection.getresponse() as response:
        response.read()
    for line in response.headers.get_all("Set-Cookie") or []:
        cookie: SimpleCookie = SimpleCookie()
        try:
            cookie.load(line)
        except CookieError:
            continue
        jar.update({name: morsel.coded_value for name, morsel in cookie.items()})
    return response.status


def _cookies(jar: Mapping[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in jar.items())
