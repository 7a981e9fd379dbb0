"""A friendly child: a small HTTP server that can be told to be slow, late or odd.

`python web.py --port 8000 [--host ::1] [--unix PATH] [--bind-after S] [--status 503 --times 3]
[--first-answer-after S] [--say TEXT] [--exit-with CODE]`. GET /exit ends it with that code.
"""

import argparse
import http.server
import os
import socket
import socketserver
import sys
import threading
import time


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--unix", default="")
    parser.add_argument("--bind-after", type=float, default=0)
    parser.add_argument("--status", type=int, default=200)
    parser.add_argument("--times", type=int, default=0)
    parser.add_argument("--first-answer-after", type=float, default=0)
    parser.add_argument("--say", default="")
    parser.add_argument("--exit-with", type=int, default=0)
    return parser.parse_args()


def serve(options):
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            if self.path == "/exit":
                os._exit(options.exit_with)
            if len(seen) == 1:
                time.sleep(options.first_answer_after)
            is_odd = options.status != 200 and (not options.times or len(seen) <= options.times)
            body = f"{os.getpid()}\n".encode()
            self.send_response(options.status if is_odd else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

        def address_string(self):
            return "client"

    class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
        allow_reuse_address = False
        daemon_threads = True
        address_family = socket.AF_INET6 if ":" in options.host else socket.AF_INET

    class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    time.sleep(options.bind_after)
    if options.unix:
        server = UnixServer(options.unix, Handler)
    else:
        server = Server((options.host, options.port), Handler)
    if options.say:
        print(options.say, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    try:
        serve(arguments())
    except KeyboardInterrupt:
        sys.exit(0)
    finally:
        assert threading.current_thread() is threading.main_thread()
