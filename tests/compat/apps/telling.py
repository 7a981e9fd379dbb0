"""A child that says how it was started: GET answers its arguments and environment as JSON."""

import contextlib
import http.server
import json
import os
import socketserver
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        told = {"argv": sys.argv[2:], "env": dict(os.environ), "path": self.path}
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):  # who asks whether it is ready reads no body
            self.wfile.write(body)

    def log_message(self, *args):
        pass

    def address_string(self):
        return "client"


class UnixServer(socketserver.UnixStreamServer):
    pass


if __name__ == "__main__":
    where = sys.argv[1]
    if where.isdigit():
        server = http.server.HTTPServer(("127.0.0.1", int(where)), Handler)
    else:
        server = UnixServer(where, Handler)
    server.serve_forever()
