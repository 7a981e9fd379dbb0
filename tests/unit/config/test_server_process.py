"""What a service may be described with: every form in use is taken, every wrong one explained."""

from __future__ import annotations

import functools
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from traitlets import TraitError, Unicode
from traitlets.config import Application

from jupyter_server_proxy.config import (
    LauncherEntry,
    ServerProcess,
    compile_service,
    make_server_process,
)
from jupyter_server_proxy.config.server_process import build_process
from jupyter_server_proxy.rules.service import Launcher, ProcessOptions, Service, TcpReadiness


def compiled(**settings: Any) -> Service:
    return compile_service(ServerProcess(**{"name": "app", "command": ["x"], **settings}))


def test_defaults_are_those_of_a_service() -> None:
    launcher = Launcher(
        enabled=True, icon_path="", title="app", path_info="app/", category="Notebook"
    )
    assert compiled() == Service(name="app", launcher=launcher, command=("x",))


def test_every_key_has_help_and_says_what_is_right() -> None:
    traits = ServerProcess.class_traits()
    for name in ServerProcess.setting_names():
        assert str(traits[name].help).strip(), name
        assert traits[name].metadata.get("expects") or "second" in traits[name].info(), name


def test_the_4_6_names_are_all_there() -> None:
    assert {
        "name", "command", "environment", "timeout", "absolute_url", "port", "unix_socket",
        "mappath", "launcher_entry", "new_browser_tab", "request_headers_override",
        "rewrite_response", "update_last_activity", "exclude_last_activity_patterns",
        "raw_socket_proxy",
    } <= set(ServerProcess.setting_names())  # fmt: skip


mapped = functools.partial(lambda prefix, path: prefix + path, "/x")


def command(port: int, unix_socket: str) -> list[str]:
    return ["x", str(port), unix_socket]


@pytest.mark.parametrize(
    ("key", "value", "field", "expected"),
    [
        ("command", ("x", "--port={port}"), "command", ("x", "--port={port}")),
        ("command", command, "command", command),
        ("environment", {}, "environment", {}),
        ("environment", {"PORT": "{port}", "GONE": None}, "environment",
         {"PORT": "{port}", "GONE": None}),
        ("environment", command, "environment", command),
        ("timeout", 15, "process.timeout", 15.0),
        ("timeout", 5000.5, "process.timeout", 5000.5),
        ("port", 6006, "process.port", 6006),
        ("unix_socket", True, "process.unix_socket", True),
        ("unix_socket", False, "process.unix_socket", False),
        ("unix_socket", None, "process.unix_socket", False),
        ("unix_socket", "", "process.unix_socket", False),
        ("unix_socket", "/run/app.sock", "process.unix_socket", "/run/app.sock"),
        ("mappath", {"/": "/index.html"}, "mappath", {"/": "/index.html"}),
        ("mappath", mapped, "mappath", mapped),
        ("rewrite_response", print_response := (lambda response: None), "rewrite_response",
         (print_response,)),
        ("rewrite_response", (print_response,), "rewrite_response", (print_response,)),
        ("rewrite_response", [print_response] * 2, "rewrite_response", (print_response,) * 2),
        ("request_headers_override", {"Host": "127.0.0.1:{port}", "X-Forwarded-Prefix": ""},
         "request_headers_override", {"Host": "127.0.0.1:{port}", "X-Forwarded-Prefix": ""}),
        ("update_last_activity", False, "update_last_activity", False),
        ("exclude_last_activity_patterns", ["a.*", re.compile("b")],
         "exclude_last_activity_patterns", (re.compile("a.*"), re.compile("b"))),
        ("new_browser_tab", False, "new_browser_tab", False),
        ("cwd", "~/{port}", "cwd", "~/{port}"),
        ("cwd", Path("/srv"), "cwd", "/srv"),
        ("log_file", Path("/var/log/app.log"), "process.log_file", "/var/log/app.log"),
        ("forward_credentials", True, "forward_credentials", True),
        ("rewrite_response_content_types", ["Text/HTML", "text/*"], "rewrite_content_types",
         ("text/html", "text/*")),
    ],
)  # fmt: skip
def test_takes_every_form(key: str, value: object, field: str, expected: object) -> None:
    result: Any = compiled(**{key: value})
    for name in field.split("."):
        result = getattr(result, name)
    assert result == expected


@pytest.mark.parametrize(
    ("settings", "icon_path", "title", "path_info", "category"),
    [
        ({}, "", "app", "app/", "Notebook"),
        ({"title": "App", "path_info": "app?tkn=1"}, "", "App", "app?tkn=1", "Notebook"),
        ({"icon_path": Path("/i/a.svg"), "category": "X"}, "/i/a.svg", "app", "app/", "X"),
        (LauncherEntry(), "", "app", "app/", "Notebook"),
        (LauncherEntry(title="T", path_info="p"), "", "T", "p", "Notebook"),
    ],
)
def test_launcher_entries(
    settings: Any, icon_path: str, title: str, path_info: str, category: str
) -> None:
    launcher = compiled(launcher_entry=settings).launcher
    assert launcher == Launcher(
        enabled=True, icon_path=icon_path, title=title, path_info=path_info, category=category
    )


def test_the_path_of_a_name_that_needs_it_is_quoted() -> None:
    process = ServerProcess(name="mine & yours #1?/ü", port=1)
    assert process.launcher_entry.path_info == "mine%20&%20yours%20%231%3F/%C3%BC/"


