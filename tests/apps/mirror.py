"""A friendly child that answers with what it was asked: `python mirror.py PORT`.

Every path answers the request as JSON; `/redirect` leads to `/landed`, `/cookie` sets two
cookies, `/ws` is a websocket that sends back what it gets. Says a line for every request.
"""

import asyncio
import json
import sys

from tornado import web, websocket


class Mirror(web.RequestHandler):
    def compute_etag(self):
        return None

    def _answer(self):
        print(f"asked for {self.request.path}", flush=True)
        if self.request.path == "/redirect":
            self.redirect("/landed")
            return
        if self.request.path == "/cookie":
            self.set_cookie("mine", "1", path="/")
            self.set_cookie("deep", "2", path="/deep")
        self.set_header("Content-Type", "application/json")
        self.write(
            json.dumps(
                {
                    "method": self.request.method,
                    "uri": self.request.uri,
                    "headers": list(self.request.headers.get_all()),
                    "body": self.request.body.decode(),
                }
            )
        )

    get = post = put = delete = _answer

    def check_xsrf_cookie(self):
        pass


class Echo(websocket.WebSocketHandler):
    def check_origin(self, origin):
        self.origin = origin
        return True

    def open(self):
        self.write_message(json.dumps(list(self.request.headers.get_all())))

    def on_message(self, message):
        self.write_message(message, binary=isinstance(message, bytes))


async def main():
    web.Application([("/ws", Echo), (".*", Mirror)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
