"""The wheel and the source distribution hold what people need, and need no Node.js."""

from __future__ import annotations

import json
import tarfile
import zipfile
from email.parser import Parser

import pytest
from building import Built

pytestmark = pytest.mark.timeout(900)

DATA = "jupyter_server_proxy-{version}.data/data/"
LABEXTENSION = "share/jupyter/labextensions/@jupyterhub/jupyter-server-proxy/"


def _version(wheel: Built) -> str:
    return wheel.path.name.split("-")[1]


def _contents(wheel: Built) -> dict[str, bytes]:
    """Name -> content, with data files under the names that they have once installed."""
    prefix = DATA.format(version=_version(wheel))
    with zipfile.ZipFile(wheel.path) as archive:
        return {name.removeprefix(prefix): archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    "name",
    [
        "jupyter_server_proxy/__init__.py",
        "jupyter_server_proxy/py.typed",
        "etc/jupyter/jupyter_server_config.d/jupyter-server-proxy.json",
        "etc/jupyter/jupyter_notebook_config.d/jupyter-server-proxy.json",
        "etc/jupyter/nbconfig/tree.d/jupyter-server-proxy.json",
        "share/jupyter/nbextensions/jupyter_server_proxy/tree.js",
        LABEXTENSION + "install.json",
        LABEXTENSION + "package.json",
        LABEXTENSION + "static/style.js",
        LABEXTENSION + "static/third-party-licenses.json",
    ],
)
def test_the_wheel_has(wheel: Built, name: str) -> None:
    assert name in _contents(wheel)


def test_the_labextension_can_be_loaded_and_has_its_old_name(wheel: Built) -> None:
    contents = _contents(wheel)
    manifest = json.loads(contents[LABEXTENSION + "package.json"])
    assert manifest["name"] == "@jupyterhub/jupyter-server-proxy"
    # Another package asks for ^4.1.0 of it.
    assert manifest["version"].startswith("4.")
    entry = contents[LABEXTENSION + manifest["jupyterlab"]["_build"]["load"]]
    assert b"@jupyterhub/jupyter-server-proxy" in entry


def test_the_wheel_has_nothing_twice_and_nothing_that_is_only_for_building(wheel: Built) -> None:
    names = list(_contents(wheel))
    assert len([name for name in names if name.endswith("/tree.js")]) == 1
    assert len([name for name in names if "remoteEntry" in name]) == 1
    tops = {name.split("/")[0] for name in names}
    assert tops == {
        "jupyter_server_proxy",
        f"jupyter_server_proxy-{_version(wheel)}.dist-info",
        "etc",
        "share",
    }
    assert not [name for name in names if "node_modules" in name or name.endswith((".ts", ".pyc"))]


def test_the_metadata_names_package_and_licence(wheel: Built) -> None:
    contents = _contents(wheel)
    (text,) = (content for name, content in contents.items() if name.endswith("METADATA"))
    metadata = Parser().parsestr(text.decode())
    assert metadata["Name"] == "jupyter-server-proxy"
    assert metadata["Version"] == _version(wheel)
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Requires-Python"] == ">=3.10"


def test_the_source_distribution_has_the_finished_labextension_and_its_sources(
    sdist: Built,
) -> None:
    with tarfile.open(sdist.path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert "jupyter_server_proxy/labextension/package.json" in names
    assert "labextension/src/index.ts" in names
    assert "labextension/package-lock.json" in names
    assert "LICENSE" in names
    assert not [
        name for name in names if "node_modules" in name or name.startswith("labextension/lib")
    ]


def test_building_from_the_source_distribution_brings_no_node(wheel_from_sdist: Built) -> None:
    assert "nodejs" not in wheel_from_sdist.log
    assert "npm" not in wheel_from_sdist.log


def test_both_ways_lead_to_the_same_wheel(wheel: Built, wheel_from_sdist: Built) -> None:
    assert _contents(wheel_from_sdist) == _contents(wheel)
