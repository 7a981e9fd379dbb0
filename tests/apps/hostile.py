"""A child that does what children should not: `python hostile.py PORT HABIT...`.

Habits: `ignore-term`, `helper` (a process in its own session), `daemon` (one that forked twice,
with its own session and an empty environment, and ignores TERM), `holds-pipe` (one that keeps
stdout open), `flood` (writes as fast as it can), `loses-term` (TERM makes it exit with code 7),
`listens-in-daemon` (the daemon is who listens), `exit-now`. Pids are written to $PIDS.
"""

import os
import signal
import socketserver
import sys
import threading
import time


def remember():
    path = os.environ.get("PIDS") or PIDS
    with open(path, "a") as file:
        file.write(f"{os.getpid()}\n")


PIDS = os.environ.get("PIDS", os.devnull)


def fork(*, sessions=False, twice=False):
    """True in the new process."""
    if os.fork():
        return False
    if sessions:
        os.setsid()
    if twice and os.fork():
        os._exit(0)
    return True


def sleep_for_ever():
    remember()
    while True:
        time.sleep(3600)


def become_daemon(then):
    script = f"PIDS={PIDS!r}\n" + then
    os.execve(sys.executable, [sys.executable, "-S", "-c", script], {})


def serve(port):
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.rfile.readline()
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    Server(("127.0.0.1", port), Handler).serve_forever()


def flood():
    line = b"a line of the usual length, about as long as people write them\n" * 1000
    while True:
        os.write(1, line)


DAEMON = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(PIDS, "a").write(f"{os.getpid()}\\n")
while True: time.sleep(3600)
"""
LISTENING_DAEMON = """
import http.server, os
open(PIDS, "a").write(f"{os.getpid()}\\n")
http.server.HTTPServer(("127.0.0.1", PORT), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def main():
    port, *habits = sys.argv[1:]
    remember()
    if "ignore-term" in habits:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "loses-term" in habits:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
    if "helper" in habits and fork(sessions=True):
        sleep_for_ever()
    if "holds-pipe" in habits and fork(sessions=True, twice=True):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sleep_for_ever()
    if "daemon" in habits and fork(sessions=True, twice=True):
        become_daemon(DAEMON)
    if "listens-in-daemon" in habits:
        if fork(sessions=True, twice=True):
            become_daemon(f"PORT={port}\n{LISTENING_DAEMON}")
        sleep_for_ever()
    if "exit-now" in habits:
        time.sleep(0.3)  # long enough for those above to have begun
        sys.exit(4)
    if "flood" in habits:
        threading.Thread(target=flood, daemon=True).start()
    serve(int(port))


if __name__ == "__main__":
    main()
