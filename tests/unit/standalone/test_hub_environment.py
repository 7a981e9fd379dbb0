"""What JupyterHub's variables mean."""

from __future__ import annotations

import pytest

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
