"""Sockets to listen on, and in plain words why there are none."""

from __future__ import annotations

import errno
import socket

import psutil
from tornado.netutil import bind_sockets

from ..errors import StartRefused
from ..rules.targets import bracketed


def listening_sockets(address: str, port: int) -> list[socket.socket]:
    """One for each address that `address` stands for. Raises StartRefused."""
    try:
        return bind_sockets(port, address)
    except OSError as error:
        place = f"{bracketed(address)}:{port}"
        raise StartRefused(
            f"Nothing can listen at {place}: {_reason(error, address, port)}"
        ) from error


def _reason(error: OSError, address: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"the port is in use{_owner(port)}. Another one can be given with --port"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{address} is no address of this machine. One can be given with --address"
    if isinstance(error, socket.gaierror):
        return f"{address!r} is no address, nor a name of one. One can be given with --address"
    if error.errno == errno.EACCES:
        return f"this user may not use port {port}. Another one can be given with --port"
    return str(error.strerror or error)


def _owner(port: int) -> str:
    """Who has it, as far as this user may know."""
    try:
        for connection in psutil.net_connections("tcp"):
            is_there = connection.laddr and connection.laddr.port == port
            if connection.status == psutil.CONN_LISTEN and is_there and connection.pid:
                name = psutil.Process(connection.pid).name()
                return f" by process {connection.pid} ({name})"
    except (psutil.Error, OSError):  # macOS lets only root see all of them
        pass
    return ""
