"""One JupyterHub per configuration, for all tests; each test uses users of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))

pytest.importorskip("jupyterhub", reason="the tests with a Hub need the package jupyterhub")

from _hub.api import HubApi, hub_api
from _hub.places import GUEST, STANDALONE
from _hub.proxy import find_proxy
from _hub.running import RunningHub, Settings, running_hub

MISSING = "NO PROXY FOR THE HUB: `make hub` installs it and runs these tests"


@pytest.fixture(scope="session")
def proxy_command() -> list[str]:
    command = find_proxy()
    if command is None and os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    if command is None:
        pytest.skip(MISSING)
    return command


@pytest.fixture(scope="session")
def hub(proxy_command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """Whose servers are `jupyter standaloneproxy` in front of the guest, with internal SSL."""
    settings = Settings(
        folder=str(tmp_path_factory.mktemp("hub")),
        proxy=proxy_command,
        command=STANDALONE,
        options=["--activity-interval=1"],
        application=["--", *GUEST],
        internal_ssl=True,
        culled_group="culled",
    )
    with running_hub(settings) as hub:
        yield hub


@pytest_asyncio.fixture
async def api(hub: RunningHub) -> AsyncIterator[HubApi]:
    """The API of `hub`, as its administrator."""
    async with hub_api(hub) as api:
        yield api


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it loudly when nothing was looked at."""
    if find_proxy() is None:
        terminalreporter.write_line(MISSING, red=True)
