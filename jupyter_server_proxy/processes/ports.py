"""Ports for children: one that is free, kept free until the child starts. Who listens: `owners`.

Ports come from outside of the range out of which the kernel gives ports to outgoing connections
and to `bind(0)`, so that after the reservation ends, just before the child starts, only a
program that asks for exactly this number could take it. Nothing here blocks.
"""

from __future__ import annotations

import contextlib
import errno
import random
import socket

from .child import SpawnRefused

# Below are the ports that people type; 30000-32767 are the node ports of Kubernetes.
_PREFERRED = (range(20000, 30000), range(61000, 65536))
_USUAL_EPHEMERAL = (32768, 60999)
_EPHEMERAL_FILE = "/proc/sys/net/ipv4/ip_local_port_range"
_TRIES = 100
_WILDCARDS = ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"))  # noqa: S104 - never listened on

_handed_out: set[int] = set()


class PortReservation:
    """A port that no other child of this process gets until `release`."""

    def __init__(self, port: int, holders: list[socket.socket]) -> None:
        self.port = port
        self._holders = holders

    def __repr__(self) -> str:
        return f"<PortReservation {self.port} {'held' if self._holders else 'let go'}>"

    def let_go(self) -> None:
        """Now the child can bind it; to be called just before it starts."""
        while self._holders:
            self._holders.pop().close()

    def release(self) -> None:
        """The child is gone: the number may be handed out again."""
        self.let_go()
        _handed_out.discard(self.port)


def reserve_port() -> PortReservation:
    """A free port on all addresses of this machine. Raises SpawnRefused when none is found."""
    candidates = _candidates()
    for _ in range(_TRIES):
        port = random.choice(candidates)  # noqa: S311 - only has to be spread out
        if port in _handed_out:
            continue
        with contextlib.suppress(OSError):
            return _hold(port)
    return _any_port()


def is_port_taken(port: int) -> bool:
    """Whether somebody listens on `port` at an address where a child could be meant to."""
    for family, address in _WILDCARDS:
        try:
            _bound(family, address, port, is_reusing=True).close()
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE:
                return True
    return False


def _candidates() -> list[int]:
    first, last = _ephemeral_range()
    ports = [port for span in _PREFERRED for port in span if not first <= port <= last]
    return ports or list(range(first, last + 1))


def _ephemeral_range() -> tuple[int, int]:
    try:
        with open(_EPHEMERAL_FILE, encoding="ascii") as file:
            first, last = file.read().split()
    except (OSError, ValueError):
        return _USUAL_EPHEMERAL
    return int(first), int(last)


def _any_port() -> PortReservation:
    """What the kernel gives: the range of our own may be full, or closed to us."""
    try:
        holder = _bound(socket.AF_INET, "127.0.0.1", 0, is_reusing=False)
    except OSError as problem:
        raise SpawnRefused(f"no free port was found: {problem.strerror}") from problem
    port: int = holder.getsockname()[1]
    _handed_out.add(port)
    return PortReservation(port, [holder])


def _hold(port: int) -> PortReservation:
    """Bind `port` on every address, without listening. Raises OSError when it is in use."""
    holders: list[socket.socket] = []
    try:
        for family, address in _WILDCARDS:
            try:
                holders.append(_bound(family, address, port, is_reusing=False))
            except OSError as problem:
                if problem.errno == errno.EADDRINUSE or family == socket.AF_INET:
                    raise  # otherwise: this machine has no IPv6
    except OSError:
        for holder in holders:
            holder.close()
        raise
    _handed_out.add(port)
    return PortReservation(port, holders)


def _bound(
    family: socket.AddressFamily, address: str, port: int, *, is_reusing: bool
) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # With it, connections that are still being forgotten (TIME_WAIT) are no obstacle.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(is_reusing))
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound
