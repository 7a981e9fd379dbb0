"""Answers as Tornado's response object, for handlers whose code goes on after the relaying.

Such code may set a header or write something once `await super().proxy(...)` has returned. So an
answer is held until the verb ends; one that is too large for that, or an event stream, goes
out while it comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...backend.exchange import Exchange
from ...rules.headers import is_event_stream

# Bytes of an answer that are held in memory.
HELD_BYTES = 4 * 1024 * 1024


async def hold(
    exchange: Exchange,
    handler: Any,
    *,
    on_flush: Callable[[], None],
    on_progress: Callable[[], None],
) -> None:
    """Write the body of `exchange` to `handler`, whose head is set already.

    `on_flush` is called before anything goes out: from then on the answer is no longer held.
    `on_progress` is called for every chunk. Raises what broke the exchange.
    """
    size = HELD_BYTES + 1 if is_event_stream(exchange.content_type) else 0
    is_held = True
    while chunk := await exchange.read():
        on_progress()
        handler.write(chunk)
        size += len(chunk)
        if is_held and size > HELD_BYTES:
            is_held = False
            on_flush()
        if not is_held:
            await handler.flush()
