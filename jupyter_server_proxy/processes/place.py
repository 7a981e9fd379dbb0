"""Where one child is told to listen, from the choice until nothing of the child is left.

It knows of no child: who starts one claims its place before and releases it afterwards.
"""

from __future__ import annotations

import contextlib

from ..rules.service import ProcessOptions
from .child import Binding, SpawnRefused
from .owners import find_listener
from .ports import PortReservation, is_port_taken, reserve_port
from .sockets import SocketDirectory, claim_socket_path, make_socket_directory


class Place:
    """A port or a unix socket for one child. Raises SpawnRefused when none can be had."""

    def __init__(self, options: ProcessOptions) -> None:
        self._port: PortReservation | None = None
        self._directory: SocketDirectory | None = None
        self._is_configured = False
        self.binding = self._choose(options)

    @property
    def private_paths(self) -> tuple[str, ...]:
        """What has to be removed if this process dies: a socket and its directory."""
        directory = self._directory
        return (directory.socket, directory.path) if directory is not None else ()

    def claim(self) -> None:
        """Make sure that what was configured is free. Raises SpawnRefused, saying who has it."""
        if not self._is_configured:
            return
        if self.binding.unix_socket:
            claim_socket_path(self.binding.unix_socket)
        elif is_port_taken(self.binding.port):
            with contextlib.suppress(OSError):
                owner = find_listener(self.binding.port)
                raise SpawnRefused(f"its port {self.binding.port} is in use already, by {owner}")

    def let_go(self) -> None:
        """Now the child can bind it; to be called just before it starts."""
        if self._port is not None:
            self._port.let_go()

    def release(self) -> None:
        """Give back port and socket directory; nothing of the child is left. Idempotent."""
        if self._port is not None:
            self._port.release()
        if self._directory is not None:
            self._directory.remove()

    def is_lost(self) -> bool:
        """Whether somebody else took a port of which any would have done."""
        return self._port is not None and is_port_taken(self._port.port)

    def is_listened_on(self) -> bool:
        """Whether anybody listens on the port; True where there is none."""
        return not self.binding.port or is_port_taken(self.binding.port)

    def _choose(self, options: ProcessOptions) -> Binding:
        if options.unix_socket is True:
            self._directory = make_socket_directory()
            return Binding(0, self._directory.socket)
        self._is_configured = bool(options.unix_socket or options.port)
        if options.unix_socket:
            return Binding(0, options.unix_socket)
        if options.port:
            return Binding(options.port, "")
        self._port = reserve_port()
        return Binding(self._port.port, "")
