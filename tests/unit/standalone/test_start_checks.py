"""What is refused before anything is served, and that the message names what is wrong."""

from __future__ import annotations

import pytest

from jupyter_server_proxy.errors import StartRefused
from jupyter_server_proxy.standalone.start_checks import check_hub, check_ports
from jupyter_server_proxy.standalone.traits import StandaloneTraits

COMPLETE = {
    "JUPYTERHUB_API_TOKEN": "t",
    "JUPYTERHUB_API_URL": "http://hub:8081/hub/api",
    "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ann",
    "JUPYTERHUB_SERVICE_PREFIX": "/user/ann/",
    "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:8888/",
}


def test_what_a_hub_says_is_enough() -> None:
    check_hub(COMPLETE, given=())


@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("is_empty", [False, True])
def test_a_missing_variable_is_named_with_what_can_be_done(name: str, is_empty: bool) -> None:
    environ = {key: value for key, value in COMPLETE.items() if key != name}
    if is_empty:
        environ[name] = ""
    with pytest.raises(StartRefused) as refused:
        check_hub(environ, given=())
    said = str(refused.value)
    assert f"{name} is not set" in said
    assert "--token" in said
    assert "--no-authentication" in said
    assert not any(other in said for other in COMPLETE if other != name)


def test_options_say_what_variables_need_not() -> None:
    environ = {key: value for key, value in COMPLETE.items() if "_SERVICE_" not in key}
    check_hub(environ, given=("port", "base_url"))
    with pytest.raises(StartRefused, match="JUPYTERHUB_SERVICE_URL is not set"):
        check_hub(environ, given=("base_url",))


@pytest.mark.parametrize("url", ["hub:8081/hub/api", "/hub/api", "ftp://hub/", "http:///api", "x"])
def test_an_address_of_the_hub_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(StartRefused, match="JUPYTERHUB_API_URL must be a URL such as http://"):
        check_hub({**COMPLETE, "JUPYTERHUB_API_URL": url}, given=())


@pytest.mark.parametrize("scopes", ["[", "{}", "access:servers", "[1]", '"x"'])
def test_scopes_that_cannot_be_read_are_refused(scopes: str) -> None:
    for name in ("JUPYTERHUB_OAUTH_ACCESS_SCOPES", "JUPYTERHUB_OAUTH_SCOPES"):
        with pytest.raises(StartRefused, match=f"{name} must be a list in JSON"):
            check_hub({**COMPLETE, name: scopes}, given=())
        check_hub({**COMPLETE, name: '["access:servers"]'}, given=())


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "0.0.0.0", "::"])
def test_two_programs_cannot_listen_at_one_port(address: str) -> None:
    options = StandaloneTraits(address=address, port=8000, server_port=8000)
    with pytest.raises(StartRefused, match="--port and --server-port are both 8000"):
        check_ports(options)


@pytest.mark.parametrize(
    "settings",
    [
        {"address": "192.0.2.1", "port": 8000, "server_port": 8000},
        {"address": "127.0.0.1", "port": 0, "server_port": 0},
        {"address": "127.0.0.1", "port": 8000, "server_port": 8001},
    ],
)
def test_ports_that_do_not_meet(settings: dict[str, object]) -> None:
    check_ports(StandaloneTraits(**settings))
