"""Run a command in a network of its own, which is nothing but a loopback interface.

Some programs listen on every address of the machine. Here there is none but 127.0.0.1 and ::1, so
nobody else can reach them, and they meet nobody else's ports. Linux only, as root or where
ordinary users may make namespaces; where it cannot be done, says so and runs the command as it is.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

# From linux/sched.h, linux/sockios.h and linux/if.h.
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1


def main() -> None:
    """Become the command in the arguments."""
    command = sys.argv[1:]
    if not command:
        sys.exit(f"usage: {sys.argv[0]} COMMAND [ARGUMENT ...]")
    try:
        enter()
    except OSError as error:
        print(f"*** NO NETWORK OF ITS OWN FOR {command[0]}: {error} ***", file=sys.stderr)
    os.execvp(command[0], command)  # noqa: S606  (a shell is not wanted)


def enter() -> None:
    """Leave the machine's network. Raises OSError where that is not allowed."""
    try:
        _unshare(CLONE_NEWNET)
    except PermissionError:
        _enter_as_somebody()
    _switch_on("lo")


def _enter_as_somebody() -> None:
    user, group = os.getuid(), os.getgid()
    _unshare(CLONE_NEWUSER | CLONE_NEWNET)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "unshare"):
        raise OSError("only Linux has namespaces")
    if libc.unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _switch_on(interface: str) -> None:
    """What `ip link set INTERFACE up` does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        request = struct.pack("16sh22x", interface.encode(), 0)
        (flags,) = struct.unpack("16xh22x", fcntl.ioctl(channel, SIOCGIFFLAGS, request))
        fcntl.ioctl(
            channel, SIOCSIFFLAGS, struct.pack("16sh22x", interface.encode(), flags | IFF_UP)
        )


if __name__ == "__main__":
    main()
