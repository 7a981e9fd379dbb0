"""From a service's templates and callables to the command that is run, at the time it is run.

It calls the user's callables and looks whether the working directory exists; it starts
nothing.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from traitlets.log import get_logger

from ..errors import StartFailed
from ..processes.child import Binding, Launch
from ..rules.callables import call_with_known, callable_name
from ..rules.service import Service
from ..rules.templates import render
from .problems import described

if TYPE_CHECKING:
    from ..processes.attempt import LaunchFactory


def launch_factory(service: Service, base_url: str) -> LaunchFactory:
    """What makes the launch of `service` for a port or socket; `base_url` is Jupyter's.

    The result awaits the user's callables and raises StartFailed, naming the key, when one
    raises or returns something of no use. A supervisor calls it, and names the service.
    """

    async def make_launch(binding: Binding) -> Launch:
        return await _Rendering(service, base_url, binding).launch()

    return make_launch


@dataclass(frozen=True, slots=True)
class _Rendering:
    """One launch in the making."""

    service: Service
    base_url: str
    binding: Binding

    async def launch(self) -> Launch:
        cwd = self._directory(await self._realize("cwd", self.service.cwd))
        command = await self._realize("command", self.service.command, cwd=cwd)
        environment = await self._realize("environment", self.service.environment, cwd=cwd)
        return Launch(self._argv(command), self._environment(environment), cwd)

    async def _realize(self, key: str, value: Any, **more: str) -> Any:
        """`value` called, awaited and rendered as need be."""
        fields = {
            "port": self.binding.port,
            "unix_socket": self.binding.unix_socket,
            "base_url": self.base_url,
        }
        where = key
        if callable(value):
            where = f"{key}, as returned by {callable_name(value)}()"
            value = await self._call(key, value, {**fields, "name": self.service.name, **more})
        try:
            return render(value, fields)
        except ValueError as error:
            self._fail(where, str(error))

    async def _call(self, key: str, callback: Callable[..., Any], known: Mapping[str, Any]) -> Any:
        try:
            result = call_with_known(callback, known)
            return await result if inspect.isawaitable(result) else result
        except (Exception, SystemExit) as error:  # a callable's sys.exit() must not end Jupyter
            get_logger().warning(
                "service %r: %s: %s() raised", self.service.name, key, callable_name(callback),
                exc_info=True,
            )  # fmt: skip
            raised = f"{type(error).__name__}: {error}"
            self._fail(key, f"{callable_name(callback)}() raised {raised}", error)

    def _directory(self, cwd: object) -> str:
        if cwd is not None and not isinstance(cwd, (str, os.PathLike)):
            self._fail("cwd", f"must be a path, not {described(cwd)}")
        try:
            path = os.path.abspath(os.path.expanduser(cwd or os.getcwd()))
        except OSError:
            self._fail("cwd", "Jupyter's own working directory has been removed")
        if not os.path.isdir(path):
            self._fail("cwd", f"there is no directory {path!r}")
        return path

    def _argv(self, command: object) -> tuple[str, ...]:
        if not command:
            self._fail("command", "is empty when called, so there is nothing to start")
        if isinstance(command, str):  # not shown: a whole command line may hold secrets
            self._fail("command", "must be a list of strings, not one string; see shlex.split")
        if not isinstance(command, (list, tuple)) or not all(isinstance(x, str) for x in command):
            self._fail("command", f"must be a list of strings, not {described(command)}")
        return tuple(command)

    def _environment(self, changes: object) -> dict[str, str]:
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

    def _fail(self, key: str, problem: str, cause: BaseException | None = None) -> NoReturn:
        # The supervisor puts the service's name before it.
        raise StartFailed(f"{key}: {problem}") from cause
