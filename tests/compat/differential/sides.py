"""One of the Jupyter servers that are compared, and the backends that its services reach."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from _harness.backend import Backend, listening
from _harness.client import fetch
from _harness.jupyter import Jupyter, start_jupyter

from .record import Masks

HERE = Path(__file__).parent
PACKAGES = HERE / "packages"
APP = HERE / "app.py"
BASE_URL = "/user/ann/"
_ENVIRONMENT = {"PYTHONPATH": str(PACKAGES), "APP": str(APP), "PYTHONWARNINGS": "ignore"}
FORWARD_CREDENTIALS = "\nc.ServerProxy.forward_credentials = True\n"


@dataclass
class Side:
    """`main` and `unix` are there while `serving`; nothing listens at port `dead`."""

    name: str
    jupyter: Jupyter
    python: str
    dead: socket.socket
    main: Backend | None = None
    unix: Backend | None = None

    @property
    def ports(self) -> dict[str, int]:
        return {
            "jupyter": self.jupyter.port,
            "main": self.jupyter.sockets["main"].getsockname()[1],
            "dead": self.dead.getsockname()[1],
        }

    @property
    def is_released(self) -> bool:
        return self.name == "released"

    @property
    def masks(self) -> Masks:
        name, _, value = self.jupyter.cookie.partition("=")
        return Masks(
            [
                (value, "LOGIN"),
                (name, "username"),
                (self.jupyter.token, "TOKEN"),
                (str(self.jupyter.folder), "FOLDER"),
                (self.python, "PYTHON"),
                *((str(port), name.upper()) for name, port in self.ports.items()),
            ]
        )

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Side]:
        path = str(self.jupyter.folder / "app.sock")
        async with AsyncExitStack() as stack:
            self.main = await stack.enter_async_context(listening(at=self.jupyter.sockets["main"]))
            self.unix = await stack.enter_async_context(listening(unix=path))
            yield self
        os.unlink(path)

    async def take_activity(self) -> str:
        return (await fetch(self.jupyter, "/witness/activity")).body.decode()


@contextmanager
def running(
    folder: Path, name: str, python: str, *, config: str = "", env: Mapping[str, str] | None = None
) -> Iterator[Side]:
    """A server of that installation with the configuration that all of them have."""
    with TemporaryDirectory() as temporary, socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        jupyter = start_jupyter(
            folder,
            (HERE / "configuration.py").read_text() + config,
            ports=("main",),
            base_url=BASE_URL,
            # 4.6.0 leaves the folders of its sockets in TMPDIR.
            env={**_ENVIRONMENT, "TMPDIR": temporary, **(env or {})},
            extensions={"differential_witness": True},
            python=python,
        )
        side = Side(name, jupyter, python, dead)
        try:
            assert "The module 'jupyter_server_proxy' could not be found" not in jupyter.log()
            yield side
        finally:
            _end(side)


def _end(side: Side) -> None:
    """How well the released one ends is not what is compared; ours ends as in other tests."""
    jupyter = side.jupyter
    if side.is_released:
        jupyter.process.send_signal(signal.SIGINT)
        jupyter._kill_all()
    else:
        # Other people's callables that fail on purpose are told of with their traceback.
        jupyter.expected_tracebacks = jupyter.log().count("() raised\n")
        jupyter.stop()
