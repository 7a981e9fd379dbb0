"""A child that answers every request with what it was started with, as JSON.

`python app.py (--port N | --unix PATH) [anything]`
"""

import http.server
import json
import os
import socketserver
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(
            {
                "argv": sys.argv[1:],
                "environ": dict(os.environ),
                "cwd": os.getcwd(),
                "line": self.requestline,
                "fields": self.headers.items(),
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

    def address_string(self):
        return "client"


class Patient:
    def handle_error(self, request, client_address):
        """Who only wants to know whether this listens may leave before the answer."""


class TcpServer(Patient, http.server.HTTPServer):
    pass


class UnixServer(Patient, socketserver.UnixStreamServer):
    pass


def main(kind, where):
    if kind == "--unix":
        UnixServer(where, Handler).serve_forever()
    TcpServer(("127.0.0.1", int(where)), Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:3])
