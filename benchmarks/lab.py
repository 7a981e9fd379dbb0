"""The lab: backends and peers, started when first asked for, all gone when it closes."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .model import CannotMeasureError, ToolMissingError
from .programs import Program, free_port, running, wait_listening
from .tools import Tools

CHILDREN = Path(__file__).parent / "children"
_PACKAGE = CHILDREN.parent.parent / "jupyter_server_proxy"
GIB = 1 << 30
MIB = 1 << 20
# What the HTTP backend serves: sparse files, read from memory.
FILES: Mapping[str, int] = {
    "10m": 10 * MIB,
    "90m": 90 * MIB,
    "100m": 100 * MIB,
    "1g": GIB,
}

_NGINX = """
{user}
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr warn;
worker_rlimit_nofile 20000;
events {{ worker_connections 10000; }}
http {{
  access_log off; sendfile on; tcp_nopush off; tcp_nodelay on;
  keepalive_timeout 3600; keepalive_requests 1000000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  client_max_body_size 0; large_client_header_buffers 8 64k;
  default_type application/octet-stream;
  {rest}
}}
"""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How a peer is asked: where, with which headers, and which program does the work.

    `prefixes` leads from a backend's name (`http`, `sink`, `echo`) to the path in front of it.
    """

    port: int
    prefixes: Mapping[str, str]
    headers: Mapping[str, str]
    program: Program | None = None

    def url(self, backend: str, path: str, *, scheme: str = "http") -> str:
        """Raises CannotMeasureError if this peer does not lead to that backend."""
        if backend not in self.prefixes:
            raise CannotMeasureError(f"has no {backend}")
        return f"{scheme}://127.0.0.1:{self.port}{self.prefixes[backend]}{path}"


Starter = Callable[["Lab", contextlib.ExitStack], Endpoint]


class Lab:
    """One run's folder, backends and peers. Use as a context manager."""

    def __init__(self, tools: Tools, starters: Mapping[str, Starter]) -> None:
        self.tools = tools
        self._starters = starters
        self._stack = contextlib.ExitStack()
        self._stacks: dict[str, contextlib.ExitStack] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._backends: dict[str, tuple[int, Program]] = {}
        self._missing: dict[str, str] = {}
        self._count = 0

    def __enter__(self) -> Lab:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        self.folder = Path(folder)
        # A copy, so that one run measures one state while somebody goes on editing.
        self.source = self.folder / "source"
        ignore = shutil.ignore_patterns("node_modules", "labextension")
        shutil.copytree(_PACKAGE, self.source / _PACKAGE.name, ignore=ignore)
        return self

    def __exit__(self, *_exc: object) -> None:
        for stack in self._stacks.values():
            stack.close()
        self._stack.close()

    def peer(self, name: str, *, fresh: bool = False) -> Endpoint:
        """The peer, running; a new process when `fresh`. Raises CannotMeasureError."""
        if name in self._missing:
            raise CannotMeasureError(self._missing[name])
        for backend in self._backends:
            self.backend(backend)
        known = self._endpoints.get(name)
        has_ended = known is not None and known.program and not known.program.is_running()
        if fresh or has_ended:
            self.stop(name)
        if name not in self._endpoints:
            stack = self._stacks[name] = contextlib.ExitStack()
            try:
                self._endpoints[name] = self._starters[name](self, stack)
            except ToolMissingError as error:
                self._missing[name] = f"not run: {error}"
                raise CannotMeasureError(self._missing[name]) from error
        return self._endpoints[name]

    def stop(self, name: str) -> None:
        """Stops that peer if it runs."""
        self._endpoints.pop(name, None)
        stack = self._stacks.pop(name, None)
        if stack is not None:
            stack.close()

    def backend(self, name: str) -> int:
        """The port of `http`, `sink` or `echo`. Raises ToolMissingError."""
        known = self._backends.get(name)
        if known is not None and known[1].is_running():
            return known[0]
        # One that somebody ended comes back where its peers look for it.
        port = known[0] if known else free_port()
        starter = {"http": self._http_backend, "sink": self._sink, "echo": self._echo}[name]
        program = starter(port)
        wait_listening(program, port)
        self._backends[name] = port, program
        return port

    def room(self, name: str) -> Path:
        """A new folder of this run."""
        self._count += 1
        folder = self.folder / f"{self._count}-{name}"
        folder.mkdir()
        return folder

    def _http_backend(self, port: int) -> Program:
        files = self.room("files")
        for name, size in FILES.items():
            with (files / name).open("wb") as out:
                out.truncate(size)
        rest = (
            f"server {{ listen 127.0.0.1:{port} backlog=1024; root {files};"
            ' location = /small { return 200 "hello world\\n"; } }'
        )
        return self._stack.enter_context(nginx(self, "http-backend", rest))

    def _sink(self, port: int) -> Program:
        command = [sys.executable, str(CHILDREN / "body_sink.py"), str(port)]
        return self._stack.enter_context(running("sink", command, log=self.folder / "sink.log"))

    def _echo(self, port: int) -> Program:
        python = self.tools.websocket_python()
        command = [python, str(CHILDREN / "echo_server.py"), str(port)]
        return self._stack.enter_context(running("echo", command, log=self.folder / "echo.log"))


@contextlib.contextmanager
def nginx(lab: Lab, name: str, rest: str) -> Iterator[Program]:
    """One nginx worker with its own folder; as root the worker stays root, to read that folder."""
    command = lab.tools.debian("nginx")
    folder = lab.room(name)
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(_NGINX.format(folder=folder, rest=rest, user=user))
    command = [*command, "-p", str(folder), "-e", "stderr", "-c", str(config)]
    with running(name, command, log=folder / "log") as program:
        yield program
