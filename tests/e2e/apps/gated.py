"""`gated.py PORT FILE`: talks in colours, and serves a page once FILE exists.

If what is in FILE is a number, it ends with that code instead.
"""

import http.server
import pathlib
import sys
import time

LINES = """\
\x1b[1mGated\x1b[0m 2.1 on port {port}
\x1b[32mINFO\x1b[0m    reading settings
\x1b[33mWARNING\x1b[0m no licence found, using <b>the trial</b> & going on
\x1b[38;5;208morange\x1b[0m \x1b[38;2;90;120;240mblue\x1b[0m \x1b[44mground\x1b[0m
waiting for the gate
"""
PAGE = b"""<!DOCTYPE html><title>Gated</title><h1>Here it is</h1>
<p id="where"></p><script>document.getElementById("where").textContent =
  location.pathname + location.search + location.hash;</script>"""


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the page at every address."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *args):
        pass


port, gate = int(sys.argv[1]), pathlib.Path(sys.argv[2])
print(LINES.format(port=port), end="", flush=True)
while not gate.exists():
    time.sleep(0.02)
if code := gate.read_text():
    sys.exit(int(code))
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
