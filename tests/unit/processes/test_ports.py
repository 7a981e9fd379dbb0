from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from jupyter_server_proxy.processes import ports
from jupyter_server_proxy.processes.child import SpawnRefused
from jupyter_server_proxy.processes.owners import Ownership, find_listener
from jupyter_server_proxy.processes.sockets import claim_socket_path, make_socket_directory


@pytest.fixture
def reserved():
    made = [ports.reserve_port() for _ in range(30)]
    yield made
    for reservation in made:
        reservation.release()


def test_no_port_is_handed_out_twice(reserved) -> None:
    assert len({reservation.port for reservation in reserved}) == len(reserved)


def test_nor_one_that_was_let_go_but_not_released(monkeypatch: pytest.MonkeyPatch) -> None:
    first = ports.reserve_port()
    first.let_go()
    monkeypatch.setattr(ports.random, "choice", lambda candidates: first.port)
    second = ports.reserve_port()
    try:
        assert second.port != first.port
    finally:
        first.release()
        second.release()


def test_a_reserved_port_cannot_be_taken_until_let_go(reserved) -> None:
    reservation = reserved[0]
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("0.0.0.0", reservation.port))
    reservation.let_go()
    with socket.socket() as child:
        child.bind(("127.0.0.1", reservation.port))
        child.listen()


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's own setting")
def test_ports_are_none_that_the_kernel_gives_to_others(reserved) -> None:
    first, last = map(int, Path(ports._EPHEMERAL_FILE).read_text().split())
    assert not any(first <= reservation.port <= last for reservation in reserved)


def test_with_no_room_outside_the_kernels_range_it_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports, "_ephemeral_range", lambda: (1024, 65535))
    reservation = ports.reserve_port()
    reservation.release()
    assert 1024 <= reservation.port <= 65535


def test_with_everything_taken_the_kernel_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        taken = other.getsockname()[1]
        monkeypatch.setattr(ports, "_candidates", lambda: [taken])
        reservation = ports.reserve_port()
        reservation.release()
    assert reservation.port != taken


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::"])
def test_a_listener_at_any_local_address_takes_the_port(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        port = listener.getsockname()[1]
        listener.listen()
        assert ports.is_port_taken(port)
        found = find_listener(port)
        assert (found.ownership, found.pid) == (Ownership.FOREIGN, os.getpid())
        assert str(os.getpid()) in str(found)
        assert find_listener(port, {os.getpid()}).ownership is Ownership.OURS
    assert not ports.is_port_taken(port)
    assert find_listener(port).ownership is Ownership.UNKNOWN


def test_a_container_runtimes_forwarder_is_no_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_server_proxy.processes.owners._name", lambda pid: "docker-proxy")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert find_listener(listener.getsockname()[1]).ownership is Ownership.UNKNOWN


def test_socket_directories_are_private_short_and_removed(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    directory = make_socket_directory()
    assert os.stat(directory.path).st_mode & 0o777 == 0o700
    assert Path(directory.path).parent == tmp_path
    Path(directory.socket).touch()
    directory.remove()
    directory.remove()
    assert not Path(directory.path).exists()


def test_a_runtime_directory_with_a_long_name_is_not_used(monkeypatch, tmp_path) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    directory = make_socket_directory()
    directory.remove()
    assert len(directory.socket) < 100


def test_no_place_for_a_socket_is_a_clear_error(monkeypatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)

    def mkdtemp(**_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jupyter_server_proxy.processes.sockets.tempfile.mkdtemp", mkdtemp)
    with pytest.raises(SpawnRefused, match="No space left"):
        make_socket_directory()


@pytest.mark.parametrize(
    ("path", "problem"),
    [("missing/s", "does not exist"), ("file", "not a socket"), ("x" * 120, "longer than")],
)
def test_socket_paths_that_cannot_be(tmp_path, monkeypatch, path: str, problem: str) -> None:
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpawnRefused, match=problem):
        claim_socket_path(path)


def test_a_free_socket_path_is_fine(tmp_path) -> None:
    claim_socket_path(str(tmp_path / "s"))
