"""A backend that swallows request bodies and says how many bytes came: `body_sink.py PORT`.

Only as much HTTP as the benchmark needs: a head, then `Content-Length` or chunked bytes of "x".
"""

import asyncio
import re
import sys

_BUFFER = 1 << 20
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)


class Sink(asyncio.BufferedProtocol):
    def __init__(self) -> None:
        self.buffer = memoryview(bytearray(_BUFFER))
        self.head = b""
        self.reading_head = True
        self.length = 0
        self.chunked = False
        self.seen = 0
        self.last = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def get_buffer(self, _sizehint: int) -> memoryview:
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self.reading_head:
            self._read_head(bytes(self.buffer[:nbytes]))
        else:
            self._read_body(nbytes, bytes(self.buffer[max(0, nbytes - 5) : nbytes]))

    def _read_head(self, data: bytes) -> None:
        self.head += data
        head, end, body = self.head.partition(b"\r\n\r\n")
        if not end:
            return
        length = _LENGTH.search(head)
        self.length = int(length[1]) if length else 0
        self.chunked = _CHUNKED.search(head) is not None
        self.reading_head = False
        self.seen, self.last = 0, b""
        self._read_body(len(body), body[-5:])

    def _read_body(self, size: int, last: bytes) -> None:
        self.seen += size
        self.last = (self.last + last)[-5:]
        done = self.last == b"0\r\n\r\n" if self.chunked else self.seen >= self.length
        if done:
            self._answer()

    def _answer(self) -> None:
        text = b"%d" % self.seen
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
        self.head, self.reading_head = b"", True


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
