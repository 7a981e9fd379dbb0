"""Seeing that a side which nobody reads from is held up, without measuring time."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

MEBIBYTE = 1024 * 1024


class Torrent:
    """`total` bytes, written with `write` as fast as they are taken, while it is entered."""

    def __init__(self, total: int, write: Callable[[bytes], Awaitable[None]]) -> None:
        self._total = total
        self._write = write
        self.written = 0

    async def __aenter__(self) -> Torrent:
        self.task = asyncio.create_task(self._flow())
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _flow(self) -> None:
        block = bytes(range(256)) * 256
        while self.written < self._total:
            await self._write(block)
            self.written += len(block)

    async def is_held_up(self, round_trip: Callable[[], Awaitable[object]]) -> None:
        """Wait until nothing more was written during many round trips through the same server."""
        seen = -1
        while seen != self.written and not self.task.done():
            seen = self.written
            for _ in range(30):
                await round_trip()


def digest_of_torrent(total: int) -> str:
    block = bytes(range(256)) * 256
    digest = hashlib.sha256()
    for _ in range(total // len(block)):
        digest.update(block)
    return digest.hexdigest()
