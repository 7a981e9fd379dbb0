"""jupyterlab-launchpad, a launcher that knows our cards and opens one of our services itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import Troubles
from installed import jupyter_of
from jupyter_process import JupyterProcess
from lab import (
    CONFIG,
    expect_cards_of_other_launchers,
    expect_echo,
    open_lab,
    run_command,
    unexpected,
)
from playwright.sync_api import Page

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    folder = tmp_path_factory.mktemp("launchpad")
    programs = folder / "bin"
    programs.mkdir()
    # It offers Nebi where there is a program of this name.
    (programs / "nebi").write_text("#!/bin/sh\n")
    (programs / "nebi").chmod(0o755)
    with jupyter_of("launchpad", folder, config=CONFIG, programs=programs) as jupyter:
        yield jupyter


def test_its_cards_show_and_open_our_services(page: Page, troubles: Troubles) -> None:
    expect_cards_of_other_launchers(page)
    assert unexpected(troubles) == []


def test_its_own_command_opens_our_service(page: Page) -> None:
    open_lab(page)
    command = "launchpad:nebi-open-overview"
    page.wait_for_function("id => window.jupyterapp.commands.isEnabled(id)", arg=command)
    run_command(page, command)
    expect_echo(page, "Nebi")
