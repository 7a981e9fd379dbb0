"""A child that says what it was told: `python told.py --port 8000` or `--unix PATH`, then anything.

GET /exit/CODE ends it with that code; every other path is answered with JSON.
"""

import argparse
import http.server
import json
import os
import socketserver
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--unix", default="")
options, rest = parser.parse_known_args()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/exit/"):
            os._exit(int(self.path.removeprefix("/exit/")))
        told = {
            "argv": rest,
            "env": dict(os.environ),
            "cwd": os.getcwd(),
            "pid": os.getpid(),
            "path": self.path,
            "port": options.port,
            "unix": options.unix,
            "context": self.headers.get("X-Forwarded-Context", ""),
        }
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

    def address_string(self):
        return "client"


class Quiet(socketserver.ThreadingMixIn):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Who asks whether it is ready may not wait for the whole answer."""


class Server(Quiet, socketserver.TCPServer):
    pass


class UnixServer(Quiet, socketserver.UnixStreamServer):
    pass


server = (
    UnixServer(options.unix, Handler)
    if options.unix
    else Server(("127.0.0.1", options.port), Handler)
)
print("listening", file=sys.stderr, flush=True)
server.serve_forever()
