"""`api/servers` and what can be done with one: start, stop, restart."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from tornado import web

from ..errors import StateForbids
from ..handlers.catalog import Entry
from .view import ApiView

if TYPE_CHECKING:
    from ..processes.supervisor import Supervisor


class ServicesView(ApiView):
    """All services and instances that this user may see."""

    async def get(self) -> None:
        """Answer `{"servers": [...]}`."""
        visible = [entry for entry in self.api.catalog if await self.may_read(entry)]
        measured = zip(visible, await self.api.measure(visible), strict=True)
        self.answer({"servers": [await self.told(entry, facts) for entry, facts in measured]})

    head = get


class ServiceView(ApiView):
    """One service, or one instance."""

    async def get(self, name: str, instance: str | None = None) -> None:
        """Answer what is known of it."""
        entry = self.api.find(name, instance)
        (facts,) = await self.api.measure([entry])
        self.answer(await self.told(entry, facts))

    head = get


class CommandView(ApiView):
    """Start, stop or restart one."""

    action = "execute"

    async def post(self, command: str, name: str, instance: str | None = None) -> None:
        """Do it and answer how it is then; with `wait=false`, answer at once (202)."""
        entry = self.api.find(name, instance)
        is_waiting = self.asked_flag("wait", default=True)
        work = self._work(command, entry, self.api.find_supervisor(entry))
        if not is_waiting:
            self.api.begin(work, name=f"{command} of {name}")
            self.answer(self.api.describe(entry), 202)
            return
        await work
        self.answer(self.api.describe(entry))

    def _work(
        self, command: str, entry: Entry, supervisor: Supervisor
    ) -> Coroutine[Any, Any, object]:
        match command:
            case "stop":
                return supervisor.stop()
            case _ if supervisor.is_closed:
                raise StateForbids(f"{entry.name} has been closed for good")
            case "start":
                return supervisor.ensure_ready(is_person=True)
            case "restart":
                return supervisor.restart(drain=True)
            case _:
                raise web.HTTPError(404)
