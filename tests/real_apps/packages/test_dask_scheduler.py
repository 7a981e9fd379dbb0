"""Dask's scheduler, a Tornado application without any Jupyter, shows its workers' dashboards by
a subclass of our handler."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from installed import PATIENCE, ask, bin_of, need_own_network
from websockets.sync.client import connect
from websockets.typing import Subprotocol

pytestmark = pytest.mark.timeout(300)

_PROGRAM = Path(__file__).with_name("dask_cluster.py")


class Dashboards(NamedTuple):
    """Where the dashboards of a cluster are."""

    scheduler: str
    worker_port: int


@pytest.fixture(scope="module")
def dashboards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboards]:
    need_own_network()
    command = [bin_of("dask") / "python", _PROGRAM]
    folder = tmp_path_factory.mktemp("scheduler")
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as cluster:
        assert cluster.stdin is not None
        assert cluster.stdout is not None
        try:
            ports = json.loads(cluster.stdout.readline())
            yield Dashboards(f"http://127.0.0.1:{ports['scheduler']}", ports["worker"])
            cluster.stdin.close()
            assert cluster.wait(60) == 0
        finally:
            cluster.kill()


def test_scheduler_shows_the_dashboard_of_its_worker(dashboards: Dashboards) -> None:
    page = ask(dashboards.scheduler, f"/proxy/{dashboards.worker_port}/127.0.0.1/status")
    assert page.status == 200
    assert "<title>Dask Diagnostic UI</title>" in page.text


def test_scheduler_refuses_what_is_no_worker(dashboards: Dashboards) -> None:
    assert ask(dashboards.scheduler, "/proxy/1/127.0.0.1/status").status == 400


def test_bokeh_speaks_through_the_scheduler(dashboards: Dashboards) -> None:
    path = f"/proxy/{dashboards.worker_port}/127.0.0.1/status"
    page = ask(dashboards.scheduler, path)
    found = re.search(r'"token":"([^"]+)"', page.text)
    assert found, page.text
    protocols = [Subprotocol("bokeh"), Subprotocol(found.group(1))]
    address = dashboards.scheduler.replace("http", "ws") + f"{path}/ws"
    with connect(address, subprotocols=protocols, open_timeout=PATIENCE, proxy=None) as websocket:
        assert websocket.subprotocol == "bokeh"
        assert json.loads(websocket.recv(timeout=PATIENCE))["msgtype"] == "ACK"
