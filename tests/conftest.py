"""What every test gets: a watch that fails it when it leaves something behind."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import os
import secrets
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio

from jupyter_server_proxy.processes.child import Binding, Launch
from jupyter_server_proxy.processes.guardian import Guardian
from jupyter_server_proxy.processes.past_starts import PastStarts
from jupyter_server_proxy.processes.supervisor import Supervisor
from jupyter_server_proxy.rules.service import ProcessOptions

# Inherited by every process that a test starts, however it is started.
_RUN = "JUPYTER_SERVER_PROXY_TEST_RUN"
_PATIENCE = 3.0

APPS = Path(__file__).parent / "apps"


class Spies:
    """What the interpreter was asked to make, so that the expensive looks are only taken then."""

    def __init__(self) -> None:
        self.has_spawned = False
        self.directories: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in {"subprocess.Popen", "os.fork", "os.posix_spawn", "os.exec", "os.system"}:
            self.has_spawned = True
        elif event == "tempfile.mkdtemp":
            self.directories.append(str(arguments[0]))


def pytest_configure(config: pytest.Config) -> None:
    os.environ[_RUN] = secrets.token_hex(8)
    config.stash[_SPIES] = Spies()
    config.addinivalue_line(
        "markers", "may_leave(reason): do not look for what this test leaves behind"
    )


_SPIES = pytest.StashKey[Spies]()


def open_descriptors() -> dict[int, str]:
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        if not target.startswith(("/dev/", "/proc/")):
            found[int(name)] = target
    return found


def processes_of_this_run() -> dict[int, str]:
    """Everything that carries our mark, wherever in the tree it has got to; not zombies."""
    mark = f"{_RUN}={os.environ[_RUN]}".encode()
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            if mark in Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                command = Path(f"/proc/{name}/cmdline").read_bytes()
                found[int(name)] = command.replace(b"\0", b" ").decode()[:200]
        except OSError:
            continue
    return found


class Watch:
    """What there was before the test, to be compared with what is there after it."""

    def __init__(self, spies: Spies) -> None:
        self._spies = spies
        self._descriptors = open_descriptors()
        self._threads = set(threading.enumerate())
        spies.directories.clear()
        self._processes = processes_of_this_run() if spies.has_spawned else {}

    def leftovers(self) -> list[str]:
        left = [
            f"open descriptor {number} -> {target}"
            for number, target in open_descriptors().items()
            if self._descriptors.get(number) != target
        ]
        for thread in threading.enumerate():
            is_pool = thread.name.startswith("asyncio_")  # it ends with the loop
            if thread not in self._threads and not thread.daemon and not is_pool:
                left.append(f"thread {thread.name}")
        if self._spies.has_spawned:
            for pid, command in processes_of_this_run().items():
                if pid not in self._processes:
                    left.append(f"process {pid}: {command}")
        left += [f"directory {path}" for path in self._spies.directories if os.path.exists(path)]
        return left


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("may_leave"):
        yield
        return
    if inspect.iscoroutinefunction(getattr(request.node, "obj", None)):
        request.getfixturevalue("no_task_left")  # first of all, so that the loop is there already
    watch = Watch(request.config.stash[_SPIES])
    yield
    deadline = time.monotonic() + _PATIENCE
    left = watch.leftovers()
    while left and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.02)
        left = watch.leftovers()
    assert not left, "the test left behind:\n  " + "\n  ".join(left)


@pytest_asyncio.fixture
async def no_task_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left: set[asyncio.Task[object]] = set()
    for _ in range(20):  # what was cancelled needs a few rounds to end
        left = asyncio.all_tasks() - before - {asyncio.current_task()}
        if not left:
            return
        await asyncio.sleep(0.005)
    names = ", ".join(f"{task.get_name()} ({task.get_coro()})" for task in left)
    raise AssertionError(f"the test left tasks running: {names}")


@pytest.fixture(autouse=True)
def private_runtime_dir(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    """Nothing a test writes lands in the home of whoever runs it."""
    runtime = tmp_path_factory.getbasetemp() / "runtime"
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(runtime))


Command = list[str] | Callable[[Binding], list[str]]
MakeSupervisor = Callable[..., Supervisor]


@pytest_asyncio.fixture
async def make_supervisor() -> AsyncIterator[MakeSupervisor]:
    """`make_supervisor(lambda binding: argv, **options)`; all are closed after the test."""
    made: list[Supervisor] = []
    log = logging.getLogger("tests")

    def make(
        command: Command, *, name: str = "app", env: dict[str, str] | None = None, **options: object
    ) -> Supervisor:
        async def launch(binding: Binding) -> Launch:
            argv = command(binding) if callable(command) else command
            return Launch(tuple(argv), {**os.environ, **(env or {})})

        is_raw = bool(options.pop("is_raw", False))
        past = cast("PastStarts | None", options.pop("past", None))
        settings = ProcessOptions(**{"timeout": 20.0, "stop_timeout": 5.0, **options})
        supervisor = Supervisor(
            name, settings, launch, guardian=Guardian(log=log), log=log, is_raw=is_raw, past=past
        )
        made.append(supervisor)
        return supervisor

    yield make
    await asyncio.gather(*(supervisor.close(grace=1.0) for supervisor in made))


@pytest.fixture
def app() -> Callable[..., Callable[[Binding], list[str]]]:
    """`app("web.py", "--status", "404")`: a command for `make_supervisor` that listens as told."""

    def command(script: str, *arguments: str) -> Callable[[Binding], list[str]]:
        def argv(binding: Binding) -> list[str]:
            where = (
                ["--unix", binding.unix_socket]
                if binding.unix_socket
                else ["--port", str(binding.port)]
            )
            if script != "web.py":
                where = [str(binding.port)]
            return [sys.executable, str(APPS / script), *where, *arguments]

        return argv

    return command
