"""Which Jupyter server is meant."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from jupyter_server_proxy.client import NoServerFound, choose_server, own_server, running_servers
from jupyter_server_proxy.client.address import from_info, from_url

NOBODY = 2**22 + 1  # above what Linux gives out


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def write(runtime: Path, pid: int, port: int, **more: object) -> None:
    info = {
        "url": f"http://localhost:{port}/base/",
        "base_url": "/base/",
        "sock": "",
        "port": port,
        "token": f"token-{port}",
        "pid": pid,
        "root_dir": "/somewhere",
    }
    (runtime / f"jpserver-{pid}.json").write_text(json.dumps({**info, **more}))


@pytest.mark.parametrize(
    ("url", "base", "token"),
    [
        ("http://localhost:8888", "http://localhost:8888/", ""),
        ("http://localhost:8888/?token=abc", "http://localhost:8888/", "abc"),
        ("https://hub/user/me/lab/tree/a.ipynb?token=abc", "https://hub/user/me/", "abc"),
        ("https://hub/user/me/lab", "https://hub/user/me/", ""),
        ("http://me:secret@host/x", "http://host/x/", ""),
        ("http://[::1]:8888/", "http://[::1]:8888/", ""),
    ],
)
def test_pasted_addresses(url: str, base: str, token: str) -> None:
    address = from_url(url)
    assert (address.url, address.token) == (base, token)
    assert not address.is_here


@pytest.mark.parametrize("url", ["localhost:8888", "ftp://x/", "http://", "http://h:x/", ""])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_url(url)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://localhost:8888/base/", "http://localhost:8888"),
        ("https://Hub.Example/user/ann/", "https://hub.example"),
        ("https://hub.example:443/", "https://hub.example"),
        ("http://hub.example:80/", "http://hub.example"),
        ("http://[::1]:8888/", "http://[::1]:8888"),
    ],
)
def test_origins_are_written_as_browsers_do(url: str, origin: str) -> None:
    assert from_url(url).origin == origin


def test_the_token_is_not_shown() -> None:
    address = from_url("http://h/?token=secret")
    assert "secret" not in f"{address} {address!r}"


def test_addresses_of_unix_sockets() -> None:
    info = {"url": "http+unix://%2Frun%2Fj.sock/", "base_url": "/b/", "sock": "/run/j.sock",
            "pid": 1, "token": ""}  # fmt: skip
    address = from_info(info)
    assert (address.unix_socket, address.base_path) == ("/run/j.sock", "/b/")
    assert address.netloc == "localhost"
    assert address.absolute("/b/x/") == "http+unix://%2Frun%2Fj.sock/b/x/"


def test_certificates_matter_unless_it_is_this_machine() -> None:
    info = {"url": "https://127.0.0.1:1/", "base_url": "/", "pid": 1}
    assert not from_info(info).verify
    assert from_info({**info, "url": "https://host:1/"}).verify
    assert from_url("https://127.0.0.1:1/").verify


def test_servers_that_run(runtime: Path) -> None:
    write(runtime, os.getpid(), 8888)
    write(runtime, NOBODY, 8889)
    (runtime / "jpserver-7.json").write_text("{half")
    (runtime / "jpserver-8.json").write_text('{"pid": 1}')
    (runtime / "kernel-x.json").write_text("{}")
    (server,) = running_servers()
    assert (server.url, server.token) == ("http://localhost:8888/base/", "token-8888")
    assert server.is_here
    assert len(list(runtime.iterdir())) == 5  # nothing is tidied away


def test_the_only_one(runtime: Path) -> None:
    write(runtime, os.getpid(), 8888)
    assert choose_server(environ={}).port == 8888


def test_none(runtime: Path) -> None:
    with pytest.raises(NoServerFound, match="no Jupyter server of yours"):
        choose_server(environ={})


def test_several(runtime: Path) -> None:
    write(runtime, 1, 8888)
    write(runtime, os.getpid(), 8889)
    if own_server({}) is None:  # not where process 1 has started us
        with pytest.raises(NoServerFound, match="say which") as error:
            choose_server(environ={})
        assert "http://localhost:8889/base/ (pid " in str(error.value)
    assert choose_server(server="8889", environ={}).port == 8889
    assert choose_server(server=str(os.getpid()), environ={}).port == 8889
    assert choose_server(server="http://localhost:8889/base", environ={}).port == 8889
    with pytest.raises(NoServerFound, match="'9999'"):
        choose_server(server="9999", environ={})


def test_our_own_is_the_one_that_has_started_us(runtime: Path) -> None:
    write(runtime, os.getpid(), 8888)
    write(runtime, os.getppid(), 8889)
    found = own_server({})
    assert found is not None
    assert found.port == 8889


def test_our_own_is_the_one_that_a_kernel_is_told(runtime: Path) -> None:
    write(runtime, os.getpid(), 8888)
    assert own_server({}) is None
    found = own_server({"JPY_PARENT_PID": str(os.getpid())})
    assert found is not None
    assert found.port == 8888
    assert own_server({"JPY_PARENT_PID": "nonsense"}) is None


def test_our_own_is_the_one_that_a_terminal_is_told(runtime: Path) -> None:
    write(runtime, os.getppid(), 8889)
    write(runtime, os.getpid(), 8888)
    found = own_server({"JUPYTER_SERVER_URL": "http://localhost:8888/base/"})
    assert found is not None
    assert found.port == 8888


def test_a_terminal_of_a_server_on_a_socket(runtime: Path) -> None:
    write(runtime, os.getppid(), 8889)
    write(runtime, os.getpid(), 0, sock="/run/j.sock")
    found = own_server({"JUPYTER_SERVER_URL": "http+unix://%2Frun%2Fj.sock/base/"})
    assert found is not None
    assert found.unix_socket == "/run/j.sock"


HUB = {
    "JUPYTERHUB_SERVICE_URL": "http://0.0.0.0:9000/user/me/",
    "JUPYTERHUB_SERVICE_PREFIX": "/user/me/",
    "JUPYTERHUB_API_TOKEN": "hub-token",
}


def test_our_own_on_a_hub(runtime: Path) -> None:
    found = own_server(HUB)
    assert found is not None
    assert (found.url, found.token) == ("http://127.0.0.1:9000/user/me/", "hub-token")


def test_on_a_hub_servers_have_no_token_of_their_own(runtime: Path) -> None:
    write(runtime, os.getppid(), 8888, token="")
    found = own_server(HUB)
    assert found is not None
    assert (found.port, found.token) == (8888, "hub-token")


def test_a_token_that_is_given_wins(runtime: Path) -> None:
    write(runtime, os.getpid(), 8888)
    environ = {"JUPYTER_TOKEN": "variable"}
    assert choose_server(token="given", environ=environ).token == "given"
    assert choose_server(environ=environ).token == "token-8888"
    assert choose_server(url="http://h/", environ=environ).token == "variable"
    write(runtime, os.getpid(), 8888, token="")
    assert choose_server(environ=environ).token == "variable"
