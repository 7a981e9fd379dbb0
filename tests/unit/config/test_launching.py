"""What is run in the end: templates filled in, callables called, mistakes explained."""

from __future__ import annotations

import functools
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from jupyter_server_proxy.config import ServerProcess, compile_service
from jupyter_server_proxy.errors import StartFailed
from jupyter_server_proxy.processes.child import Binding, Launch, LaunchDeclined
from jupyter_server_proxy.processes.launching import make_launch

TCP = Binding(8123, "")
SOCKET = Binding(0, "/run/x/socket")


async def launched(binding: Binding = TCP, **settings: Any) -> Launch:
    service = compile_service(ServerProcess(**{"name": "app", "command": ["x"], **settings}))
    return await make_launch(service, "/user/ada/", binding)


async def slow_command(port: int, name: str, cwd: str) -> list[str]:
    return [name, str(port), cwd]


class Licence:
    def __init__(self, key: str) -> None:
        self.key = key

    def environment(self, base_url: str) -> dict[str, str | None]:
        return {"KEY": self.key, "BASE": base_url, "PORT": "{port}", "HOME": None}


@pytest.mark.parametrize(
    ("command", "binding", "argv"),
    [
        (["a", "--port={port}", "{base_url}app"], TCP, ("a", "--port=8123", "/user/ada/app")),
        (["a", "{port}", "{unix_socket}"], SOCKET, ("a", "0", "/run/x/socket")),
        (["a", "[{unix_socket}]", '{{"p": {port}}}'], TCP, ("a", "[]", '{"p": 8123}')),
        (lambda port: ["a", str(port)], TCP, ("a", "8123")),
        (lambda port, base_url="/": ("a", base_url), TCP, ("a", "/user/ada/")),
        (lambda port, unix_socket: ["a", "{unix_socket}"], SOCKET, ("a", "/run/x/socket")),
        (functools.partial(lambda a, b, port: [a, b, str(port)], "a", "b"), TCP,
         ("a", "b", "8123")),
        (slow_command, TCP, ("app", "8123", os.getcwd())),
    ],
)  # fmt: skip
async def test_commands(command: Any, binding: Binding, argv: tuple[str, ...]) -> None:
    assert (await launched(binding, command=command)).argv == argv


async def test_the_environment_is_jupyters_own_with_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEPT", "k{not_a_template}")
    monkeypatch.setenv("GONE", "g")
    changes = {"PORT": "{port}", "B_{port}": "{base_url}", "GONE": None, "NEVER": None}
    env = (await launched(environment=changes)).env
    expected = {**os.environ, "PORT": "8123", "B_8123": "/user/ada/"}
    del expected["GONE"]
    assert env == expected


async def test_an_environment_from_a_bound_method(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    env = (await launched(environment=Licence("k").environment)).env
    assert (env["KEY"], env["BASE"], env["PORT"]) == ("k", "/user/ada/", "8123")
    assert "HOME" not in env


async def test_working_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "8123").mkdir()
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    here = str(tmp_path)
    for cwd, expected in {
        None: here,
        "": here,
        f"{here}/{{port}}": f"{here}/8123",
        "~/sub": f"{here}/sub",
        "sub": f"{here}/sub",
    }.items():
        assert (await launched(cwd=cwd)).cwd == expected
    assert (await launched(cwd=tmp_path / "sub")).cwd == f"{here}/sub"
    assert (await launched(cwd=lambda name: tmp_path / "sub")).cwd == f"{here}/sub"


async def test_a_working_directory_that_was_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(StartFailed, match=r"cwd: Jupyter's own working directory has been removed"):
        await launched()


def breaks(port: int) -> list[str]:
    raise KeyError("LICENCE")


def breaks_once(port: int) -> list[str]:
    raise KeyError("LICENCE")


def exits() -> list[str]:
    raise SystemExit(2)


async def breaks_later() -> list[str]:
    raise OSError(2, "No such file", "app")


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"command": breaks}, r"command: breaks\(\) of module .* raised KeyError: 'LICENCE'"),
        ({"command": exits}, r"command: exits\(\) .* raised SystemExit: 2"),
        (
            {"environment": breaks_later},
            r"environment: breaks_later\(\) .* raised FileNotFound",
        ),
        (
            {"command": lambda: ["x", "{foo}"]},
            r"command: .\{foo\}. .*returned by .*<lambda>\(\) of ",
        ),
        ({"command": lambda: "code --port 5 --password s3cret"}, "command: must be a list of "),
        ({"command": lambda: ["x", 5]}, "command: must be .* whose item 1 is of type int"),
        ({"command": lambda: 5}, "command: must be a list of strings, not 5"),
        ({"command": lambda: None}, "command: must be a list of strings, not None"),
        ({"environment": lambda: ["A=b"]}, "environment: must be a dictionary, not a list"),
        ({"environment": lambda: {"PORT": 5}}, "environment: 'PORT' must be a string, not int"),
        ({"environment": lambda: {5: "a"}}, "environment: 5 must be a string, not str"),
        ({"cwd": "/no/such/directory"}, "cwd: there is no directory '/no/such/directory'"),
        ({"cwd": lambda: 5}, "cwd: must be a path, not 5"),
    ],
)
async def test_what_goes_wrong_names_the_key(settings: Any, text: str) -> None:
    with pytest.raises(StartFailed, match=f"^{text}") as caught:
        await launched(**settings)
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize("nothing", ["", [], ()])
async def test_a_callable_may_say_that_there_is_nothing_to_start(nothing: Any) -> None:
    with pytest.raises(
        LaunchDeclined, match=r"command: is empty \(returned by .*<lambda>\(\) of module .*\)"
    ):
        await launched(command=lambda: nothing, port=6006)


async def test_where_a_callable_raised_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(StartFailed):
        await launched(command=breaks_once)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "in breaks_once" in caplog.text
    with pytest.raises(StartFailed):
        await launched(command=breaks_once)
    assert len(caplog.records) == 1
