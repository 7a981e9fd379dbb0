"""Prints, as JSON, what a spawner asks a container engine for: the pods that KubeSpawner makes of
values of Zero to JupyterHub, one for each profile, or the container that DockerSpawner creates.

Run by a Python that has the spawners: `python rendered.py kubernetes|docker <RECIPE`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from types import SimpleNamespace
from typing import Any

import docker
import yaml
from dockerspawner import DockerSpawner
from kubernetes_asyncio.client import ApiClient
from kubespawner import KubeSpawner
from traitlets.config import Config

SOMEBODY = {
    "user": SimpleNamespace(
        name="ann", id=1, url="/user/ann/", escaped_name="ann", settings={}, groups=[]
    ),
    "hub": SimpleNamespace(
        public_host="", url="http://hub:8081/hub/", base_url="/hub/", api_url="http://hub/hub/api"
    ),
}


def kube_config(values: dict[str, Any]) -> Config:
    """What the chart makes of these values."""
    config = Config()
    server = values["singleuser"]
    if "image" in server:
        config.KubeSpawner.image = f"{server['image']['name']}:{server['image']['tag']}"
    if "memory" in server:
        config.KubeSpawner.mem_limit = server["memory"]["limit"]
        config.KubeSpawner.mem_guarantee = server["memory"]["guarantee"]
    config.KubeSpawner.cmd = server.get("cmd", ["jupyterhub-singleuser"])
    config.KubeSpawner.profile_list = server.get("profileList", [])
    return config


async def pod(config: Config, options: dict[str, str]) -> Any:
    spawner = KubeSpawner(config=config, **SOMEBODY)
    spawner.user_options = options
    await spawner.load_user_options()
    manifest = await spawner.get_pod_manifest()
    async with ApiClient() as client:
        return client.sanitize_for_serialization(manifest)


async def pods(text: str) -> list[Any]:
    config = kube_config(yaml.safe_load(text))
    names = [one["display_name"].lower() for one in config.KubeSpawner.profile_list]
    return [await pod(config, {"profile": name} if name else {}) for name in names or [""]]


class Offline(DockerSpawner):
    """Keeps what it would ask Docker for."""

    # One that is given a version does not ask for it.
    client = docker.APIClient(version="1.44")
    asked: dict[str, Any]

    async def docker(self, method: str, *args: Any, **options: Any) -> None:
        assert method == "create_container"
        self.asked = options


async def container(text: str) -> dict[str, Any]:
    config = Config()
    exec(text, {"c": config})
    config.Offline = config.DockerSpawner
    spawner = Offline(config=config, **SOMEBODY)
    await spawner.create_object()
    return spawner.asked


if __name__ == "__main__":
    make = {"kubernetes": pods, "docker": container}[sys.argv[1]]
    json.dump(asyncio.run(make(sys.stdin.read())), sys.stdout)
