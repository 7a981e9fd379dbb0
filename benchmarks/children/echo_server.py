"""A websocket echo at the speed of C: `echo_server.py PORT`. Runs in the tools' environment."""

import sys
from typing import Any

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

_LARGEST = 64 << 20


class Echo(WSListener):  # type: ignore[misc]
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        else:
            transport.send(frame.msg_type, frame.get_payload_as_bytes(), frame.fin)


async def main(port: int) -> None:
    def listener(_request: Any) -> Echo:
        return Echo()

    server = await ws_create_server(
        listener, "127.0.0.1", port, max_frame_size=_LARGEST, backlog=1024
    )
    await server.serve_forever()


uvloop.run(main(int(sys.argv[1])))
