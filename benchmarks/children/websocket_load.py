"""Websocket load at the speed of C. Runs in the tools' environment; prints one line of JSON.

`websocket_load.py echo` keeps messages in flight for some seconds and counts the echoes;
`websocket_load.py idle` opens tunnels, proves each with one echo, says so, and holds them
until its standard input ends. The job comes as JSON in the second argument.
"""

import asyncio
import json
import sys
import time
from typing import Any

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

_LARGEST = 64 << 20
_AT_ONCE = 20


class Pusher(WSListener):  # type: ignore[misc]
    """Sends a message for each echo, until told to stop; `seen` counts whole messages."""

    def __init__(self, message: bytes) -> None:
        self.message = message
        self.seen = 0
        self.size = 0
        self.ended = False

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            self.ended = True
            transport.disconnect()
            return
        self.size += frame.payload_size
        if frame.fin:
            self.seen += 1
            transport.send(WSMsgType.BINARY, self.message)

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        self.ended = True


class Once(WSListener):  # type: ignore[misc]
    """Says one word and remembers that it came back."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()

    def on_ws_frame(self, _transport: WSTransport, _frame: WSFrame) -> None:
        self.answered.set()


async def echo(job: dict[str, Any]) -> dict[str, Any]:
    message = b"x" * job["size"]
    transport, pusher = await ws_connect(
        lambda: Pusher(message),
        job["url"],
        extra_headers=job["headers"],
        max_frame_size=_LARGEST,
        websocket_handshake_timeout=20,
    )
    for _ in range(job["in_flight"]):
        transport.send(WSMsgType.BINARY, message)
    await asyncio.sleep(job["warm_up"])
    seen, size, started = pusher.seen, pusher.size, time.perf_counter()
    await asyncio.sleep(job["seconds"])
    took = time.perf_counter() - started
    outcome = {
        "messages": (pusher.seen - seen) / took,
        "bytes": (pusher.size - size) / took,
        "total": pusher.seen,
        "whole": pusher.size >= pusher.seen * job["size"] and not pusher.ended,
    }
    transport.disconnect(graceful=False)
    return outcome


async def idle(job: dict[str, Any]) -> dict[str, Any]:
    transports = []
    gate = asyncio.Semaphore(_AT_ONCE)

    async def open_one() -> None:
        async with gate:
            transport, listener = await ws_connect(
                Once,
                job["url"],
                extra_headers=job["headers"],
                websocket_handshake_timeout=60,
                read_buffer_init_size=1024,
            )
            transport.send(WSMsgType.BINARY, b"hello")
            await asyncio.wait_for(listener.answered.wait(), 60)
            transports.append(transport)

    await asyncio.gather(*(open_one() for _ in range(job["tunnels"])))
    print(json.dumps({"open": len(transports)}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for transport in transports:
        transport.disconnect(graceful=False)
    return {"closed": len(transports)}


print(json.dumps(uvloop.run({"echo": echo, "idle": idle}[sys.argv[1]](json.loads(sys.argv[2])))))
