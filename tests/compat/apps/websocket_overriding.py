"""A Jupyter extension whose handlers override what a websocket is told, one route per way.

What they were told is written to the log, where the tests read it.
"""

from __future__ import annotations

import asyncio
import time

from jupyter_server.utils import url_path_join
from tornado import web
from tornado.websocket import WebSocketClosedError

from jupyter_server_proxy.handlers import LocalProxyHandler
from jupyter_server_proxy.rawsocket import RawSocketHandler


class Plain(LocalProxyHandler):
    """Overrides something else: its websockets are tunnels."""

    def http_get(self, port, proxied_path):
        return super().http_get(port, proxied_path)

    async def open(self, port, proxied_path):
        await super().open(port, proxied_path)
        try:
            self.write_message("nobody gets this")
        except WebSocketClosedError as error:
            self.log.warning("told: no messages: %s", error)


class Changes(LocalProxyHandler):
    """Both directions, with an `on_message` that is a coroutine; neither waits for anything."""

    async def on_message(self, message):
        await asyncio.sleep(0)
        if isinstance(message, str):
            message = f"<{message}>"
        super().on_message(message)

    def write_message(self, message, binary=False):
        if isinstance(message, str):
            message = f"[{message}]"
        super().write_message(message, binary)


class Drops(LocalProxyHandler):
    """Answers some messages itself, which the backend then never sees."""

    def on_message(self, message):
        if message == "secret":
            self.write_message({"refused": True})
            return
        self.ws.write_message(message, binary=isinstance(message, bytes))


class Listens(LocalProxyHandler):
    """Logs everything and calls what it overrides."""

    async def open(self, port, proxied_path):
        await super().open(port, proxied_path)
        for _ in range(1000):  # whatever comes meanwhile has to wait
            await asyncio.sleep(0)
        self.seen = 0
        self.write_message(f"welcome to {self.selected_subprotocol}")
        self.ws.write_message(f"I am here as {self.ws.selected_subprotocol}")

    def on_message(self, message):
        self.seen += 1
        return super().on_message(message)

    def on_ping(self, data):
        self.log.warning("told: ping %s", data)
        super().on_ping(data)

    def on_pong(self, data):
        self.log.warning("told: pong %s", data)
        super().on_pong(data)

    def on_close(self):
        told = (self.close_code, self.close_reason, self.seen)
        self.log.warning("told: close %s %s after %d", *told)
        super().on_close()


class SilentClose(LocalProxyHandler):
    """Forgets to call what it overrides."""

    def on_close(self):
        self.log.warning("told: silent close")


class Pings(LocalProxyHandler):
    """Pings both sides by hand when told to."""

    def on_message(self, message):
        if message == "ping both":
            self.ping(b"to the client")
            self.ws.protocol.write_ping(b"to the backend")
        elif message == "close":
            self.close(4002, "as you like")

    def on_pong(self, data):
        self.write_message(f"pong of {data.decode()}")


class Chooses(LocalProxyHandler):
    """Has its own idea of the sub-protocol, and of how large a message may be."""

    max_message_size = 1000

    def select_subprotocol(self, subprotocols):
        super().select_subprotocol(subprotocols)
        return subprotocols[-1]

    def on_message(self, message):
        return super().on_message(message)


class Compresses(LocalProxyHandler):
    def get_compression_options(self):
        return {}

    def on_message(self, message):
        return super().on_message(message)


class Raises(LocalProxyHandler):
    def on_message(self, message):
        raise RuntimeError("on purpose")


class Sleeps(LocalProxyHandler):
    """Blocks the whole server."""

    def on_message(self, message):
        time.sleep(0.6)
        return super().on_message(message)


class Idle(LocalProxyHandler):
    tunnel_idle_timeout = 0.2

    def on_message(self, message):
        return super().on_message(message)


class Records(LocalProxyHandler):
    def _record_activity(self):
        self.log.warning("told: activity")
        super()._record_activity()

    def on_ping(self, data):
        super().on_ping(data)


class OwnHeaders(LocalProxyHandler):
    def proxy_request_headers(self):
        return {"X-Only": "this"}

    def on_message(self, message):
        return super().on_message(message)


class FailsToOpen(LocalProxyHandler):
    async def open(self, port, proxied_path):
        await super().open(port, proxied_path)
        raise web.HTTPError(500, "too late")

    def on_message(self, message):
        return super().on_message(message)


class RawUpper(RawSocketHandler):
    """A byte stream whose messages are changed on the way."""

    async def open(self, port, path):
        self.port = int(port)
        return await super().open(path)

    def on_message(self, message):
        self.ws_transp.write(message.upper())


def _jupyter_server_extension_points():
    return [{"module": "websocket_overriding"}]


def _load_jupyter_server_extension(serverapp):
    base = serverapp.web_app.settings["base_url"]
    classes = [
        Plain, Changes, Drops, Listens, SilentClose, Pings, Chooses, Compresses, Raises,
        FailsToOpen, Idle, OwnHeaders, RawUpper, Records, Sleeps,
    ]  # fmt: skip
    routes = [(f"{cls.__name__.lower()}/(\\d+)(.*)", cls) for cls in classes]
    serverapp.web_app.add_handlers(
        ".*$", [(url_path_join(base, path), handler) for path, handler in routes]
    )
