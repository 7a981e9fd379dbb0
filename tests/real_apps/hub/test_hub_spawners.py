"""Recipes for containers and clusters, as far as they can be tried where neither is: what would be
asked of Docker and Kubernetes, and a job of Slurm with stand-ins for its commands."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest
from installed import bin_of
from playwright.sync_api import Page
from recipes import hub_of, recipes
from test_hub_recipes import count_clicks
from visiting import Visit

pytestmark = pytest.mark.timeout(400)

_HERE = Path(__file__).parent
_PAGE = "jupyterhub-clusters"
_CLICKS = [
    *("jupyter-standaloneproxy", "--", "streamlit", "run", "/srv/apps/streamlit_app.py"),
    *("--server.headless=true", "--server.address=127.0.0.1", "--server.port={port}"),
]
# Of a cluster that is never asked.
_CLUSTER = {
    "current-context": "none",
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "clusters": [{"name": "none", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "none", "user": {}}],
}


def rendered(kind: str, text: str, folder: Path) -> Any:
    """What the spawners make of a recipe, see `rendered.py`."""
    cluster = folder / "kubeconfig"
    cluster.write_text(json.dumps(_CLUSTER))
    done = subprocess.run(
        [bin_of("spawners") / "python", _HERE / "rendered.py", kind],
        input=text,
        env={**os.environ, "KUBECONFIG": str(cluster)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def variables(container: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one.get("value", "") for one in container["env"]}


def test_docker_runs_the_command_where_the_hub_looks_for_it(tmp_path: Path) -> None:
    (text,) = recipes(_PAGE, "Docker")
    asked = rendered("docker", text, tmp_path)
    assert asked["command"] == _CLICKS
    assert asked["image"] == "registry.example.com/clicks:1"
    assert list(asked["ports"]) == ["8888/tcp"]
    assert asked["environment"]["JUPYTERHUB_SERVICE_URL"] == "http://0.0.0.0:8888/"
    assert asked["host_config"]["NetworkMode"] == "hub"


def test_pod_runs_the_command(tmp_path: Path) -> None:
    (text,) = recipes(_PAGE, "Kubernetes", language="yaml")
    (pod,) = rendered("kubernetes", text, tmp_path)
    (container,) = pod["spec"]["containers"]
    assert container["args"] == _CLICKS
    assert container["image"] == "registry.example.com/clicks:1"
    assert container["resources"]["limits"]["memory"] == 1 << 30
    service = variables(container)["JUPYTERHUB_SERVICE_URL"]
    assert service == f"http://0.0.0.0:{container['ports'][0]['containerPort']}/"


def test_profiles_run_what_they_say(tmp_path: Path) -> None:
    (text,) = recipes(_PAGE, "A choice of applications", language="yaml")
    pods = rendered("kubernetes", text, tmp_path)
    containers = [pod["spec"]["containers"][0] for pod in pods]
    assert [one["args"] for one in containers] == [["jupyterhub-singleuser"], _CLICKS]
    assert [one["image"] for one in containers] == [
        "registry.example.com/lab:1",
        "registry.example.com/clicks:1",
    ]


def test_job_of_slurm_serves_the_application(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (hub_text, own_text) = recipes(_PAGE, "Slurm and other batch systems")
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    own = tmp_path / "clicks_config.py"
    own.write_text(own_text.replace("/srv/apps", str(tmp_path / "apps")))
    # Everything is one machine here, and nobody has to become somebody else.
    hub_text = hub_text.replace('hub_ip = "0.0.0.0"', 'hub_ip = "127.0.0.1"')
    hub_text = hub_text.replace("/srv/apps/clicks_config.py", str(own))
    hub_text += "c.SlurmSpawner.exec_prefix = ''\n"
    python = bin_of("spawners") / "python"
    hub_text = hub_text.replace("/srv/apps/venv", str(python.parents[1]))
    search = os.pathsep.join([str(_HERE / "slurm"), str(bin_of("programs")), os.environ["PATH"]])
    monkeypatch.setenv("PATH", search)
    hub_text += f"c.Spawner.environment.update(SLURM_FOLDER={str(jobs)!r}, PATH={search!r})\n"
    with hub_of(hub_text, "spawners", tmp_path, python=str(python)) as hub:
        visit = Visit(page, hub, pwd.getpwuid(os.getuid()).pw_name)
        visit.log_in()
        count_clicks(page)
        (job,) = [one for one in hub.marked(visit.user) if "bash" in one.name()]
        running = [job, *job.children(recursive=True)]
        assert any("streamlit" in " ".join(process.cmdline()) for process in running)
        visit.stop("slurm")
        _, alive = psutil.wait_procs(running, timeout=10)
        assert alive == []
