"""Plain numbers of what passed, one object for each service: what `metrics` tells when asked.

On the way of every request, so nothing here may cost anything: no locks, no labels, no clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

# What requests to arbitrary ports and hosts are counted under; a service may have that name too.
ANY_PORT = "proxy"


class Moving(Protocol):
    """An exchange or a tunnel that goes on."""

    @property
    def moved(self) -> tuple[int, int]:
        """Bytes to the backend and from it, so far."""


class Traffic:
    """What passed between clients and one service, since Jupyter started."""

    __slots__ = ("_from_backend", "_moving", "_to_backend", "answers", "tunnels")

    def __init__(self) -> None:
        # By the first digit of their status.
        self.answers = [0] * 10
        # How many tunnels are open.
        self.tunnels = 0
        self._to_backend = 0
        self._from_backend = 0
        # Their bytes are asked for, not told.
        self._moving: set[Moving] = set()

    def count_answer(self, status: int) -> None:
        """A request was answered, by the backend or for it."""
        self.answers[status // 100] += 1

    def begin(self, moving: Moving) -> None:
        """Its bytes count from now on."""
        self._moving.add(moving)

    def end(self, moving: Moving) -> None:
        """No more bytes will come of it. Harmless when called twice."""
        if moving in self._moving:
            self._moving.discard(moving)
            to_backend, from_backend = moving.moved
            self._to_backend += to_backend
            self._from_backend += from_backend

    def begin_tunnel(self, tunnel: Moving) -> None:
        """A tunnel is open."""
        self.tunnels += 1
        self.begin(tunnel)

    def end_tunnel(self, tunnel: Moving) -> None:
        """It is closed. Harmless when called twice."""
        self.tunnels -= tunnel in self._moving
        self.end(tunnel)

    @property
    def moved(self) -> tuple[int, int]:
        """Bytes to the backend and from it, of what has ended and of what goes on."""
        pairs = [moving.moved for moving in self._moving]
        return (
            self._to_backend + sum(pair[0] for pair in pairs),
            self._from_backend + sum(pair[1] for pair in pairs),
        )


class TrafficByService:
    """The `Traffic` of every service that was ever asked for anything, by its name."""

    def __init__(self) -> None:
        self._known: dict[str, Traffic] = {}

    def __getitem__(self, service: str) -> Traffic:
        known = self._known.get(service)
        if known is None:
            known = self._known[service] = Traffic()
        return known

    def __iter__(self) -> Iterator[tuple[str, Traffic]]:
        return iter(list(self._known.items()))
