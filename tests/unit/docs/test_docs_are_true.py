"""What the documents say is so: examples work, tables and messages are those of the code."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from jupyter_server_proxy import errors
from jupyter_server_proxy.config import ServerProcess, ServerProxy, compile_service
from jupyter_server_proxy.config.compile_backend import is_reachable
from jupyter_server_proxy.rules import lifecycle
from jupyter_server_proxy.standalone import StandaloneProxyServer
from jupyter_server_proxy.standalone.options import all_options

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "jupyter_server_proxy"
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Messages that are not ours.
FOREIGN = {"CERTIFICATE_VERIFY_FAILED"}


def examples() -> Iterator[Any]:
    for page in PAGES:
        for number, code in enumerate(PYTHON.findall(page.read_text(encoding="utf-8")), 1):
            yield pytest.param(code, id=f"{page.relative_to(ROOT)}-{number}")


@pytest.mark.parametrize("code", list(examples()))
def test_examples_are_configurations_that_work(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in re.findall(r'"~/(.+?)"', code):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names: dict[str, Any] = {"c": (config := Config())}
    exec(code, names)
    if "setup" in names:
        config.ServerProxy.servers = {"from-a-package": names["setup"]()}
    proxy = ServerProxy(config=config)
    assert proxy.broken == []
    for process in proxy.servers.values():
        # One that only changes some keys of a package's service does not stand by itself.
        if is_reachable(process):
            compile_service(process)
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING] == []
    assert set(config.ServerProxy) <= set(ServerProxy.class_own_traits())
    assert set(config.StandaloneProxyServer) <= set(StandaloneProxyServer.class_trait_names())


def test_options_in_the_text_are_options() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"\bc\.ServerProxy\.([a-z_]+)", text))
    assert named <= set(ServerProxy.class_own_traits())


def test_keys_in_the_changelog_are_keys() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    keys = re.search(r"- Keys of a service: (.+?)\.\n", text, re.DOTALL)
    assert keys is not None
    assert set(re.findall(r"`(\w+)`", keys[1])) <= set(ServerProcess.setting_names())


def test_options_of_the_standalone_command_exist() -> None:
    pages = [DOCS / "user" / name for name in ("standalone.md", "standalone-login.md")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    app = StandaloneProxyServer
    known = {*all_options(), *app.aliases, *app.flags, "help", "help-all", "config"}
    own = re.sub(r" -- .+", "", text)  # what follows is the application's
    assert set(re.findall(r"--([a-z][a-z-]*)(?![\w.-])", own)) <= known


def error_classes(base: type[errors.ProxyError]) -> Iterator[type[errors.ProxyError]]:
    for error in base.__subclasses__():
        if error.__module__ == errors.__name__:
            yield error
        yield from error_classes(error)


def test_statuses_are_those_of_the_errors() -> None:
    text = (DOCS / "reference" / "statuses.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| (\d+) \| (.+?) \| `(\w+)` \|", text, re.MULTILINE))
    seen = {e for e in error_classes(errors.ProxyError) if e is not errors.ClientGone}
    assert rows == {(str(e.status), e.title, e.__name__) for e in seen}
    assert "`ClientGone`" in text


def texts_in_the_code() -> str:
    constants = (
        node.value
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return "\n".join(constants)


def test_messages_in_the_troubleshooting_page_are_in_the_code() -> None:
    page = (DOCS / "user" / "troubleshooting.md").read_text(encoding="utf-8")
    messages = re.findall(r"^### `(.+)`$", page, re.MULTILINE)
    assert messages
    pool = texts_in_the_code()
    pieces = [
        piece.strip()
        for message in messages
        if message not in FOREIGN
        for piece in re.split("…|[:;]", message)
    ]
    assert [piece for piece in pieces if piece not in pool] == []


COLUMNS = {
    "started": (lifecycle.StartWanted,),
    "ready": (lifecycle.ProbeSucceeded,),
    "ended": (lifecycle.Exited, lifecycle.Crashed, lifecycle.SpawnFailed, lifecycle.Declined),
    "time is over": (lifecycle.DeadlinePassed,),
    "stop": (lifecycle.StopWanted,),
    "Jupyter ends": (lifecycle.CloseWanted,),
}


def next_states(state: lifecycle.State, events: tuple[type, ...]) -> set[str]:
    return {
        after.value
        for (before, event), (after, _) in lifecycle.TABLE.items()
        if before is state and (event in events or isinstance(event, events))
    }


def test_the_table_of_states_on_the_map_is_the_real_one() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    states = {state.value: state for state in lifecycle.State}
    rows = re.findall(r"^\| (\w+) \|(.*)\|$", text[text.index("| state | started") :], re.MULTILINE)
    table = {name: cells.split("|") for name, cells in rows if name in states}
    assert table.keys() == states.keys()
    for name, cells in table.items():
        for cell, events in zip(cells, COLUMNS.values(), strict=True):
            shown = {word for word in re.findall(r"\w+", cell) if word in states}
            assert shown == next_states(states[name], events), (name, events)
