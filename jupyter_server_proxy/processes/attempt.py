"""One child from its binding to its end: what a supervisor starts once per generation.

It makes no decision about a service's life and knows no states; the supervisor calls it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..rules.service import HttpReadiness, LogReadiness, ProcessOptions, Readiness, TcpReadiness
from ..rules.targets import Target, TcpTarget
from .child import Binding, Child, Ended, Launch, SpawnRefused, SpawnRequest
from .guardian import Guardian
from .masking import masked_command
from .output import Output
from .owners import Listener, Ownership, find_listener
from .pipe import Pipe
from .place import Place
from .readiness import Question, find_target

LaunchFactory = Callable[[Binding], Awaitable[Launch]]


class PortTaken(Exception):
    """Somebody else listens on the port that the child was given; the message says who."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is the same for every child of one service."""

    name: str
    options: ProcessOptions
    launch: LaunchFactory
    guardian: Guardian
    output: Output
    log: logging.Logger
    is_raw: bool
    base_url: str

    def readiness(self, launch: Launch) -> Readiness:
        """What the launch says, else as configured; a raw stream cannot be asked by HTTP."""
        readiness = launch.readiness or self.options.readiness
        return TcpReadiness() if self.is_raw and isinstance(readiness, HttpReadiness) else readiness


class Attempt:
    """Binding, child and pipe of one generation. For the event loop's thread."""

    def __init__(self, plan: Plan, place: Place | None = None) -> None:
        self.command = ""
        self._plan = plan
        self._place = place
        self._child: Child | None = None
        self._pipe: Pipe | None = None
        self._launching: asyncio.Future[Launch] | None = None
        self._readiness = plan.options.readiness
        self._match: asyncio.Future[str] | None = None
        self._is_unwanted = False

    @property
    def binding(self) -> Binding | None:
        """Where the child is told to listen, once that is chosen."""
        return self._place.binding if self._place is not None else None

    @property
    def pid(self) -> int | None:
        """The child's, once there is one."""
        return self._child.pid if self._child is not None else None

    def bind(self) -> Binding:
        """Where the child is told to listen; chosen on first use. Raises SpawnRefused."""
        if self._place is None:
            self._place = Place(self._plan.options)
        return self._place.binding

    async def ask_for_launch(self) -> Launch:
        """What to start. Raises SpawnRefused, or whatever the launch factory raises."""
        self._launching = asyncio.ensure_future(self._plan.launch(self.bind()))
        try:
            launch = await self._launching
        except asyncio.CancelledError:
            if not self._is_unwanted:
                raise
            raise SpawnRefused("it was stopped before its command was known") from None
        finally:
            self._launching = None
        if not launch.argv:
            raise SpawnRefused("its command is empty")
        return launch

    async def spawn(self, launch: Launch) -> None:
        """Start the child. Raises SpawnRefused."""
        assert self._place is not None
        self._place.claim()
        self.command = masked_command(launch.argv)
        self._plan.log.info("%s: starting %s", self._plan.name, self.command)
        self._readiness = self._plan.readiness(launch)
        if isinstance(self._readiness, LogReadiness):
            self._match = self._plan.output.first_match(self._readiness.pattern)
        self._pipe = self._plan.output.open_pipe()
        self._place.let_go()
        self._child = await self._plan.guardian.spawn(
            SpawnRequest(
                launch,
                output=self._pipe.writable,
                stop_signal=self._plan.options.stop_signal,
                grace=self._plan.options.stop_timeout,
                remove=self._place.private_paths,
            ),
            self._plan.name,
        )
        self._pipe.close_writable()
        if self._is_unwanted:
            self._child.terminate()

    async def find_target(self) -> Target:
        """Wait until the child is ready. Raises PortTaken for somebody else's listener."""
        assert self.binding is not None
        question = Question(
            self._readiness,
            self.binding,
            fields=self._fields(self.binding),
            match=self._match,
            log=self._plan.log,
        )
        target = await find_target(question)
        if isinstance(target, TcpTarget):
            await self._check_listener(target.port)
        return target

    async def wait(self) -> Ended:
        """Wait until nothing of the child's tree is left and all it said has been read."""
        assert self._child is not None
        ended = await self._child.wait()
        await self.close_output()
        if ended.left:
            self._plan.log.error(
                "%s: these processes could not be killed: %s",
                self._plan.name,
                ", ".join(map(str, ended.left)),
            )
        return ended

    async def close_output(self) -> None:
        """Stop reading; what has been said already is read first."""
        if self._pipe is not None:
            pipe, self._pipe = self._pipe, None
            await pipe.close()
        if self._match is not None:
            self._match.cancel()

    def terminate(self) -> None:
        """Tell the child to go, also one that is still being started."""
        self._is_unwanted = True
        if self._launching is not None:
            self._launching.cancel()
        if self._child is not None:
            self._child.terminate()

    def kill(self) -> None:
        """Kill the child's whole tree."""
        if self._child is not None:
            self._child.kill()

    def release(self) -> None:
        """Give back port and socket directory; nothing of the child is left. Idempotent."""
        if self._place is not None:
            self._place.release()

    def has_lost_its_port(self) -> bool:
        """After the end: whether somebody else took a port of which any would have done."""
        return self._place is not None and not self._is_unwanted and self._place.is_lost()

    def is_listened_on(self) -> bool:
        """Whether anybody listens on the child's port; True where there is no port."""
        return self._place is None or self._place.is_listened_on()

    def _fields(self, binding: Binding) -> dict[str, object]:
        url = f"http://127.0.0.1:{binding.port}/" if binding.port else f"unix:{binding.unix_socket}"
        return {
            "port": binding.port,
            "unix_socket": binding.unix_socket,
            "base_url": self._plan.base_url,
            "name": self._plan.name,
            "url": url,
        }

    async def _check_listener(self, port: int) -> None:
        listener = await asyncio.to_thread(self._find_listener, port)
        if listener.ownership is Ownership.FOREIGN:
            raise PortTaken(f"port {port} belongs to {listener}, not to this application")
        # A log line or a check may say that it is ready before anybody listens.
        if listener.ownership is Ownership.UNKNOWN and self.is_listened_on():
            self._plan.log.warning(
                "%s: port %d is listened on by %s; taken for the application's",
                self._plan.name,
                port,
                listener,
            )

    def _find_listener(self, port: int) -> Listener:
        tree = self._child.tree() if self._child is not None else frozenset()
        return find_listener(port, tree)
