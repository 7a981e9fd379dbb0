"""The REST API of a running Jupyter server, called from another process.

Synchronous and thread-safe: every call has a connection of its own. It needs no event loop, so
that it works in kernels and scripts; nothing here prints.
"""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from .address import Address
from .events import Event, parse_events
from .login import AskPassword, anonymous_fields, cookie_for, password_fields, token_fields
from .problems import (
    ApiProblem,
    ClientError,
    ExtensionMissing,
    LoginRefused,
    ServerUnreachable,
    UnknownService,
)
from .transport import new_connection

Server = Mapping[str, Any]

_TIMEOUT = 60.0
# An event stream says something every 30 seconds, if only that it is alive.
_SILENCE = 100.0
# The title of the problem document for whoever is not logged in.
_LOGIN_REQUIRED = "Login required"
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class _Question:
    """One request; `path` follows `api/`."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    timeout: float | None = None
    accept: str = "application/json"


class Client:
    """What can be asked of `server-proxy/api/`.

    Every method raises `ServerUnreachable`, `ExtensionMissing`, `LoginRefused` or `ApiProblem`,
    `UnknownService` where there is none of that name.
    """

    def __init__(self, address: Address, *, ask_password: AskPassword | None = None) -> None:
        self.address = address
        self._ask_password = ask_password
        self._is_anonymous = not address.token
        self._login = token_fields(address.token) if address.token else anonymous_fields()

    def __repr__(self) -> str:
        return f"<Client of {self.address}>"

    @property
    def login_fields(self) -> Mapping[str, str]:
        """The header fields that log a request in; they are secret."""
        return self._login

    def login_cookie(self, name: str, instance: str | None = None) -> str:
        """What logs a request for this service in that has a login of its own in its fields: a
        cookie, or "" where the server gives none for our token."""
        if not self.address.token:
            return ""
        path = f"{self.address.base_path}server-proxy/api/{path_of(name, instance)}"
        return cookie_for(self.address, path)

    # --- services -------------------------------------------------------------------------

    def servers(self) -> list[Server]:
        """All services and their instances."""
        found: list[Server] = self._json("GET", "servers")["servers"]
        return found

    def server(self, name: str, instance: str | None = None) -> Server:
        """One of them."""
        return self._json("GET", path_of(name, instance))

    def act(self, action: str, name: str, instance: str | None = None) -> Server:
        """Ask for `start`, `stop` or `restart`; what is known of the service at once, which need
        not be what becomes of it."""
        path = f"{path_of(name, instance)}/{action}?wait=false"
        # Whoever does not want to wait is answered at once; the others know for how long.
        return self._json("POST", path, timeout=None)

    def add(self, definition: Mapping[str, Any]) -> Server:
        """Add a service; the keys are those of the configuration, and `name` and `save`."""
        return self._json("POST", "servers", definition)

    def add_instance(
        self, name: str, *, instance: str | None = None, parameters: Mapping[str, Any]
    ) -> Server:
        """Add an instance of a service; without a name of its own it is given one."""
        body: dict[str, Any] = {"parameters": dict(parameters)}
        if instance is not None:
            body["instance"] = instance
        return self._json("POST", f"{path_of(name)}/instances", body)

    def remove(self, name: str, instance: str | None = None) -> None:
        """Remove a service that was added at run time, or an instance."""
        self._json("DELETE", path_of(name, instance), timeout=None)

    def log(self, name: str, instance: str | None = None, *, tail: int | None = None) -> list[str]:
        """The last lines that the program has written."""
        query = "" if tail is None else f"?tail={tail}"
        found: list[str] = self._json("GET", f"{path_of(name, instance)}/log{query}")["lines"]
        return found

    # --- streams --------------------------------------------------------------------------

    def follow_log(
        self, name: str, instance: str | None = None, *, tail: int | None = None
    ) -> contextlib.AbstractContextManager[Iterator[Event]]:
        """`lines` events, the last lines first, as long as the server runs."""
        query = {"follow": "1"} if tail is None else {"follow": "1", "tail": str(tail)}
        return self._stream(f"{path_of(name, instance)}/log?{urlencode(query)}")

    def events(self) -> contextlib.AbstractContextManager[Iterator[Event]]:
        """`servers` with all services, then `state`, `added` and `removed` as they happen."""
        return self._stream("events")

    # --- one request ------------------------------------------------------------------------

    def _json(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = _TIMEOUT,
    ) -> dict[str, Any]:
        question = _Question(method, path, body, timeout=timeout)
        with self._answer(question) as response, self._explained():
            content = response.read()
        if not content:
            return {}
        try:
            decoded = json.loads(content)
        except ValueError:
            raise self._missing() from None
        return decoded if isinstance(decoded, dict) else {}

    @contextlib.contextmanager
    def _stream(self, path: str) -> Iterator[Iterator[Event]]:
        question = _Question("GET", path, timeout=_SILENCE, accept="text/event-stream")
        with self._answer(question) as response:
            yield self._events_of(response)

    def _events_of(self, response: http.client.HTTPResponse) -> Iterator[Event]:
        with self._explained():
            yield from parse_events(response)

    @contextlib.contextmanager
    def _answer(self, question: _Question) -> Iterator[http.client.HTTPResponse]:
        """A good answer, its body still to be read."""
        with contextlib.ExitStack() as opened:
            with self._explained():
                response = self._send(question, opened)
                error = self._problem_of(response)
                if isinstance(error, LoginRefused) and self._is_anonymous and self._ask_password:
                    self._log_in(self._ask_password)
                    response = self._send(question, opened)
                    error = self._problem_of(response)
            if error is not None:
                raise error
            yield response

    def _send(self, question: _Question, opened: contextlib.ExitStack) -> http.client.HTTPResponse:
        """The answer; what is opened for it is closed with `opened`."""
        fields = {**self._login, "Accept": question.accept}
        content = None
        if question.method != "GET":
            # As browsers do: where there is no login, it says that no foreign page asks.
            fields["Origin"] = self.address.origin
        if question.body is not None:
            fields["Content-Type"] = "application/json"
            content = json.dumps(question.body)
        url = f"{self.address.base_path}server-proxy/api/{question.path}"
        connection = new_connection(self.address, timeout=question.timeout)
        opened.callback(connection.close)
        connection.request(question.method, url, content, fields)
        return opened.enter_context(connection.getresponse())

    def _log_in(self, ask_password: AskPassword) -> None:
        self._is_anonymous = False
        self._login = password_fields(self.address, ask_password(self.address))

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            message = f"{self.address} does not answer: {error or type(error).__name__}"
            raise ServerUnreachable(message) from error

    # --- answers that are none ----------------------------------------------------------------

    def _problem_of(self, response: http.client.HTTPResponse) -> ClientError | None:
        """What is wrong with an answer, None for a good one. Reads the body of a bad one."""
        status = response.status
        if status < 300:
            return None
        facts = _facts(response)
        if facts is None:
            if status in (401, 403, *_REDIRECTS):
                return LoginRefused(self._how_to_log_in())
            return (
                self._missing() if status == 404 else ApiProblem(status, {"title": response.reason})
            )
        if status == 403:
            wants_login = facts.get("title") == _LOGIN_REQUIRED
            return LoginRefused(self._how_to_log_in() if wants_login else _detail(facts))
        return UnknownService(status, facts) if status == 404 else ApiProblem(status, facts)

    def _how_to_log_in(self) -> str:
        if not self._is_anonymous:
            return f"{self.address} does not accept this login"
        return f"{self.address} wants a login: give its token, or set JUPYTER_TOKEN"

    def _missing(self) -> ExtensionMissing:
        return ExtensionMissing(f"{self.address} runs without Jupyter Server Proxy 5")


def path_of(name: str, instance: str | None = None) -> str:
    """The path of a service below `api/`."""
    path = f"servers/{quote(name, safe='')}"
    return path if instance is None else f"{path}/instances/{quote(instance, safe='')}"


def _facts(response: http.client.HTTPResponse) -> dict[str, Any] | None:
    """The problem document of an answer, None when it has none."""
    if response.headers.get_content_type() != "application/problem+json":
        return None
    try:
        facts = json.loads(response.read())
    except ValueError:
        return None
    return facts if isinstance(facts, dict) else None


def _detail(facts: Mapping[str, Any]) -> str:
    return str(facts.get("detail") or facts.get("title") or "you may not do this")
