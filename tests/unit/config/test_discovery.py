"""Services that installed packages offer, next to configured ones.

The packages are real ones, written to a directory on the import path.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from jupyter_server_proxy.config import (
    ServerProcess,
    ServerProxy,
    discover,
    get_entrypoint_server_processes,
)

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution: its module's source and its entry points, by name."""
    monkeypatch.syspath_prepend(str(tmp_path))
    modules: list[str] = []

    def do_install(package: str, source: str | None, **offers: str) -> None:
        module = package.replace("-", "_")
        modules.append(module)
        if source is not None:
            (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = [f"{name} = {module}:{target}" for name, target in offers.items()]
        text = "\n".join(["[jupyter_serverproxy_servers]", *lines])
        (info / "entry_points.txt").write_text(text)

    yield do_install
    for module in modules:
        sys.modules.pop(module, None)


def proxy(**servers: Any) -> ServerProxy:
    return ServerProxy(config=Config({"ServerProxy": {"servers": servers}}))


def names(processes: list[ServerProcess]) -> list[str]:
    return [process.name for process in processes]


def messages(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]


def test_services_of_packages_come_after_configured_ones(install: Install) -> None:
    install(
        "jupyter-two-proxy",
        "def a(): return {'command': ['a']}\n"
        "class Maker:\n"
        "    @classmethod\n"
        "    def b(cls): return {'port': 1, 'new_browser_window': True}\n",
        a="a",
        b="Maker.b",
    )
    it = proxy(c={"port": 2})
    assert names(discover(it)) == ["c", "a", "b"]
    assert it.broken == []
    assert names(get_entrypoint_server_processes()) == ["a", "b"]


BROKEN_OFFERS = {
    "raises": ("def f(): raise FileNotFoundError('xpra')", "FileNotFoundError: xpra"),
    "exits": ("def f(): raise SystemExit(3)", "SystemExit: 3"),
    "returns": ("def f(): return ['x']", "TypeError: it must return a dictionary, not list"),
    "imports": ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    "lacks": ("", "AttributeError: "),
    "absent": (None, "ModuleNotFoundError: "),
}


@pytest.mark.parametrize("kind", BROKEN_OFFERS)
def test_a_broken_package_stops_no_other(
    kind: str, install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    source, problem = BROKEN_OFFERS[kind]
    install(f"broken-{kind}", source, bad="f")
    install("jupyter-fine-proxy", "def f(): return {'port': 1}", fine="f")
    it = proxy()
    assert names(discover(it)) == ["fine"]
    assert [error.service for error in it.broken] == ["bad"]
    (message,) = messages(caplog, logging.ERROR)
    assert f"service 'bad' of package broken-{kind}: entry point: " in message
    assert f":f raised {problem}" in message


def test_ctrl_c_is_no_broken_package(install: Install) -> None:
    install("interrupted", "def f(): raise KeyboardInterrupt", bad="f")
    with pytest.raises(KeyboardInterrupt):
        discover(proxy())


def test_a_package_with_wrong_settings_is_broken(install: Install) -> None:
    install("wrong", "def f(): return {'command': ['x', None], 'timeout': '5'}", bad="f")
    install("worse", "def f(): return {'command': ['{foo}']}", worse="f")
    it = proxy()
    assert discover(it) == []
    assert sorted((error.service, error.key) for error in it.broken) == [
        ("bad", "command"), ("bad", "timeout"), ("worse", "command"),
    ]  # fmt: skip


def test_a_configured_service_replaces_that_of_a_package(install: Install) -> None:
    install("jupyter-a-proxy", "def f(): return {'command': ['old'], 'timeout': 5}", a="f")
    (process,) = discover(proxy(a={"command": ["new"]}))
    assert (process.command, process.timeout) == (["new"], 60)
    (process,) = discover(proxy(a={"command": [], "port": 4000}))
    assert (process.command, process.port) == ([], 4000)
    for elsewhere in ({"backend_url": "http://h:1"}, {"port": 4000}, {"unix_socket": "/s"}):
        (process,) = discover(proxy(a=elsewhere))
        assert (process.command, process.package) == ([], "")


def test_configuration_may_change_single_keys(install: Install) -> None:
    install(
        "jupyter-a-proxy",
        "def f(): return {'command': ['a'], 'timeout': 5, "
        "'launcher_entry': {'title': 'A', 'category': 'Tools'}}",
        a="f",
    )
    (process,) = discover(proxy(a={"timeout": 90, "launcher_entry": {"title": "B"}}))
    assert (process.command, process.timeout) == (["a"], 90)
    assert (process.launcher_entry.title, process.launcher_entry.category) == ("B", "Tools")


def test_what_is_wrong_is_put_down_to_who_wrote_it(install: Install) -> None:
    install(
        "jupyter-a-proxy",
        "def f(): return {'command': ['a'], 'mappath': lambda path: path, 'cwd': 'x'}",
        a="f",
    )
    (process,) = discover(proxy(a={"mappath": {"/": "/x"}}))
    assert process.origin("command").package == "jupyter-a-proxy"
    assert process.origin("mappath").package == ""
    it = proxy(a={"stop_signal": "TREM"})
    assert discover(it) == []
    assert [str(error) for error in it.broken] == [
        "service 'a': stop_signal: 'TREM' is no signal; use one such as TERM, INT or HUP"
    ]


def test_an_entry_that_opens_another_address_needs_no_application() -> None:
    it = proxy(
        link={"launcher_entry": {"path_info": "lab/tree"}},
        forgotten={"launcher_entry": {"path_info": "forgotten/"}},
    )
    assert names(discover(it)) == ["link"]
    assert [error.service for error in it.broken] == ["forgotten"]


def test_a_package_with_damaged_metadata_costs_only_itself(
    install: Install, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    install("jupyter-fine-proxy", "def f(): return {'port': 1}", fine="f")
    damaged = tmp_path / "damaged-1.0.dist-info"
    damaged.mkdir()
    (damaged / "METADATA").write_text("Metadata-Version: 2.1\nName: damaged\nVersion: 1.0\n")
    (damaged / "entry_points.txt").write_bytes(b"[jupyter_serverproxy_servers]\nno equals sign")
    assert names(discover(proxy())) == ["fine"]
    (message,) = messages(caplog, logging.WARNING)
    assert message.startswith("the metadata of an installed package cannot be read: ")


def test_what_a_package_returns_may_be_any_mapping(install: Install) -> None:
    install(
        "odd",
        "class Odd(dict):\n    def get(self, *_): raise OSError\n"
        "def f(): return Odd(port=1)\n"
        "def g(): return {'port': 2, 5: 6, None: 7}\n",
        a="f",
        b="g",
    )
    assert names(discover(proxy())) == ["a", "b"]


def test_a_wrong_key_is_not_made_up_for_by_the_package(install: Install) -> None:
    install("jupyter-a-proxy", "def f(): return {'command': ['a']}", a="f")
    it = proxy(a={"timeout": "90"})
    assert discover(it) == []
    assert [error.key for error in it.broken] == ["timeout"]


def test_of_two_packages_with_one_name_the_first_counts(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("marimo-one", "def f(): return {'port': 1}", marimo="f")
    install("marimo-two", "def f(): return {'port': 2}", marimo="f")
    assert names(discover(proxy())) == ["marimo"]
    (message,) = messages(caplog, logging.WARNING)
    assert "'marimo' is offered by marimo-" in message
    assert "marimo-one" in message
    assert "marimo-two" in message


def test_a_second_package_stands_in_for_a_broken_one(install: Install) -> None:
    install("a-broken", "def f(): raise OSError", marimo="f")
    install("b-fine", "def f(): return {'port': 2}", marimo="f")
    assert names(discover(proxy())) == ["marimo"]


def test_two_configured_services_with_one_name(caplog: pytest.LogCaptureFixture) -> None:
    found = discover(proxy(a={"port": 1}, b={"name": "a", "port": 2}))
    assert [(process.name, process.port) for process in found] == [("a", 1)]
    assert messages(caplog, logging.WARNING) == [
        "service 'a' is configured twice; the first counts"
    ]


def test_what_cannot_work_as_a_whole_is_broken() -> None:
    it = proxy(a={"timeout": 5}, b={"port": 1})
    assert names(discover(it)) == ["b"]
    assert [(error.service, error.key) for error in it.broken] == [("a", "command")]


def test_a_service_needs_a_name() -> None:
    it = proxy(**{"": {"port": 1}})
    assert discover(it) == []
    assert [error.key for error in it.broken] == ["name"]


def test_a_subclass_with_a_handler_of_its_own_needs_no_command() -> None:
    class Special(ServerProcess):
        def make_proxy_handler(self) -> tuple[type | None, dict[str, Any]]:
            return None, {}

    assert names(discover(proxy(a=Special()))) == ["a"]


@pytest.mark.parametrize(
    ("own", "general", "result"),
    [(None, False, False), (None, True, True), (False, True, False), (True, False, True)],
)
def test_forwarding_credentials_is_taken_over_unless_said(
    own: bool | None, general: bool, result: bool
) -> None:
    it = proxy(a={"port": 1, "forward_credentials": own})
    it.forward_credentials = general
    (process,) = discover(it)
    assert process.forward_credentials is result
