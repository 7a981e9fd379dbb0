"""The notepad: one text, which all open pages show and may change.

It knows nothing of Jupyter: every address in it is relative, so it works below any prefix.
`python -m jupyter_notepad_proxy.app --port=8000` runs it by itself.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

PAGE = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")


class Notepad:
    """The text, and the pages that want to know when it changes."""

    def __init__(self) -> None:
        self.text = ""
        self.pages: set[Changes] = set()

    def replace(self, text: str) -> None:
        """Keep `text`, and show it to everybody."""
        self.text = text
        for page in self.pages:
            page.write_message(text)


class Page(RequestHandler):
    """What a person sees."""

    def get(self) -> None:
        """Answer the page."""
        self.finish(PAGE)


class Health(RequestHandler):
    """Asked by the proxy until it answers: then the notepad is ready."""

    def get(self) -> None:
        """Answer that all is well."""
        self.finish("ok")


class Text(RequestHandler):
    """The text itself.

    Changed with PUT, which no form of a foreign page can send.
    """

    def initialize(self, notepad: Notepad) -> None:
        """Take over the keyword of the route."""
        self.notepad = notepad

    def get(self) -> None:
        """Answer the text."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(self.notepad.text)

    def put(self) -> None:
        """Replace the text."""
        self.notepad.replace(self.request.body.decode("utf-8", "replace"))
        self.set_status(204)


class Changes(WebSocketHandler):
    """A message for every new text.

    Tornado lets only pages of the same host connect; the proxy passes `Host` on for that.
    """

    def initialize(self, notepad: Notepad) -> None:
        """Take over the keyword of the route."""
        self.notepad = notepad

    def open(self) -> None:
        """Start with the text as it is."""
        self.notepad.pages.add(self)
        self.write_message(self.notepad.text)

    def on_close(self) -> None:
        """Forget the page."""
        self.notepad.pages.discard(self)


def make_application() -> Application:
    """Return the notepad as an application of Tornado."""
    shared = {"notepad": Notepad()}
    return Application(
        [
            (r"/", Page),
            (r"/health", Health),
            (r"/text", Text, shared),
            (r"/changes", Changes, shared),
        ]
    )


async def serve(port: int, unix_socket: str) -> None:
    """Serve for ever, at the socket's path if there is one."""
    server = HTTPServer(make_application())
    if unix_socket:
        # Not everywhere, hence here.
        from tornado.netutil import bind_unix_socket

        server.add_socket(bind_unix_socket(unix_socket, mode=0o600))
    else:
        server.add_sockets(bind_sockets(port, "127.0.0.1"))
    await asyncio.Event().wait()


def main() -> None:
    """Read the command line, and serve."""
    parser = argparse.ArgumentParser(description="A notepad in the browser")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--unix-socket", default="")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.unix_socket))


if __name__ == "__main__":
    main()
