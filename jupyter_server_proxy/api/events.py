"""`GET api/events`: all services, then every change, as server-sent events."""

from __future__ import annotations

from .context import Api
from .hub import encoded
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
            visible = [facts for entry, facts in known if await self.may_read(entry)]
            await self.stream(encoded("servers", {"servers": visible}))
        finally:
            unfollow()

    async def take(self) -> bytes:
        """See `StreamView`."""
        messages = self._waiting.take()
        return b"".join([m.data for m in messages if await self.may_read(m.change.entry)])
