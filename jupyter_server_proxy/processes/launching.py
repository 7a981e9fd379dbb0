"""From a service's templates and callables to the command that is run, at the time it is run.

It calls the user's callables and looks whether the working directory exists; it starts
nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ..callbacks import call, raised
from ..errors import CallableFailed, StartFailed
from ..rules.callables import blamed_name
from ..rules.service import Service
from ..rules.templates import render
from ..rules.wording import described
from .child import Binding, Launch, LaunchDeclined


class LastWord:
    """A method that takes no arguments and says a part of the launch, in place of a setting.

    What it returns is final: braces in it are no templates.
    """

    def __init__(self, method: Callable[[], Any], name: str) -> None:
        self.method = method
        # How `rules.callables` finds out what to call it, and whose it is.
        self.__qualname__ = name
        self.__module__ = method.__module__

    def __call__(self) -> Any:
        """The part, which may be awaitable."""
        return self.method()


async def make_launch(
    service: Service, base_url: str, binding: Binding, *, timeout: LastWord | None = None
) -> Launch:
    """The launch of `service` for a port or socket, with the user's callables called and awaited.

    `base_url` is Jupyter's. Raises StartFailed, naming key and callable, when one raises or
    returns something of no use, and LaunchDeclined for an empty command: there is nothing for us
    to start then.
    """
    rendering = _Rendering(service, base_url, binding, timeout)
    cwd = rendering.directory(await rendering.realize("cwd", service.cwd))
    command = await rendering.realize("command", service.command, cwd=cwd)
    argv = rendering.argv(command)
    environment = await rendering.realize("environment", service.environment, cwd=cwd)
    seconds = await rendering.realize("timeout", timeout)
    return Launch(argv, rendering.environment(environment), cwd, rendering.seconds(seconds))


@dataclass(frozen=True, slots=True)
class _Rendering:
    """One launch in the making."""

    service: Service
    base_url: str
    binding: Binding
    timeout: LastWord | None = None

    async def realize(self, key: str, value: Any, **more: str) -> Any:
        """`value` called, awaited and rendered as need be."""
        fields = {
            "port": self.binding.port,
            "unix_socket": self.binding.unix_socket,
            "base_url": self.base_url,
        }
        values = self.service.values
        if callable(value):
            known = {**fields, "name": self.service.name, **more, **values}
            result = await self._call(key, value, known)
            if isinstance(value, LastWord):
                return result
            value = result
        try:
            return render(value, fields, values)
        except ValueError as error:
            self._fail(key, str(error))

    async def _call(self, key: str, callback: Callable[..., Any], known: Mapping[str, Any]) -> Any:
        origin = self.service.origin(key)
        try:
            return await call(callback, known, origin)
        except CallableFailed as failure:
            self._fail(key, failure.problem, failure)
        except Exception as error:  # one that is meant for a client, of whom there is none here
            self._fail(key, raised(callback, origin, error), error)

    def directory(self, cwd: object) -> str:
        """Where the command is run."""
        if cwd is not None and not isinstance(cwd, (str, os.PathLike)):
            self._fail("cwd", f"must be a path, not {described(cwd)}")
        try:
            path = os.path.abspath(os.path.expanduser(cwd or os.getcwd()))
        except OSError:
            self._fail("cwd", "Jupyter's own working directory has been removed")
        if not os.path.isdir(path):
            self._fail("cwd", f"there is no directory {path!r}")
        return path

    def argv(self, command: object) -> tuple[str, ...]:
        """The command, if there is one to run."""
        if not command and (command is not None or isinstance(self.service.command, LastWord)):
            empty = f"command: is empty{self._whose('command')}"
            raise LaunchDeclined(f"{empty}, so there is nothing for Jupyter to start")
        if isinstance(command, str):  # not shown: a whole command line may hold secrets
            self._fail("command", "must be a list of strings, not one string; see shlex.split")
        if not isinstance(command, (list, tuple)) or not all(map(_is_argument, command)):
            self._fail("command", f"must be a list of strings, not {described(command)}")
        return tuple(os.fspath(argument) for argument in command)

    def environment(self, changes: object) -> dict[str, str]:
        """Jupyter's own environment with `changes`; None drops a variable."""
        if not isinstance(changes, Mapping):
            self._fail("environment", f"must be a dictionary, not {described(changes)}")
        environment = dict(os.environ)
        for name, value in changes.items():
            if value is None:
                environment.pop(name, None)
            elif isinstance(name, str) and isinstance(value, str):
                environment[name] = value
            else:
                self._fail("environment", f"{name!r} must be a string, not {type(value).__name__}")
        return environment

    def seconds(self, timeout: object) -> float | None:
        """How long the start may take; None when nothing is said about it."""
        if timeout is None:
            return None
        is_number = isinstance(timeout, (int, float)) and not isinstance(timeout, bool)
        if not is_number or not timeout > 0:  # type: ignore[operator]  # it is a number
            self._fail("timeout", f"must be a number of seconds, not {described(timeout)}")
        return float(timeout)  # type: ignore[arg-type]

    def _whose(self, key: str) -> str:
        """Where a value of no use came from, as the end of a message."""
        value = self.timeout if key == "timeout" else getattr(self.service, key)
        package = self.service.origin(key).package
        if callable(value):
            return f" (returned by {blamed_name(value, package)})"
        return f" (package {package})" if package else ""

    def _fail(self, key: str, problem: str, cause: BaseException | None = None) -> NoReturn:
        # The supervisor puts the service's name before it.
        whose = "" if cause is not None else self._whose(key)
        raise StartFailed(f"{key}: {problem}{whose}") from cause


def _is_argument(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, os.PathLike) and isinstance(os.fspath(value), str)
    )
