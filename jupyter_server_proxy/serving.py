"""`serve`: a web application in a notebook or script, as a service of the Jupyter server.

This asks the server by its REST API; the program is a child of the server, not of the kernel.
"""

from __future__ import annotations

import getpass
import hashlib
import os
from collections.abc import Mapping, Sequence
from html import escape
from http import HTTPStatus
from types import TracebackType
from typing import Any

from .client import (
    Address,
    ApiProblem,
    Client,
    ClientError,
    NoServerFound,
    Server,
    UnknownService,
    carry_out,
    choose_server,
)
from .client.definitions import define, make_paths_explicit, suggest_name

__all__ = ["App", "Frame", "Lines", "serve"]

_FRAME_STYLE = "border: 0; display: block"


class Lines(list[str]):
    """Lines of a log, shown as they are."""

    def __repr__(self) -> str:
        return "\n".join(self)

    __str__ = __repr__


class Frame:
    """A page in the output of a cell."""

    def __init__(self, path: str, title: str, *, height: int, width: str) -> None:
        self._path = path
        self._title = title
        self._height = height
        self._width = width

    def __repr__(self) -> str:
        return f"<Frame of {self._path}>"

    def _repr_html_(self) -> str:
        return (
            f'<iframe src="{escape(self._path)}" title="{escape(self._title)}" '
            f'width="{escape(self._width)}" height="{self._height}" style="{_FRAME_STYLE}" '
            f"allowfullscreen></iframe>"
        )


