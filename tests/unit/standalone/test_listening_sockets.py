"""Why nothing can listen somewhere, in words."""

from __future__ import annotations

import errno
import gc
import os
import socket
import warnings

import pytest

from jupyter_server_proxy.errors import StartRefused
from jupyter_server_proxy.standalone import sockets
from jupyter_server_proxy.standalone.sockets import listening_sockets


def refusal(address: str, port: int) -> str:
    """What is said."""
    with warnings.catch_warnings():
        # Tornado leaves the socket that it could not bind to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        with pytest.raises(StartRefused) as refused:
            listening_sockets(address, port)
        said = str(refused.value)
        del refused
        gc.collect()
    return said


def test_a_port_in_use_is_said_with_its_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refusal("127.0.0.1", port)
    assert f"Nothing can listen at 127.0.0.1:{port}: the port is in use by process" in said
    assert f" {os.getpid()} (" in said
    assert "--port" in said


def test_an_owner_that_nobody_may_know_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(kind: str) -> None:
        raise PermissionError(kind)

    monkeypatch.setattr(sockets.psutil, "net_connections", refuse)
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert "the port is in use. Another" in refusal("127.0.0.1", other.getsockname()[1])


def test_a_port_that_this_user_may_not_use_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(port: int, address: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(sockets, "bind_sockets", refuse)
    assert "this user may not use port 80. Another one can be given" in refusal("127.0.0.1", 80)


def test_any_other_reason_is_said_as_the_system_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(port: int, address: str) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(sockets, "bind_sockets", refuse)
    assert refusal("::1", 80) == "Nothing can listen at [::1]:80: Too many open files"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("192.0.2.1", "192.0.2.1 is no address of this machine. One can be given with --address"),
        ("nobody.invalid", "'nobody.invalid' is no address, nor a name of one"),
        ("127.0.0.1:80", "'127.0.0.1:80' is no address, nor a name of one"),
    ],
)
def test_an_address_that_is_none_of_this_machine(address: str, said: str) -> None:
    assert said in refusal(address, 0)
