"""jupyterlab-new-launcher, a launcher that knows our cards."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser import Troubles
from installed import jupyter_of
from jupyter_process import JupyterProcess
from lab import CONFIG, expect_click_opens_tab, expect_echo, open_lab, unexpected
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    folder = tmp_path_factory.mktemp("new-launcher")
    with jupyter_of("new-launcher", folder, config=CONFIG) as jupyter:
        yield jupyter


def card(page: Page, title: str) -> Locator:
    return page.locator(".jp-Launcher-TypeCard, .jp-LauncherCard").filter(has_text=title)


def test_its_cards_show_and_open_our_services(page: Page, troubles: Troubles) -> None:
    open_lab(page)
    picture = card(page, "Echo in Lab").locator("svg image")
    expect(picture).to_have_attribute("href", re.compile("/server-proxy/icon/in-lab$"))
    # It has a picture of its own for a service of this name.
    expect(card(page, "Code").locator("svg")).to_be_visible()
    expect(card(page, "Code").locator("image")).to_have_count(0)
    expect(card(page, "hello [↗]")).to_be_visible()
    expect_click_opens_tab(page, card(page, "Echo in tab [↗]"), "Echo in tab")
    card(page, "Echo in Lab").click()
    expect_echo(page, "Echo in Lab")
    assert unexpected(troubles) == []
