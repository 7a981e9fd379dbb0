"""The options of the whole extension, from Python, JSON and the command line."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from traitlets import TraitError
from traitlets.config import Application, Config
from traitlets.config.loader import JSONFileConfigLoader, KVArgParseConfigLoader

from jupyter_server_proxy.config import ServerProcess, ServerProxy
from jupyter_server_proxy.config.server_proxy import JsonDict

ALLOWLIST = ["localhost", "127.0.0.1"]


def proxy(**options: Any) -> ServerProxy:
    return ServerProxy(config=Config({"ServerProxy": options}))


def test_defaults() -> None:
    it = ServerProxy()
    assert (it.servers, it.broken, it.host_allowlist) == ({}, [], ALLOWLIST)
    assert (it.allowed_ports, it.forward_credentials) == (None, False)
    assert list(it.non_service_rewrite_response) == []


def test_one_broken_service_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    it = proxy(servers={"bad": {"command": None}, "good": {"port": 8000}, "worse": 5})
    assert list(it.servers) == ["good"]
    assert [(error.service, error.key) for error in it.broken] == [
        ("bad", "command"),
        ("worse", "settings"),
    ]
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [str(error) in errors[i].getMessage() for i, error in enumerate(it.broken)] == [True] * 2


def test_a_value_may_be_an_instance_also_of_a_subclass() -> None:
    class Special(ServerProcess):
        pass

    # Configuration copies its values, so these are copies.
    it = proxy(servers={"a": Special(name="own", port=1), "b": ServerProcess(port=2)})
    assert [(type(p), p.name, p.port) for p in it.servers.values()] == [
        (Special, "own", 1),
        (ServerProcess, "b", 2),
    ]


def test_a_dictionary_may_hold_its_own_name() -> None:
    process = proxy(servers={"a": {"name": "b", "port": 1}}).servers["a"]
    assert (process.name, process.launcher_entry.title) == ("b", "b")


def test_setting_the_servers_again_forgets_what_was_broken() -> None:
    it = proxy(servers={"bad": {"port": "x"}})
    it.servers = {"good": {"port": 1}}
    assert (list(it.servers), it.broken, list(it.written)) == (["good"], [], ["good"])


def test_servers_can_be_updated_before_they_are_set() -> None:
    config = Config()
    config.ServerProxy.servers.update({"a": {"port": 1}})
    config.ServerProxy.servers.update({"b": {"port": 2}})
    config.ServerProxy.host_allowlist.append("10.0.0.5")
    it = ServerProxy(config=config)
    assert list(it.servers) == ["a", "b"]
    assert it.host_allowlist == [*ALLOWLIST, "10.0.0.5"]


def test_servers_can_be_added_one_by_one() -> None:
    config = Config()
    config.ServerProxy.servers = {"a": {"port": 1}}
    config.ServerProxy.servers["b"] = {"port": 2}
    config.ServerProxy.servers["a"]["timeout"] = 7
    it = ServerProxy(config=config)
    assert [(p.name, p.port, p.timeout) for p in it.servers.values()] == [("a", 1, 7), ("b", 2, 60)]


def test_servers_from_a_json_file(tmp_path: Path) -> None:
    settings = {"Upper": {"command": ["x"], "environment": {"A": None}, "absolute_url": True}}
    (tmp_path / "jupyter_config.json").write_text(
        json.dumps({"ServerProxy": {"servers": settings}})
    )
    config = JSONFileConfigLoader("jupyter_config.json", str(tmp_path)).load_config()
    process = ServerProxy(config=config).servers["Upper"]
    assert (process.command, process.environment) == (["x"], {"A": None})
    assert process.absolute_url is True


@pytest.mark.parametrize(
    "text",
    ['{"a": {"port": 8000, "absolute_url": true}}', "{'a': {'port': 8000, 'absolute_url': True}}"],
)
@pytest.mark.filterwarnings("ignore:.*for dict-traits is deprecated:DeprecationWarning")
def test_servers_from_the_command_line(text: str) -> None:
    class App(Application):
        classes = [ServerProxy]  # noqa: RUF012  # traitlets' way

    app = App()
    app.parse_command_line([f"--ServerProxy.servers={text}"])
    process = ServerProxy(parent=app).servers["a"]
    assert (process.port, process.absolute_url) == (8000, True)


def test_servers_from_a_command_line_that_does_not_know_the_class() -> None:
    loader = KVArgParseConfigLoader(['--ServerProxy.servers={"a": {"autostart": true}}'])
    it = ServerProxy(config=loader.load_config())
    assert it.servers["a"].autostart is True


def test_other_text_is_read_as_traitlets_does() -> None:
    assert JsonDict().from_string_list(["a=1", "b=2"]) == {"a": "1", "b": "2"}
    with pytest.raises(TraitError, match="key=value"):
        JsonDict().from_string("[1]")


def test_servers_that_are_no_dictionary_are_refused() -> None:
    with pytest.raises(TraitError, match="servers"):
        proxy(servers=["a"])


def test_the_old_name_of_the_allowlist_warns_once_and_works() -> None:
    with pytest.warns(
        UserWarning,
        match=r"ServerProxy.host_whitelist is deprecated in jupyter-server-proxy 3.0.0, "
        r"use ServerProxy.host_allowlist instead",
    ) as caught:
        it = proxy(host_whitelist=["jupyter.example.org"])
    assert (it.host_allowlist, len(caught)) == (["jupyter.example.org"], 1)


def test_the_same_value_under_both_names_is_no_warning() -> None:
    it = proxy(host_whitelist=["h"], host_allowlist=["h"])
    assert it.host_allowlist == ["h"]


def test_the_allowlist_may_be_a_callable() -> None:
    def allow(handler: object, host: str) -> bool:
        return host.startswith("10.")

    assert proxy(host_allowlist=allow).host_allowlist is allow


@pytest.mark.parametrize("ports", [None, [], "none", [8888, "9000-9099"], "8888,9000-9099"])
def test_allowed_ports(ports: object) -> None:
    assert proxy(allowed_ports=ports).allowed_ports == ports


@pytest.mark.parametrize("ports", ["all of them", 8888, [0], [70000], ["9099-9000"]])
def test_wrong_allowed_ports_are_refused_and_never_taken_for_all(ports: object) -> None:
    with pytest.raises(TraitError, match="allowed_ports"):
        proxy(allowed_ports=ports)


def test_help_shows_every_key_of_a_service() -> None:
    text = ServerProxy.class_get_trait_help(ServerProxy.servers)
    assert [name for name in ServerProcess.setting_names() if f"``{name}``" not in text] == []
