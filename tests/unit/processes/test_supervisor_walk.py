"""Random walks of a supervisor whose children are played by the test: nobody is ever stranded."""

from __future__ import annotations

import asyncio
import logging
import random

import pytest

from jupyter_server_proxy.errors import ProxyError
from jupyter_server_proxy.processes import attempt as attempt_module
from jupyter_server_proxy.processes import place as place_module
from jupyter_server_proxy.processes.child import Ended, Launch, LaunchDeclined, SpawnRefused
from jupyter_server_proxy.processes.output import Output
from jupyter_server_proxy.processes.supervisor import Supervisor
from jupyter_server_proxy.processes.usage import Use
from jupyter_server_proxy.rules.lifecycle import LIVE_STATES, State
from jupyter_server_proxy.rules.service import ProcessOptions, RestartPolicy
from jupyter_server_proxy.rules.targets import TcpTarget

LOG = logging.getLogger("tests.walk")
LOG.setLevel(logging.CRITICAL)


class PlayedChild:
    def __init__(self, dice: random.Random) -> None:
        self.pid = dice.randrange(2, 1 << 22)
        self.heeds_term = dice.random() < 0.7
        self.ended = asyncio.get_running_loop().create_future()

    def end(self, code: int) -> None:
        if not self.ended.done():
            self.ended.set_result(Ended(code))

    def terminate(self) -> None:
        if self.heeds_term:
            self.end(-15)

    def kill(self) -> None:
        self.end(-9)

    def tree(self) -> frozenset[int]:
        return frozenset()

    async def wait(self) -> Ended:
        return await self.ended


class PlayedGuardian:
    """Counts those who live; refuses some."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.children: list[PlayedChild] = []

    @property
    def living(self) -> list[PlayedChild]:
        return [child for child in self.children if not child.ended.done()]

    async def spawn(self, request, name) -> PlayedChild:
        await asyncio.sleep(0)
        if self.dice.random() < 0.2:
            raise SpawnRefused("not today")
        assert not self.living, "two children at once"
        self.children.append(PlayedChild(self.dice))
        return self.children[-1]


class NoPort:
    port = 1

    def let_go(self) -> None: ...
    def release(self) -> None: ...


class NoPipe:
    writable = -1

    def close_writable(self) -> None: ...
    async def close(self) -> None: ...


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch):
    """Nothing real below the supervisor; `played.is_up` says whether the child answers."""

    class Stage:
        is_up = asyncio.Event()

    async def find_target(question):
        await Stage.is_up.wait()
        return TcpTarget("127.0.0.1", 1)

    async def check_listener(self, port):
        await asyncio.sleep(0)

    monkeypatch.setattr(place_module, "reserve_port", NoPort)
    monkeypatch.setattr(place_module, "is_port_taken", lambda port: False)
    monkeypatch.setattr(attempt_module, "find_target", find_target)
    monkeypatch.setattr(attempt_module.Attempt, "_check_listener", check_listener)
    monkeypatch.setattr(Output, "open_pipe", lambda self: NoPipe())
    monkeypatch.setattr("jupyter_server_proxy.rules.backoff.FIRST_DELAY", 0.001)
    return Stage


async def settle(dice: random.Random) -> None:
    for _ in range(dice.randrange(8)):
        await asyncio.sleep(0)


@pytest.mark.parametrize("seed", range(60))
async def test_no_walk_strands_a_waiter_or_a_child(played, seed: int) -> None:
    dice = random.Random(seed)
    guardian = PlayedGuardian(dice)

    async def launch(binding):
        await settle(dice)
        if dice.random() < 0.1:
            raise LaunchDeclined("nothing to start")
        return Launch(("app",), {}, timeout=dice.choice([None, 0.002, 5.0]))

    supervisor = Supervisor(
        "app",
        ProcessOptions(
            timeout=dice.choice([0.002, 5.0]),
            stop_timeout=0.002,
            restart=dice.choice(list(RestartPolicy)),
        ),
        launch,
        guardian=guardian,
        log=LOG,
    )
    seen: list[State] = [State.STOPPED]

    def follow(change) -> None:
        assert change.before is seen[-1]
        seen.append(change.after)
        if change.after not in LIVE_STATES:
            assert not guardian.living, f"a child lives on in {change.after}"

    supervisor.subscribe(follow)
    asked: list[asyncio.Task] = []
    uses: list[Use] = []

    def use() -> None:
        uses.append(supervisor.use(is_tunnel=dice.random() < 0.3))
        uses[-1].__enter__()

    moves = {
        "ask": lambda: asked.append(asyncio.ensure_future(supervisor.ensure_ready())),
        "insist": lambda: asked.append(
            asyncio.ensure_future(supervisor.ensure_ready(is_person=True))
        ),
        "leave": lambda: asked and dice.choice(asked).cancel(),
        "stop": lambda: asked.append(asyncio.ensure_future(supervisor.stop())),
        "restart": lambda: asked.append(asyncio.ensure_future(supervisor.restart())),
        "drain": lambda: asked.append(asyncio.ensure_future(supervisor.restart(drain=True))),
        "use": use,
        "quiet": lambda: uses and uses.pop(dice.randrange(len(uses))).__exit__(None, None, None),
        "up": played.is_up.set,
        "down": played.is_up.clear,
        "exit": lambda: [child.end(0) for child in guardian.living],
        "crash": lambda: [child.end(1) for child in guardian.living],
    }
    for _ in range(60):
        moves[dice.choice(list(moves))]()
        await settle(dice)
        if dice.random() < 0.1:
            await asyncio.sleep(0.003)  # lets deadlines and retries come due
    await supervisor.close(grace=0.002)
    assert supervisor.state is State.CLOSED
    assert not guardian.living
    results = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 5)
    assert supervisor.restarts <= supervisor.generation
    assert not supervisor.is_draining
    for result in results:
        is_expected = isinstance(result, (ProxyError, asyncio.CancelledError))
        assert is_expected or not isinstance(result, BaseException), repr(result)
