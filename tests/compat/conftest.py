"""Compatibility with what was written for release 4.6.0."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

# Its own helpers, and the real Jupyter server and the raw client of the integration tests.
sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parent))

from _harness.backend import Backend, listening
from released_suite import Suite


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    """The test suite of release 4.6.0, unpacked and ready to run."""
    return Suite.unpacked(tmp_path_factory.mktemp("released"))


@pytest_asyncio.fixture
async def backend() -> AsyncIterator[Backend]:
    """A backend on a free port; it does nothing until the test says what."""
    async with listening() as backend:
        yield backend
