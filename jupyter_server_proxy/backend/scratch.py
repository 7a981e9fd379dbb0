"""The one buffer into which sockets are read.

asyncio otherwise allocates a quarter of a megabyte for every read, of which a small answer or
websocket message uses a few bytes. A protocol hands out the buffer and takes its bytes out of
it within one step of the event loop, so all of them can share it.
"""

from __future__ import annotations

SCRATCH = memoryview(bytearray(256 * 1024))
