"""jupyterlab-new-launcher, a launcher that knows our cards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import Troubles
from installed import jupyter_of
from jupyter_process import JupyterProcess
from lab import CONFIG, expect_cards_of_other_launchers, unexpected
from playwright.sync_api import Page

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    folder = tmp_path_factory.mktemp("new-launcher")
    with jupyter_of("new-launcher", folder, config=CONFIG) as jupyter:
        yield jupyter


def test_its_cards_show_and_open_our_services(page: Page, troubles: Troubles) -> None:
    expect_cards_of_other_launchers(page)
    assert unexpected(troubles) == []
