"""Which values an instance may be given, and what becomes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_server_proxy.config import ServerProcess, compile_service
from jupyter_server_proxy.config.parameters import given_values, path_below
from jupyter_server_proxy.errors import ConfigurationError
from jupyter_server_proxy.processes.child import Binding
from jupyter_server_proxy.processes.launching import make_launch

STRING = {"type": "string"}


def declared(command: Any = ("app", "{it}"), it: Any = STRING, **settings: Any) -> Any:
    process = ServerProcess(name="app", command=command, parameters={"it": it}, **settings)
    return compile_service(process)


def values(it: Any, given: Any, command: Any = ("app", "x{it}"), root: str = "/") -> Any:
    parameters = declared(command, it).parameters
    return given_values(parameters, {"it": given}, root=root)["it"]


@pytest.mark.parametrize(
    ("it", "given"),
    [
        (STRING, ""),
        (STRING, "$(rm -rf /); é \n"),
        ({"type": "integer"}, -3),
        ({"type": "integer", "minimum": 1, "maximum": 3}, 3),
        ({"type": "choice", "choices": ["a", "b"]}, "b"),
    ],
)
def test_a_fit_value_is_taken_as_it_is(it: Any, given: Any) -> None:
    assert values(it, given) == given


@pytest.mark.parametrize(
    ("it", "given", "said"),
    [
        (STRING, 3, "must be a string, not 3"),
        (STRING, None, "must be a string, not None"),
        (STRING, "a\0b", "NUL"),
        (STRING, "\ud800", "half a character"),
        (STRING, "x" * 8193, "longer than 8192"),
        ({"type": "integer"}, True, "must be a whole number, not True"),
        ({"type": "integer"}, "3", "must be a whole number, not the string '3'"),
        ({"type": "integer"}, 3.0, "must be a whole number"),
        ({"type": "integer"}, 10**400, "too large"),
        ({"type": "integer", "minimum": 1}, 0, "must be 1 or more, not 0"),
        ({"type": "integer", "maximum": 3}, 4, "must be 3 or less, not 4"),
        ({"type": "choice", "choices": ["a", "b"]}, "c", "must be one of a, b, not the string 'c'"),
        ({"type": "choice", "choices": ["a", "b"]}, ["a"], "must be one of a, b"),
        ({"type": "path"}, 3, "must be a path below Jupyter's root directory"),
    ],
)
def test_an_unfit_value_is_refused(it: Any, given: Any, said: str) -> None:
    with pytest.raises(ValueError, match=r"^parameters\.it: ") as caught:
        values(it, given)
    assert said in str(caught.value)


def test_everything_that_is_wrong_is_named() -> None:
    parameters = declared(it={"type": "integer"}).parameters
    with pytest.raises(ValueError, match=r"^parameters\.itt: ") as caught:
        given_values(parameters, {"it": "x", "itt": 1}, root="/")
    message = str(caught.value)
    assert "parameters.it: must be a whole number" in message
    assert "parameters.itt: there is no such parameter; did you mean 'it'?" in message
    with pytest.raises(ValueError, match="declares no parameters"):
        given_values({}, {"x": 1}, root="/")


@pytest.mark.parametrize("command", [["app", "{it}"], ["app", "{it}.csv"], lambda it: ["app", it]])
def test_a_value_is_never_taken_for_an_option(command: Any) -> None:
    with pytest.raises(ValueError, match='must not start with "-"'):
        values(STRING, "--evil", command)


def test_within_an_argument_it_may_begin_with_anything() -> None:
    assert values(STRING, "-x", ["app", "--title={it}"]) == "-x"


# --- paths -------------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    inside = tmp_path / "root"
    (inside / "data").mkdir(parents=True)
    (tmp_path / "rooted").mkdir()
    (inside / "out").symlink_to(tmp_path / "rooted")
    (inside / "in").symlink_to(inside / "data")
    return inside


@pytest.mark.parametrize("given", ["data", "data/../data", "./data", "in", "{root}/data"])
def test_a_path_is_whole_and_without_links(root: Path, given: str) -> None:
    text = given.format(root=root)
    assert values({"type": "path"}, text, root=str(root)) == str(root / "data")


@pytest.mark.parametrize(
    "given", ["..", "../rooted", "out", "/etc/passwd", "data/../../rooted", "missing", "{root}ed"]
)
def test_a_path_elsewhere_is_refused_whether_it_is_there_or_not(root: Path, given: str) -> None:
    text = given.format(root=root)
    with pytest.raises(ValueError, match="below Jupyter's root directory"):
        values({"type": "path"}, text, root=str(root))


# --- declarations ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("it", "said"),
    [
        ({}, "type must be one of string, integer, choice, path"),
        ({"type": "strng"}, "type must be one of"),
        ({"type": "string", "minimum": 1}, "'minimum' means nothing for type string"),
        ({"type": "string", "defalt": ""}, "did you mean 'default'?"),
        ({"type": "choice"}, "choices must be a list of strings"),
        ({"type": "choice", "choices": []}, "choices must be a list of strings"),
        ({"type": "choice", "choices": ["a"], "default": "b"}, "must be one of a"),
        ({"type": "integer", "minimum": "1"}, "minimum must be a whole number"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "minimum 3 is more than maximum 2"),
        ({"type": "integer", "default": "x"}, "must be a whole number"),
        ({"type": "path", "default": "no such folder"}, "below Jupyter's root directory"),
    ],
)
def test_a_wrong_declaration_is_found_at_load(it: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        declared(it=it)
    assert caught.value.key == "parameters.it"
    assert said in caught.value.problem


@pytest.mark.parametrize("name", ["port", "unix_socket", "base_url", "name", "cwd", "a b", "1a"])
def test_a_name_must_be_free_and_a_word(name: str) -> None:
    process = ServerProcess(name="app", command=["app"], parameters={name: STRING})
    with pytest.raises(ConfigurationError, match=r"parameters\."):
        compile_service(process)


@pytest.mark.parametrize(
    "command",
    [
        ["sh", "-c", "echo {it}"],
        ["/bin/bash", "-lc", "echo {it}"],
        ["/usr/bin/env", "A=1", "bash", "-o", "pipefail", "-c", "echo '{it}'"],
        ["python3.11", "-W", "ignore", "-c", "print('{it}')"],
        ["python", "-cprint('{it}')"],
        ["julia", "-e", "run({it})"],
        ["node", "--eval", "{it}"],
        ["cmd.exe", "/c", "echo {it}"],
        ["nice", "ssh", "host", "app {it}"],
    ],
)
def test_a_value_is_never_a_part_of_a_program(command: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="runs as a program"):
        declared(command)


@pytest.mark.parametrize(
    "command",
    [
        ["sh", "-c", 'exec app "$1"', "sh", "{it}"],
        ["python", "app.py", "-c", "{it}"],
        ["bash", "run.sh", "-c", "{it}"],
        ["python", "-m", "http.server", "-e", "{it}"],
        ["app", "-c", "{it}"],
    ],
)
def test_an_argument_of_a_script_is_no_program(command: list[str]) -> None:
    assert declared(command).parameters["it"].name == "it"


def test_only_what_is_started_has_parameters() -> None:
    with pytest.raises(ConfigurationError, match="of no use without a command"):
        compile_service(ServerProcess(name="app", port=80, parameters={"it": STRING}))


def test_what_is_sent_to_the_application_has_no_values_in_it() -> None:
    with pytest.raises(ConfigurationError, match="a brace that is no template"):
        declared(request_headers_override={"X": "{it}"})


def test_a_variables_name_is_no_place_for_a_value() -> None:
    with pytest.raises(ConfigurationError):
        declared(["app"], environment={"{it}": "x"})


# --- what is started ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("it", "text"),
    [
        (STRING, ""),
        ({"type": "string", "default": "a b"}, "a b"),
        ({"type": "integer"}, "0"),
        ({"type": "integer", "minimum": 5}, "5"),
        ({"type": "integer", "maximum": -5}, "-5"),
        ({"type": "integer", "default": 7}, "7"),
        ({"type": "choice", "choices": ["b", "a"]}, "b"),
        ({"type": "choice", "choices": ["b", "a"], "default": "a"}, "a"),
    ],
)
async def test_the_service_itself_has_the_defaults(it: Any, text: str) -> None:
    service = declared(["app", "--x={it}", "{{it}}"], it, environment={"IT": "<{it}>"})
    launch = await make_launch(service, "/", Binding(port=1, unix_socket=""))
    assert launch.argv == ("app", f"--x={text}", "{it}")
    assert launch.env["IT"] == f"<{text}>"


async def test_callables_may_ask_for_values_and_leave_them_to_be_filled_in() -> None:
    def command(port: int, it: str) -> list[str]:
        return ["app", str(port), it, "{it}"]

    service = declared(command, {"type": "string", "default": "a;b"})
    launch = await make_launch(service, "/", Binding(port=9, unix_socket=""))
    assert launch.argv == ("app", "9", "a;b", "a;b")


@pytest.mark.parametrize("given", ["{port}", "{x}", "{{", "a}"])
async def test_a_value_is_no_template(given: str) -> None:
    asking = declared(lambda it: ["app", it]).parameters
    with pytest.raises(ValueError, match=r"^parameters\.it: must not hold \{ or \}"):
        given_values(asking, {"it": given}, root="/")
    # Where it is filled in by name it may hold anything, also in what functions return.
    for command in (["app", "{it}"], lambda: ["app", "{it}"]):
        service = declared(command, {"type": "string", "default": given})
        launch = await make_launch(service, "/", Binding(port=1, unix_socket=""))
        assert launch.argv == ("app", given)


def test_a_folder_with_braces_is_no_template_either(root: Path) -> None:
    (root / "{port}").mkdir()
    it = {"type": "path"}
    assert values(it, "{port}", root=str(root)) == str(root / "{port}")
    with pytest.raises(ValueError, match=r"must not hold"):
        values(it, "{port}", lambda it: ["app", it], root=str(root))
    with pytest.raises(ConfigurationError, match=r"must not hold"):
        declared(lambda it="": ["app", it], {"type": "choice", "choices": ["{port}"]})


async def test_a_folder_is_where_it_is_started(tmp_path: Path) -> None:
    process = ServerProcess(
        name="app", command=["app"], cwd="{it}", parameters={"it": {"type": "path"}}
    )
    process.root_dir = str(tmp_path)
    launch = await make_launch(compile_service(process), "/", Binding(port=1, unix_socket=""))
    assert launch.cwd == path_below(str(tmp_path), "")
