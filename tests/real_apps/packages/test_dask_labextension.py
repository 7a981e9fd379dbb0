"""dask-labextension, whose handlers are subclasses of ours: a cluster's dashboard in Jupyter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import Troubles
from installed import ask_jupyter, jupyter_of
from jupyter_process import JupyterProcess
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.timeout(400)

# Small, and of this process only; what the factory is and takes is said in its configuration.
_SETTINGS = {
    "DASK_LABEXTENSION__FACTORY__KWARGS": "{'n_workers': 1, 'threads_per_worker': 1}",
    "DASK_DISTRIBUTED__DASHBOARD__LINK": "http://127.0.0.1:{port}/status",
}


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    folder = tmp_path_factory.mktemp("dask")
    with jupyter_of("dask", folder, env=_SETTINGS) as jupyter:
        yield jupyter


@pytest.fixture
def cluster(jupyter: JupyterProcess) -> Iterator[str]:
    """The identifier of a running cluster; it is deleted at the end."""
    made = ask_jupyter(jupyter, "dask/clusters/", method="PUT")
    assert made.status == 200, made.text
    name = str(made.json()["id"])
    yield name
    assert ask_jupyter(jupyter, f"dask/clusters/{name}", method="DELETE").status == 204
    assert ask_jupyter(jupyter, "dask/clusters/").json() == []


def test_dashboard_is_there_while_its_cluster_is(jupyter: JupyterProcess, cluster: str) -> None:
    dashboard = ask_jupyter(jupyter, f"dask/dashboard/{cluster}/status")
    assert dashboard.status == 200
    assert "<title>Dask Diagnostic UI</title>" in dashboard.text
    plots = ask_jupyter(jupyter, f"dask/dashboard/{cluster}/individual-plots.json").json()
    assert "/individual-task-stream" in plots.values()


def test_dashboard_of_no_cluster_is_not_found(jupyter: JupyterProcess) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    assert ask_jupyter(jupyter, f"dask/dashboard/{nobody}/status").status == 404


def test_dashboard_draws_over_its_websocket(page: Page, troubles: Troubles, cluster: str) -> None:
    opened: list[str] = []
    page.on("websocket", lambda websocket: opened.append(websocket.url))
    page.goto(f"dask/dashboard/{cluster}/individual-workers")
    expect(page.get_by_text("127.0.0.1").first).to_be_visible()
    assert [url for url in opened if f"/dask/dashboard/{cluster}/individual-workers/ws" in url]
    assert troubles.below("/dask/") == []