def test_unknown_keys_are_a_warning_with_the_nearest_known_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    process = ServerProcess(
        name="app", port=1, comand=["x"], path_info="y", launcher_entry={"titel": "T", "timeout": 1}
    )
    assert process.launcher_entry.title == "app"
    assert sorted(record.getMessage() for record in caplog.records) == [
        "service 'app': launcher_entry: unknown key 'timeout' is ignored",
        "service 'app': launcher_entry: unknown key 'titel' is ignored; did you mean 'title'?",
        "service 'app': unknown key 'comand' is ignored; did you mean 'command'?",
        "service 'app': unknown key 'path_info' is ignored",
    ]


def test_the_machinery_of_traitlets_is_no_setting(caplog: pytest.LogCaptureFixture) -> None:
    process, errors = build_process("app", {"port": 1, "log": "debug", "parent": 3, "config": {}})
    assert process is not None
    assert isinstance(process.log, (logging.Logger, logging.LoggerAdapter))
    assert errors == []
    assert len(caplog.records) == 3


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"command": None}, "command: must be a list of strings, or a callable .*, not None"),
        ({"command": "x"}, "command: must be a list .*, not a string$"),
        ({"launcher_entry": ["a"]}, "launcher_entry: must be a dictionary .*, not a list$"),
        ({"timeout": object()}, "timeout: must be .*, not an object of type object$"),
        ({"command": [None]}, r"command: .* whose item 0 is None \(is the program installed\?\)"),
        ({"command": ["x", 1]}, "command: .* whose item 1 is of type int"),
        ({"timeout": "5"}, "timeout: must be a number of seconds, more than 0, not the string '5'"),
        ({"idle_timeout": -1}, "idle_timeout: must be a number of seconds, 0 or more, not -1"),
        ({"stop_timeout": float("inf")}, "stop_timeout: .* not inf"),
        ({"port": "80"}, "port: must be a port number.*, not the string '80'"),
        ({"environment": {"A": 5}}, "environment: .* whose 'A' is of type int"),
        ({"environment": {5: "a"}}, "environment: .* with the key 5"),
        ({"request_headers_override": {"A": None}}, "request_headers_override: .* NoneType"),
        ({"mappath": None}, "mappath: must be a dictionary of paths, or a callable, not None"),
        ({"launcher_entry": None}, "launcher_entry: must be a dictionary or a LauncherEntry"),
        ({"launcher_entry": {"enabled": "true"}},
         "launcher_entry.enabled: must be True or False, not the string 'true'"),
        ({"launcher_entry": {"title": None}}, "launcher_entry.title: must be a string, not None"),
        ({"launcher_entry": {"icon_path": None}}, "launcher_entry.icon_path: must be the path of"),
        ({"absolute_url": "yes"}, "absolute_url: must be True or False, not the string 'yes'"),
        ({"rewrite_response": ["x"]}, "rewrite_response: must be a callable, or a list of"),
        ({"restart": "sometimes"},
         'restart: must be "on-failure", "always" or "never", not the string \'sometimes\''),
        ({"max_connections": -1}, "max_connections: must be a whole number, 0 or more, not -1"),
        ({"readiness": 3}, 'readiness: must be "http", "tcp", .*, not 3'),
        ([], "settings: must be a dictionary or a ServerProcess, not of type list"),
    ],
)  # fmt: skip
def test_a_wrong_value_names_service_and_key_and_what_is_right(settings: Any, text: str) -> None:
    process, errors = build_process("app", settings)
    assert process is None
    assert [error.service for error in errors] == ["app"]
    assert re.match(f"service 'app': {text}", str(errors[0])), str(errors[0])


def test_all_wrong_keys_are_told_at_once() -> None:
    _, errors = build_process("app", {"port": "80", "timeout": "5", "command": ["x"]})
    assert [error.key for error in errors] == ["port", "timeout"]


@pytest.mark.parametrize("key", ["command", "environment", "request_headers_override"])
@pytest.mark.parametrize("value", ["--pin 271828", {"PIN": 271828}, {"PIN": ["271828"]}])
def test_what_may_be_secret_is_never_shown(key: str, value: object) -> None:
    _, errors = build_process("app", {key: value})
    assert "271828" not in str(errors[0])


def test_a_wrong_value_given_in_code_raises_the_error_of_traitlets() -> None:
    with pytest.raises(TraitError):
        ServerProcess(name="app", port="80")


def test_make_server_process_keeps_its_three_arguments() -> None:
    process = make_server_process("app", {"port": 8000}, None)
    assert (process.name, process.port) == ("app", 8000)
    assert ProcessOptions().timeout == process.timeout == 60.0


def test_an_application_can_be_a_service_itself() -> None:
    """As the standalone application of release 4.6 was, and others like it are."""

    class App(Application, ServerProcess):
        name = Unicode("wrapped")
        aliases = {"timeout": "App.timeout", "unix-socket": "App.unix_socket"}  # noqa: RUF012

        def get_proxy_attributes(self) -> dict[str, Any]:
            return {**super().get_proxy_attributes(), "proxy_base": "/"}

    app = App(command=["x", "{port}"])
    app.parse_command_line(["--timeout=7", "--unix-socket=/run/app.sock", "--App.readiness=tcp"])
    handler, keywords = app.make_proxy_handler()
    service = handler.service  # type: ignore[union-attr]
    assert (service.name, service.command) == ("wrapped", ("x", "{port}"))
    assert (service.process.timeout, service.process.unix_socket) == (7, "/run/app.sock")
    assert service.process.readiness == TcpReadiness()
    assert (handler.proxy_base, keywords) == ("/", {"state": {}})  # type: ignore[union-attr]


def test_patterns_can_be_matched_with_as_soon_as_they_are_set() -> None:
    process = ServerProcess(name="x", port=1, exclude_last_activity_patterns=["/poll", "("])
    assert process.exclude_last_activity_patterns == [re.compile("/poll"), "("]
