"""What the extension adds to Jupyter's start: `start_cost.py SERVICES`; prints JSON in seconds.

Jupyter is imported and initialised first, so only what the extension itself adds is counted.
"""

import importlib
import json
import logging
import sys
import time

from jupyter_server.serverapp import ServerApp

services = {
    f"service-{number}": {"command": ["/bin/true", "{port}"], "launcher_entry": {"enabled": False}}
    for number in range(int(sys.argv[1]))
}
app = ServerApp(log_level=logging.ERROR)
app.config.ServerProxy.servers = services
app.initialize(argv=["--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"], find_extensions=False)

moments = [(time.perf_counter(), time.process_time())]
module = importlib.import_module("jupyter_server_proxy")
moments.append((time.perf_counter(), time.process_time()))
module._load_jupyter_server_extension(app)  # noqa: SLF001 - the name Jupyter itself calls
moments.append((time.perf_counter(), time.process_time()))

print(
    json.dumps(
        {
            "import": moments[1][1] - moments[0][1],
            "load": moments[2][1] - moments[1][1],
            "wall": moments[2][0] - moments[0][0],
        }
    )
)
