"""An application that is somebody's server on the Hub: `python guest.py --port=PORT [--gate=FILE]`.

Every path answers what it was asked, and for whom it runs, as JSON. `/page` is a page, `/ws` a
websocket that sends back what it gets, `/events` an event stream of what is posted to `/tell`,
`/upload` counts, `/download?size=` sends. With a gate it listens when that file is there.
"""

import argparse
import asyncio
import hashlib
import json
import os
import time

from tornado import web, websocket

PAGE = "<!doctype html><title>Guest</title><h1>The guest of {}</h1>"
BLOCK = bytes(range(256)) * 256
listeners = set()


class Plain(web.RequestHandler):
    def check_xsrf_cookie(self):
        pass

    def compute_etag(self):
        return None


class Mirror(Plain):
    def get(self):
        self.write(
            {
                "pid": os.getpid(),
                "user": os.environ.get("JUPYTERHUB_USER"),
                "server": os.environ.get("JUPYTERHUB_SERVER_NAME"),
                "method": self.request.method,
                "uri": self.request.uri,
                "headers": list(self.request.headers.get_all()),
                "body": self.request.body.decode(),
            }
        )

    post = put = delete = get


class Page(Plain):
    def get(self):
        self.write(PAGE.format(os.environ.get("JUPYTERHUB_USER")))


class Echo(websocket.WebSocketHandler):
    def check_origin(self, origin):
        return True

    def open(self):
        self.write_message(json.dumps({"pid": os.getpid(), "uri": self.request.uri}))

    def on_message(self, message):
        self.write_message(message, binary=isinstance(message, bytes))


class Events(Plain):
    async def get(self):
        said = asyncio.Queue()
        listeners.add(said)
        self.set_header("Content-Type", "text/event-stream")
        self.write("data: listening\n\n")
        try:
            while True:
                await self.flush()
                self.write(f"data: {await said.get()}\n\n")
        finally:
            listeners.discard(said)


class Tell(Plain):
    def post(self):
        for said in listeners:
            said.put_nowait(self.request.body.decode())


@web.stream_request_body
class Upload(Plain):
    def prepare(self):
        self.request.connection.set_max_body_size(10**12)
        self.size, self.digest = 0, hashlib.sha256()

    def data_received(self, chunk):
        self.size += len(chunk)
        self.digest.update(chunk)

    def put(self):
        self.write({"size": self.size, "sha256": self.digest.hexdigest()})


class Download(Plain):
    async def get(self):
        for _ in range(int(self.get_argument("size")) // len(BLOCK)):
            self.write(BLOCK)
            await self.flush()


ROUTES = [
    ("/page", Page),
    ("/ws", Echo),
    ("/events", Events),
    ("/tell", Tell),
    ("/upload", Upload),
    ("/download", Download),
    (".*", Mirror),
]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--gate")
    return parser.parse_args()


async def main(port):
    web.Application(ROUTES).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


options = arguments()
while options.gate and not os.path.exists(options.gate):
    time.sleep(0.05)
asyncio.run(main(options.port))
