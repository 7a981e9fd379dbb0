"""A backend that listens only after a while: `late_backend.py PORT AGE STAMP`.

It writes the moment (CLOCK_MONOTONIC, one clock for the whole machine) to STAMP.
"""

import socket
import sys
import time

port, age, stamp = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
time.sleep(age)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", port))
listener.listen(64)
with open(stamp, "w") as out:
    out.write(repr(time.monotonic()))
while True:
    client, _ = listener.accept()
    client.settimeout(5)
    try:
        if client.recv(65536):
            client.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nready"
            )
    except OSError:
        pass
    client.close()
