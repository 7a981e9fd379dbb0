"""Stands for a program that cannot be had: listens where its arguments or environment say, and
answers with how it was started and what it was asked.

Copied under the names of such programs by `install.py`; needs nothing but Python. It knows how
each of them is told its port or socket, and nothing else about them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import socket
import stat
import struct
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_SOCKET = re.compile(r"--(?:socket-path=|www-socket=|socket )(\S+)")
_PORT = re.compile(
    r"(?:--(?:www-)?port[= ]|--listen=|--bind-addr[= ]\S+:|--bind-tcp=\S+:|-p |-b \S+:|\bport=|^)"
    r"(\d+)\b"
)
_PORT_VARIABLES = ("ZEPPELIN_PORT", "PHOENIX_PORT", "MWI_MPM_PORT", "NOVNC_PORT")
# What the configuration file of Shiny Server says, and where Syncthing listens unless told.
_PORT_IN_FILE = re.compile(r"listen (\d+);")
_SYNCTHING = 8384

# What some of the packages look for before they use an option.
_HELP = """\
--www-root-path --server-data-dir --database-config-file --www-thread-pool-size --www-socket
--rsession-which-r --version --socket-path --server-base-path --user-data-dir --extensions-dir
"""
_VERSION = "1.99.3\n"
# RFC 6455, section 1.3.
_WEBSOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE = 1, 8
_LENGTH_16, _LENGTH_64 = 126, 127


def place(program: str, arguments: list[str]) -> str | int | None:
    """The path of the unix socket, or the TCP port, to listen at; None if it is not to listen."""
    line = " ".join(arguments)
    if found := _SOCKET.search(line):
        return found[1]
    if found := _PORT.search(line):
        return int(found[1])
    if program == "shiny-server" and (
        found := _PORT_IN_FILE.search(Path(arguments[0]).read_text())
    ):
        return int(found[1])
    if program == "syncthing":
        return _SYNCTHING
    told = (os.environ[name] for name in _PORT_VARIABLES if name in os.environ)
    return next((int(port) for port in told), None)


class Answers(BaseHTTPRequestHandler):
    """Says everything it knows, as JSON; follows `?to=` with a redirect."""

    protocol_version = "HTTP/1.1"
    place: str | int

    def do_GET(self) -> None:
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self._talk()
        elif wanted := parse_qs(urlsplit(self.path).query).get("to"):
            port = self.place if isinstance(self.place, int) else 1
            self._redirect(wanted[0].replace("PORT", str(port)))
        else:
            self._say(json.dumps(self._known()).encode())

    do_POST = do_GET  # noqa: N815  (names that http.server looks for)

    def _known(self) -> dict[str, Any]:
        length = int(self.headers.get("Content-Length", 0))
        return {
            "program": Path(sys.argv[0]).name,
            "arguments": sys.argv[1:],
            "environment": dict(os.environ),
            "folder": os.getcwd(),
            "place": self.place,
            "method": self.command,
            "path": self.path,
            "headers": self.headers.items(),
            "body": self.rfile.read(length).decode(),
        }

    def _say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Set-Cookie", "stub=1; Path=/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _redirect(self, location: str) -> None:
        self.send_response(302)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _talk(self) -> None:
        """The first message says what is known; then every text comes back."""
        key = self.headers["Sec-WebSocket-Key"].encode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        accept = base64.b64encode(hashlib.sha1(key + _WEBSOCKET).digest()).decode()
        self.send_header("Sec-WebSocket-Accept", accept)
        if offered := self.headers.get("Sec-WebSocket-Protocol"):
            self.send_header("Sec-WebSocket-Protocol", offered.split(",")[0].strip())
        self.end_headers()
        self.close_connection = True
        self._send(_TEXT, json.dumps(self._known()).encode())
        kind, message = self._receive()
        while kind != _CLOSE:
            self._send(kind, message)
            kind, message = self._receive()
        self._send(_CLOSE, message)

    def _send(self, kind: int, message: bytes) -> None:
        length = len(message)
        if length < _LENGTH_16:
            size = struct.pack("!B", length)
        elif length < 1 << 16:
            size = struct.pack("!BH", _LENGTH_16, length)
        else:
            size = struct.pack("!BQ", _LENGTH_64, length)
        self.wfile.write(bytes([0x80 | kind]) + size + message)

    def _receive(self) -> tuple[int, bytes]:
        """One frame, which browsers and proxies always mask."""
        first, second = self.rfile.read(2)
        length = second & 0x7F
        if length == _LENGTH_16:
            (length,) = struct.unpack("!H", self.rfile.read(2))
        elif length == _LENGTH_64:
            (length,) = struct.unpack("!Q", self.rfile.read(8))
        mask = self.rfile.read(4)
        data = self.rfile.read(length)
        return first & 0xF, bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))

    def address_string(self) -> str:
        return "client"


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1 only, whatever the program would do, or at a unix socket."""

    daemon_threads = True

    def __init__(self, place: str | int) -> None:
        if isinstance(place, str):
            self.address_family = socket.AF_UNIX
            super().__init__(place, Answers)  # type: ignore[arg-type]
        else:
            super().__init__(("127.0.0.1", place), Answers)

    def server_bind(self) -> None:
        """Without asking for the name of this machine, which may take long."""
        if self.address_family == socket.AF_INET:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)

    def get_request(self) -> tuple[socket.socket, Any]:
        request, _address = super().get_request()
        return request, ("client", 0)


def _prepare_ide(arguments: list[str]) -> None:
    """What `projector config add ... NAME PATH` leaves: a script that starts the IDE."""
    name = arguments[-2]
    script = Path.home() / ".projector" / "configs" / name / "run.sh"
    script.parent.mkdir(parents=True)
    script.write_text(f"#!/bin/sh\nexec {name} --port {place(name, arguments)}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)


def main(program: str, arguments: list[str]) -> None:
    """Be `program` until a signal ends it, or do the errand that it is sent on."""
    if arguments == ["--help"]:
        print(_HELP)
    elif arguments == ["--version"]:
        print(_VERSION)
    elif program == "projector":
        _prepare_ide(arguments)
    elif (found := place(program, arguments)) is not None:
        Answers.place = found
        print(f"{program} listens at {found}", flush=True)
        Server(found).serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[0]).name, sys.argv[1:])
