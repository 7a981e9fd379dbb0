"""`GET api/events`: all services, then every change, as server-sent events."""

from __future__ import annotations

from .context import Api
from .hub import Message, encoded
from .stream import StreamView, Waiting


class EventsView(StreamView):
    """Follows all services that this user may see."""

    def initialize(self, api: Api) -> None:
        """See `ApiView`."""
        super().initialize(api)
        self._waiting = Waiting(self)

    async def get(self) -> None:
        """First `servers`, then `state`, `added` and `removed` as they happen."""
        unfollow = self.api.hub.follow(self._waiting.put)
        try:
            # Both at the same moment, so that no change falls in between.
            known = [(entry, self.api.describe(entry)) for entry in self.api.catalog]
            visible = [each for each in known if await self.may_read(each[0])]
            told = [await self.told(entry, facts) for entry, facts in visible]
            await self.stream(encoded("servers", {"servers": told}))
        finally:
            unfollow()

    async def take(self) -> bytes:
        """See `StreamView`."""
        messages = self._waiting.take()
        return b"".join([await self._told_of(message) for message in messages])

    async def _told_of(self, message: Message) -> bytes:
        entry = message.change.entry
        if not await self.may_read(entry):
            return b""
        return message.data if await self.may_execute(entry) else message.data_without_output
