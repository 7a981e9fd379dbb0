"""A page with a relative websocket that echoes what is typed. Arguments: address, title."""

import asyncio
import sys

from tornado import httpserver, netutil, web, websocket

PAGE = """<!doctype html>
<title>{title}</title>
<h1>{title}</h1>
<p id="path">{path}</p>
<input id="text" aria-label="text"><button id="send">Send</button>
<p id="state">connecting</p>
<ul id="log"></ul>
<script>
  const socket = new WebSocket(new URL("echo", location.href.replace(/^http/, "ws")));
  const state = document.getElementById("state");
  socket.onopen = () => (state.textContent = "connected");
  socket.onclose = (event) => (state.textContent = "closed " + event.code);
  socket.onmessage = (event) => {{
    const item = document.createElement("li");
    item.textContent = event.data;
    document.getElementById("log").append(item);
  }};
  document.getElementById("send").onclick = () =>
    socket.send(document.getElementById("text").value);
</script>
"""


class Page(web.RequestHandler):
    def get(self) -> None:
        self.finish(PAGE.format(title=sys.argv[2], path=self.request.path))


class Echo(websocket.WebSocketHandler):
    def on_message(self, message: str | bytes) -> None:
        if message == "leave":
            self.close(4321, "asked to")
        elif isinstance(message, str) and message.startswith("length of "):
            size = int(message.removeprefix("length of "))
            self.write_message("x" * size)
        else:
            self.write_message(f"echo: {message!s}")


async def main() -> None:
    server = httpserver.HTTPServer(web.Application([("/", Page), ("/echo", Echo)]))
    if sys.argv[1].isdecimal():
        server.listen(int(sys.argv[1]), "127.0.0.1")
    else:
        server.add_socket(netutil.bind_unix_socket(sys.argv[1]))
    await asyncio.Event().wait()


asyncio.run(main())
