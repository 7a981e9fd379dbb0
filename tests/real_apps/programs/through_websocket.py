"""A ProxyCommand for ssh: joins its input and output to the websocket in its first argument, with
the token of the environment variable JUPYTER_TOKEN."""

from __future__ import annotations

import asyncio
import os
import sys

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

_SIZE = 64 * 1024


async def send_input(websocket: ClientConnection) -> None:
    """Until ssh closes it."""
    loop = asyncio.get_running_loop()
    while data := await loop.run_in_executor(None, os.read, 0, _SIZE):
        await websocket.send(data)


async def write_output(websocket: ClientConnection) -> None:
    """Until the other side is done."""
    async for message in websocket:
        assert isinstance(message, bytes)
        sys.stdout.buffer.write(message)
        sys.stdout.buffer.flush()


async def main() -> None:
    """Until one of both has ended."""
    headers = {"Authorization": f"token {os.environ['JUPYTER_TOKEN']}"}
    async with connect(
        sys.argv[1], additional_headers=headers, max_size=None, compression=None, proxy=None
    ) as websocket:
        both = [
            asyncio.create_task(send_input(websocket)),
            asyncio.create_task(write_output(websocket)),
        ]
        done, _others = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if isinstance(task.exception(), ConnectionClosed):
                continue
            await task
    # A thread may still wait for input, and must not keep this process.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
