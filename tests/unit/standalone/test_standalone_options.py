"""The command line of the standalone proxy, and what is warned of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_core.application import NoStart
from traitlets.config import Config

from jupyter_server_proxy.errors import ConfigurationError
from jupyter_server_proxy.standalone import StandaloneProxyServer
from jupyter_server_proxy.standalone.gate import OpenGate
from jupyter_server_proxy.standalone.process import make_process


@pytest.fixture(autouse=True)
def no_configuration_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    for name in ("JUPYTERHUB_SERVICE_URL", "JUPYTERHUB_SERVICE_PREFIX", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    yield
    StandaloneProxyServer.clear_instance()


def app(*arguments: str) -> StandaloneProxyServer:
    made = StandaloneProxyServer()
    made.initialize(list(arguments))
    return made


@pytest.mark.parametrize(
    ("argument", "name", "value"),
    [
        ("--port=0", "port", 0),
        ("--address=0.0.0.0", "address", "0.0.0.0"),
        ("--base-url=/a/b/", "base_url", "/a/b"),
        ("--base-url=/", "base_url", ""),
        ("--base-url=a", "base_url", "/a"),
        ("--server-port=8001", "server_port", 8001),
        ("--unix-socket=True", "unix_socket", True),
        ("--unix-socket=/tmp/socket", "unix_socket", "/tmp/socket"),
        ("--absolute-url", "absolute_url", True),
        ("--absolute-url=True", "absolute_url", True),
        ("--raw-socket-proxy", "raw_socket_proxy", True),
        ("--no-authentication", "no_authentication", True),
        ("--timeout=90", "timeout", 90.0),
        ("--activity-interval=0", "activity_interval", 0),
        ("--websocket-max-message-size=1000", "websocket_max_message_size", 1000),
        ("--StandaloneProxyServer.timeout=90", "timeout", 90.0),
    ],
)
def test_options_of_the_command_line(argument: str, name: str, value: Any) -> None:
    assert getattr(app(argument), name) == value


def test_the_command_is_what_follows_two_dashes() -> None:
    made = app("--port=1", "--", "voila", "--port={port}", "--debug")
    assert made.command == ["voila", "--port={port}", "--debug"]
    assert made.port == 1


def test_without_variables_it_listens_for_this_machine_only() -> None:
    made = app()
    assert (made.address, made.port, made.base_url) == ("127.0.0.1", 8888, "")


@pytest.mark.parametrize(
    ("address", "token", "expected"),
    [("127.0.0.1", "", True), ("0.0.0.0", "", False), ("0.0.0.0", "t", True)],
)
def test_whose_forwarding_fields_are_believed(
    address: str, token: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", token)
    assert app(f"--address={address}").trust_xheaders is expected


def test_the_service_is_made_of_the_options() -> None:
    made = app("--port=1", "--server-port=2", "--timeout=90", "--", "app", "{port}")
    process = make_process(made, name="x", gate=OpenGate)
    assert (process.port, process.timeout, process.command) == (2, 90.0, ["app", "{port}"])
    attributes = process.get_proxy_attributes()
    assert attributes["proxy_base"] == "/"
    assert attributes["service"].process.port == 2


def test_a_configuration_file_may_have_a_section_for_the_service() -> None:
    config = Config()
    config.ServerProcess.timeout = 90
    config.ServerProcess.absolute_url = True
    made = StandaloneProxyServer(config=config, command=["app"], absolute_url=False)
    process = make_process(made, name="x", gate=OpenGate)
    assert (process.timeout, process.absolute_url) == (90.0, True)


def test_a_wrong_option_names_what_is_right() -> None:
    made = StandaloneProxyServer(command=["app", "{prot}"], no_authentication=True)
    with pytest.raises(ConfigurationError, match="prot"):
        made.create_app()


def test_the_configuration_file_can_be_generated(tmp_path: Path) -> None:
    path = tmp_path / "standalone.py"
    made = app("--generate-config", f"--config={path}")
    with pytest.raises(NoStart):
        made.start()
    assert "c.StandaloneProxyServer.no_authentication" in path.read_text()


def test_a_json_configuration_file_works(tmp_path: Path) -> None:
    path = tmp_path / "standalone.json"
    path.write_text(json.dumps({"StandaloneProxyServer": {"timeout": 90}}))
    assert app(f"--config={path}").timeout == 90.0


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        ({"no_authentication": True, "address": "0.0.0.0"}, "everybody who can connect to 0.0.0.0"),
        ({"no_authentication": True, "websocket_max_message_size": 9}, "has no effect"),
        ({}, "JUPYTERHUB_CLIENT_ID is not set"),
        ({"no_authentication": True}, ""),
    ],
)
def test_warnings(options: dict[str, Any], warning: str, caplog: pytest.LogCaptureFixture) -> None:
    made = StandaloneProxyServer(command=["app"], **options)
    made.log.propagate = True
    made._warn()
    assert warning in caplog.text
    assert bool(caplog.text) is bool(warning)
