"""Follows one child from its binding to its end and reports.

Decides nothing about a service's life and knows no states.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import ProxyError
from ..rules.targets import Target
from .attempt import Attempt, Plan, PortTaken
from .child import Ended, LaunchDeclined, SpawnRefused
from .failure import describe_exit
from .place import Place

# A child that exits because its port was taken between our look and its own gets another one.
_PORT_TRIES = 3
_CANCELS, _CANCEL_AGAIN_AFTER = 20, 0.1


@dataclass(frozen=True, slots=True)
class End:
    """How a generation ended, in words; `ended` is None when there never was a child.

    `is_declined`: there was not meant to be one.
    """

    reason: str
    ended: Ended | None = None
    is_declined: bool = False

    @property
    def returncode(self) -> int | None:
        """The child's, if there was one that could be seen to its end."""
        return self.ended.returncode if self.ended is not None else None


@dataclass(frozen=True, slots=True)
class Reports:
    """Who is told what. Every callback runs in the event loop's thread and returns at once.

    `on_timeout` for a launch that says itself within how many seconds it is ready. `on_ready` or
    `on_hopeless` (the child can never become ready, with the reason) at most once and only while
    `is_starting`; `on_end` exactly once, last.
    """

    is_starting: Callable[[], bool]
    on_timeout: Callable[[float], None]
    on_ready: Callable[[Target], None]
    on_hopeless: Callable[[str], None]
    on_end: Callable[[End], None]


class Generation:
    """One child, or several in turn if each loses its port to somebody else."""

    def __init__(self, plan: Plan, reports: Reports, place: Place | None = None) -> None:
        self.attempt = Attempt(plan, place)
        self._plan = plan
        self._reports = reports
        self._living: asyncio.Task[None] | None = None
        self._probing: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start; the rest comes as reports."""
        self._living = asyncio.create_task(self._live(), name=f"life of {self._plan.name}")

    def stop_probing(self) -> None:
        """Whether the child is ready is of no interest any more."""
        if self._probing is not None:
            self._probing.cancel()

    async def _live(self) -> None:
        for _ in range(_PORT_TRIES):
            refusal = await self._spawn()
            if refusal is not None:
                self._reports.on_end(refusal)
                return
            ended = await self._watch()
            if not self._reports.is_starting() or not self.attempt.has_lost_its_port():
                break
            self._plan.log.warning("%s: lost its port, trying another", self._plan.name)
            self.attempt.release()
            self.attempt = Attempt(self._plan)
        self._reports.on_end(End(describe_exit(ended.returncode), ended))

    async def _spawn(self) -> End | None:
        """Start the child: None, or why there is none."""
        try:
            await self._launch()
        except LaunchDeclined as problem:
            end = End(str(problem), is_declined=True)
        except (SpawnRefused, ProxyError) as problem:
            end = End(str(problem))
        except Exception as problem:
            self._plan.log.exception("%s: its command could not be made", self._plan.name)
            end = End(f"its command could not be made: {type(problem).__name__}: {problem}")
        else:
            return None
        await self.attempt.close_output()
        return end

    async def _launch(self) -> None:
        launch = await self.attempt.ask_for_launch()
        if launch.timeout is not None and self._reports.is_starting():
            self._reports.on_timeout(launch.timeout)
        await self.attempt.spawn(launch)

    async def _watch(self) -> Ended:
        """Look whether the child is ready for as long as that is of interest; how it ended."""
        if self._reports.is_starting():
            self._probing = asyncio.create_task(
                self._probe(), name=f"readiness of {self._plan.name}"
            )
        ended = await self.attempt.wait()
        if self._probing is not None:
            await _end_task(self._probing)
            self._probing = None
        return ended

    async def _probe(self) -> None:
        """Report once, if that is still of interest: a user's check may swallow a cancellation."""
        try:
            target = await self.attempt.find_target()
        except PortTaken as problem:
            report = functools.partial(self._reports.on_hopeless, str(problem))
        except Exception as problem:
            self._plan.log.exception("%s: looking whether it is ready failed", self._plan.name)
            text = f"{type(problem).__name__}: {problem}"
            reason = f"whether it is ready cannot be found out: {text}"
            report = functools.partial(self._reports.on_hopeless, reason)
        else:
            report = functools.partial(self._reports.on_ready, target)
        if self._reports.is_starting():
            report()


async def _end_task(task: asyncio.Task[None]) -> None:
    """Cancel until it heeds: before Python 3.12, `wait_for` in a user's check may lose one."""
    for _ in range(_CANCELS):
        if task.done():
            return
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_AGAIN_AFTER)
