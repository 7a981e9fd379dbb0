"""What JupyterHub's variables mean."""

from __future__ import annotations

import re

import pytest

from jupyter_server_proxy.errors import StartRefused
from jupyter_server_proxy.standalone.environment import HubEnvironment, is_loopback


@pytest.mark.parametrize(
    ("url", "address", "port"),
    [
        ("http://127.0.0.1:8000/user/ann/", "127.0.0.1", 8000),
        ("http://localhost/", "localhost", 80),
        ("https://localhost/", "localhost", 443),
        ("http://[::1]:8000/", "::1", 8000),
        ("http://:8000/", None, 8000),
        ("", None, None),
    ],
)
def test_where_to_listen(url: str, address: str | None, port: int | None) -> None:
    hub = HubEnvironment.read({"JUPYTERHUB_SERVICE_URL": url})
    assert (hub.address, hub.port) == (address, port)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JUPYTERHUB_SERVICE_URL", "http://127.0.0.1:99999/"),
        ("JUPYTERHUB_SERVICE_URL", "http://127.0.0.1:port/"),
        ("JUPYTERHUB_SERVICE_URL", "127.0.0.1:8000"),
        ("JUPYTERHUB_SERVICE_URL", "http:///user/ann"),
        ("JUPYTERHUB_SERVICE_URL", "http://[::1/"),
        ("JUPYTERHUB_ACTIVITY_INTERVAL", "often"),
        ("JUPYTERHUB_ACTIVITY_INTERVAL", "-1"),
    ],
)
def test_a_variable_that_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(StartRefused, match=f"^{name} must be a .* not {re.escape(repr(value))}$"):
        HubEnvironment.read({name: value})


def test_a_port_of_zero_is_any_free_one() -> None:
    hub = HubEnvironment.read({"JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:0/"})
    assert hub.port == 0


def test_the_token_is_not_shown() -> None:
    hub = HubEnvironment.read({"JUPYTERHUB_API_TOKEN": "secret"})
    assert hub.is_present
    assert "secret" not in repr(hub)


def test_without_variables_there_is_no_hub() -> None:
    assert not HubEnvironment.read({}).is_present


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("LocalHost", True),
        ("", False),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("localhost.example", False),
    ],
)
def test_loopback_addresses(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected
