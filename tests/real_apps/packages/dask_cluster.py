"""A Dask scheduler and one worker in this process, with a dashboard each, until input ends.

Run with an environment that has Dask. Prints where the dashboards are.
"""

from __future__ import annotations

import json
import sys

from distributed import LocalCluster

if __name__ == "__main__":
    anywhere = "127.0.0.1:0"
    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        dashboard_address=anywhere,
        worker_dashboard_address=anywhere,
    ) as cluster:
        (worker,) = cluster.workers.values()
        ports = {"scheduler": cluster.scheduler.http_server.port, "worker": worker.http_server.port}
        print(json.dumps(ports), flush=True)
        sys.stdin.read()
