"""docs/reference/seams.md names what packages can override, and nothing that is not there."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

from jupyter_server_proxy.config import ServerProcess
from jupyter_server_proxy.handlers import LocalProxyHandler, SuperviseAndProxyHandler
from jupyter_server_proxy.handlers.proxy import ROUTE_KEYWORDS, ProxyHandler
from jupyter_server_proxy.handlers.seams import managed, overrides

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "reference" / "seams.md").read_text(encoding="utf-8")
# Options of routes that are for this package's own.
OWN_KEYWORDS = {"allowed_ports", "forward_credentials"}
SECTIONS = {
    "Questions": overrides.QUESTION_SEAMS,
    "Requests": overrides.REQUEST_SEAMS,
    "Answers": overrides.ANSWER_SEAMS,
    "Websocket messages": overrides.MESSAGE_SEAMS,
    "Processes": managed.LAUNCH_SEAMS,
}


def section(title: str) -> str:
    found = re.search(rf"^##+ {title}\n(.*?)(?=^##|\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found is not None, f"there is no heading {title!r}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of all tables, without heads."""
    lines = re.findall(r"^\| (.+?) ?\|$", text, re.MULTILINE)
    return [re.split(r" ?\| ?", line) for line in lines if "`" in line.partition("|")[0]]


def methods(text: str) -> dict[str, list[str]]:
    """Name -> arguments, of the methods in the first cells; those of no use in a call left out."""
    found = {}
    for cell, *_ in rows(text):
        for name, arguments in re.findall(r"`(\w+)(?:\((.*?)\))?`", cell):
            words = [word.strip() for word in arguments.split(",") if word.strip()]
            found[name] = [word for word in words if not word.startswith("*")]
    return found


def arguments_of(owner: type, name: str) -> list[str]:
    method: Any = inspect.getattr_static(owner, name)
    if not inspect.isfunction(method):
        return []
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(method).parameters.values()
    return [p.name for p in parameters if p.kind in named and p.name != "self"]


@pytest.mark.parametrize("title", SECTIONS)
def test_each_method_that_can_be_overridden_is_named_once(title: str) -> None:
    names = [re.findall(r"`(\w+)", cell)[0] for cell, *_ in rows(section(title))]
    assert sorted(names) == sorted(SECTIONS[title])


@pytest.mark.parametrize("title", [title for title in SECTIONS if title != "Processes"])
def test_arguments_are_those_that_the_engine_passes(title: str) -> None:
    page = methods(section(title))
    assert page == {name: arguments_of(ProxyHandler, name) for name in page}


def test_methods_of_processes_are_there_with_these_arguments() -> None:
    page = methods(section("Processes"))
    assert page == {name: arguments_of(SuperviseAndProxyHandler, name) for name in page}
    assert arguments_of(LocalProxyHandler, "proxy") == ["port", "proxied_path"]


def test_methods_of_a_described_service_are_there() -> None:
    table = section("Names to import").partition("A subclass may override")[2]
    page = methods(table)
    assert page == {name: arguments_of(ServerProcess, name) for name in page}
    assert {"make_proxy_handler", "get_proxy_base_class", "get_proxy_attributes"} == page.keys()


def test_every_seam_has_a_status_and_what_is_kept_has_something_better() -> None:
    stated = TEXT.partition("## Handlers")[2].partition("## Gone")[0]
    table = re.compile(r"^\| (?:method|name|module) \|.*\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)
    tables = table.findall(stated)
    assert len(tables) >= 9
    for body in tables:
        for row in rows(body):
            status = [cell for cell in row if re.match(r"stable$|kept(; .+)?$", cell)]
            assert len(status) == 1, row


def test_attributes_are_there() -> None:
    names = methods(section("Attributes and keywords"))
    assert set(ROUTE_KEYWORDS) - OWN_KEYWORDS <= names.keys()
    own = {"host_allowlist"}  # made for each request
    assert [n for n in names if n not in own and not hasattr(SuperviseAndProxyHandler, n)] == []


def test_names_to_import_can_be_imported() -> None:
    table = section("Names to import").partition("`ServerProcess(name")[0]
    for module, names, _status in rows(table):
        found = importlib.import_module(module.strip("`"))
        assert [name for name in re.findall(r"`(\w+)`", names) if not hasattr(found, name)] == []


def test_what_is_gone_is_not_there() -> None:
    paths = re.findall(r"^\| `(jupyter_server_proxy[\w.]+)`", section("Gone"), re.MULTILINE)
    assert paths
    assert [path for path in paths if exists(path)] == []


def exists(path: str) -> bool:
    """Whether the dotted `path` leads to something."""
    try:
        pkgutil.resolve_name(path)
    except (ImportError, AttributeError):
        return False
    return True


def test_names_of_the_labextension_are_in_its_sources() -> None:
    source = "".join(path.read_text() for path in (ROOT / "labextension" / "src").glob("*.ts"))
    names = [cell.strip("`") for cell, *_ in rows(section("Labextension"))]
    constants = ("@jupyterhub/jupyter-server-proxy", "jp-ServerProxy", "server-proxy")
    for constant in constants:
        assert constant in names
        assert f'"{constant}"' in source
    activate = re.search(r"function activate\((.*?)\)", source, re.DOTALL)
    assert activate is not None
    arguments = re.findall(r"^\s+(\w+)\??:", activate[1], re.MULTILINE)
    assert f"activate({', '.join(arguments)})" in names
