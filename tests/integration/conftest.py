"""One Jupyter server per module, and a backend per test.

A module says what its server is like: `JUPYTER_CONFIG`, the text of a configuration file, and
`JUPYTER_PORTS`, names of ports for services in it; see `_harness.jupyter.start_jupyter`.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))

from _harness.backend import Backend, listening
from _harness.hub import Hub, running_hub
from _harness.jupyter import Jupyter, start_jupyter

MakeJupyter = Callable[..., Jupyter]


@contextmanager
def stopped_in_the_end(folders: pytest.TempPathFactory) -> Iterator[MakeJupyter]:
    made: list[Jupyter] = []

    def make(config: str = "", **options: object) -> Jupyter:
        made.append(start_jupyter(folders.mktemp("jupyter"), config, **options))
        return made[-1]

    yield make
    problems = []
    for jupyter in made:
        try:
            jupyter.stop()
        except AssertionError as problem:
            problems.append(str(problem))
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="module")
def make_jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeJupyter]:
    """`make_jupyter(config, ports=, base_url=, env=)`; all are stopped with the module."""
    with stopped_in_the_end(tmp_path_factory) as make:
        yield make


@pytest.fixture
def make_own_jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeJupyter]:
    """As `make_jupyter`, but stopped with the test."""
    with stopped_in_the_end(tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="module")
def jupyter(request: pytest.FixtureRequest, make_jupyter: MakeJupyter) -> Jupyter:
    module = request.module
    return make_jupyter(
        getattr(module, "JUPYTER_CONFIG", ""), ports=getattr(module, "JUPYTER_PORTS", ())
    )


@pytest_asyncio.fixture
async def backend() -> AsyncIterator[Backend]:
    """A backend on a free port; it does nothing until the test says what."""
    async with listening() as backend:
        yield backend


@pytest_asyncio.fixture
async def hub() -> AsyncIterator[Hub]:
    """What a standalone application sees of a JupyterHub."""
    async with running_hub() as hub:
        yield hub
