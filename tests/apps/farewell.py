"""A child that has last words: `python farewell.py PORT [stubborn]`.

Every request is a websocket's handshake. After SIGTERM each gets a close frame that says "going
away" (1001) and the child ends; a `stubborn` one says nothing and waits for its clients to go.
"""

import asyncio
import base64
import hashlib
import signal
import sys

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
GOING_AWAY = b"\x88\x02\x03\xe9"


async def main(port, is_stubborn):
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    open_ones = set()

    async def serve(reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:  # somebody looked whether we listen
            writer.close()
            return
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        key = {name.lower(): value for name, value in fields.items()}[b"sec-websocket-key"]
        accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        this = asyncio.current_task()
        open_ones.add(this)
        gone = asyncio.ensure_future(reader.read())
        told = asyncio.ensure_future(ending.wait())
        await asyncio.wait((gone, told), return_when=asyncio.FIRST_COMPLETED)
        if is_stubborn:
            await gone
        else:
            writer.write(GOING_AWAY)
        writer.close()
        open_ones.discard(this)

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    await ending.wait()
    server.close()
    while open_ones:
        await asyncio.wait(open_ones)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), "stubborn" in sys.argv))
