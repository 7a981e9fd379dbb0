"""One service and the routes of /proxy/ in a Jupyter server that does not load our extension."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from _harness.backend import Backend, listening
from _harness.client import fetch
from _harness.jupyter import Jupyter, start_jupyter

APPS = Path(__file__).parent / "apps"
CONFIG = f"""
sys.path.insert(0, {str(APPS)!r})
"""
EXTENSIONS = {"jupyter_server_proxy": False, "one_named_proxy": True}


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    server = start_jupyter(tmp_path_factory.mktemp("jupyter"), CONFIG, extensions=EXTENSIONS)
    yield server
    server.stop()  # and sees that the service's process is not left


async def test_make_handlers_and_setup_handlers_are_enough(jupyter: Jupyter) -> None:
    async with listening() as backend:
        await serves_a_port(jupyter, backend)
    only = await fetch(jupyter, "/only/")
    assert only.status == 200
    assert only.body.strip().isdigit()
    assert (await fetch(jupyter, "/only")).get("Location") == b"/only/"
    assert (await fetch(jupyter, "/server-proxy/servers-info")).status == 404


async def serves_a_port(jupyter: Jupyter, backend: Backend) -> None:
    backend.answer_with()
    assert (await fetch(jupyter, f"{backend.path}/x")).body == b"hello"
    assert backend.request.target == b"/x"