class App:
    """A service of a Jupyter server, held by name: what is told of it is asked for every time.

    As a context manager it is there for as long as the block runs.
    """

    def __init__(self, client: Client, server: Server, *, is_ours: bool) -> None:
        self._client = client
        self._name = str(server["name"])
        self._instance: str | None = server.get("instance")
        self._title = str(server.get("title") or self._name)
        self._path = str(server["url"])
        self._is_ours = is_ours

    @property
    def name(self) -> str:
        """The name of the service."""
        return self._name

    @property
    def instance(self) -> str | None:
        """Which instance of the service it is, None for the service itself."""
        return self._instance

    @property
    def path(self) -> str:
        """Where it is on the server, for links in pages that the server shows."""
        return self._path

    @property
    def url(self) -> str:
        """The whole address, as this machine knows the server; opening it needs a login."""
        return self._client.address.absolute(self._path)

    @property
    def info(self) -> dict[str, Any]:
        """Everything that is known of it now."""
        return dict(self._client.server(self._name, self._instance))

    @property
    def state(self) -> str:
        """What it does now: "ready", "starting", "stopped", "failed", ..."""
        return str(self.info["state"])

    def wait(self) -> App:
        """Start it unless it runs, and return when it is ready. Raises ActionFailed."""
        carry_out(self._client, "start", self._name, self._instance)
        return self

    def stop(self) -> None:
        """Stop it; the next visit starts it again."""
        carry_out(self._client, "stop", self._name, self._instance)

    def restart(self) -> App:
        """Stop and start it; requests wait meanwhile. Raises ActionFailed."""
        carry_out(self._client, "restart", self._name, self._instance)
        return self

    def remove(self) -> None:
        """Stop it and forget that there was such a service; nothing for one that is gone."""
        try:
            self._client.remove(self._name, self._instance)
        except UnknownService:
            return

    def logs(self, count: int = 50) -> Lines:
        """The last lines that it has written."""
        return Lines(self._client.log(self._name, self._instance, tail=count))

    def iframe(self, height: int = 600, *, width: str = "100%") -> Frame:
        """The application itself, to be shown in a notebook."""
        return Frame(self._path, self._title, height=height, width=width)

    def __enter__(self) -> App:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._is_ours:
            self.remove()
        else:
            self.stop()

    # --- how it is shown ---------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"<App {self._full_name}: {self._shown_state()}, {self.url}>"

    def _repr_html_(self) -> str:
        state = escape(self._shown_state())
        return (
            f'<div><a href="{escape(self._path)}" target="_blank" rel="noopener">'
            f"<strong>{escape(self._title)}</strong></a> is {state}. "
            f"<code>.iframe()</code> shows it here, <code>.logs()</code> what it has written, "
            f"<code>.stop()</code> stops it.</div>"
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    @property
    def _full_name(self) -> str:
        return self._name if self._instance is None else f"{self._name}/i/{self._instance}"

    def _shown_state(self) -> str:
        """The state; being shown is no reason to fail."""
        try:
            return self.state
        except UnknownService:
            return "removed"
        except ClientError:
            return "out of reach"


def serve(
    command: Sequence[str] | str,
    *,
    name: str | None = None,
    instance: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    wait: bool = True,
    url: str = "",
    token: str = "",
    **keys: Any,
) -> App:
    """Start `command` as a service of the Jupyter server that this runs under.

    `command` is a list as in the configuration, with `{port}` where the port belongs; `keys` are
    other keys of the configuration, and `save=True` keeps the service when Jupyter ends. Without
    a `name` it is made of the command. A service that was added under the same name before is
    replaced, so that a cell can be run again.

    A string is the name of a service that there is already: it is started, or an `instance` of it
    with these `parameters` is made.

    With `wait` it returns when the application is ready. `url` and `token` name another server.
    Raises `ActionFailed` when the application cannot be started, `NoServerFound`, `ApiProblem`.
    """
    client = Client(_find_server(url, token), ask_password=_ask_password)
    if isinstance(command, str):
        if keys or name:
            raise TypeError("a string is the name of a service; a command is a list of strings")
        app = _existing(client, command, instance, parameters)
    else:
        if instance is not None or parameters is not None:
            raise TypeError("instances are of services that there are: give a name, not a command")
        app = _added(client, command, name, keys)
    return app.wait() if wait else _begun(client, app)


def _begun(client: Client, app: App) -> App:
    client.act("start", app.name, app.instance)
    return app


def _find_server(url: str, token: str) -> Address:
    try:
        return choose_server(url=url, token=token)
    except NoServerFound as error:
        raise NoServerFound(f"{error}\nserve(..., url=, token=) names a server anywhere") from None


def _existing(
    client: Client, name: str, instance: str | None, parameters: Mapping[str, Any] | None
) -> App:
    if instance is None and parameters is None:
        return App(client, client.server(name), is_ours=False)
    if instance is not None:
        _remove_former(client, name, instance)
    declared = client.server(name).get("parameters") or {}
    values = make_paths_explicit(parameters or {}, declared, client.address)
    server = client.add_instance(name, instance=instance, parameters=values)
    return App(client, server, is_ours=True)


def _added(
    client: Client, command: Sequence[str], name: str | None, keys: Mapping[str, Any]
) -> App:
    if not command:
        raise TypeError("the command is empty")
    chosen = name or f"{suggest_name(command)}-{_mark_of_notebook(command)}"
    _remove_former(client, chosen, None)
    server = client.add(define(chosen, command, client.address, keys=keys))
    return App(client, server, is_ours=True)


def _remove_former(client: Client, name: str, instance: str | None) -> None:
    """Make room, if what is there was added as this will be; else the server will say no.

    Only the server knows what it lets go: what was saved comes again as configuration.
    """
    try:
        client.remove(name, instance)
    except UnknownService:
        return
    except ApiProblem as error:
        if error.status != HTTPStatus.CONFLICT:
            raise


def _mark_of_notebook(command: Sequence[str]) -> str:
    """Tells apart what several notebooks serve, and is the same when a cell is run again."""
    where = os.environ.get("JPY_SESSION_NAME", "")
    digest = hashlib.sha256("\0".join([where, os.getcwd(), *command]).encode())
    return digest.hexdigest()[:4]


def _ask_password(address: Address) -> str:
    return getpass.getpass(f"Password of {address}: ")
