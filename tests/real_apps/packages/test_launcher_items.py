"""Labextensions that add to JupyterLab's own launcher: jupyterlmod, which activates ours itself,
jupyterlab-server-proxy-launcher-fix, which wraps our icons, and jupyterlab-nebari-mode, which
brings a command for our services."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Troubles
from installed import jupyter_of
from jupyter_process import JupyterProcess
from lab import (
    CONFIG,
    disable,
    expect_click_opens_tab,
    expect_echo,
    open_lab,
    run_command,
    unexpected,
)
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.timeout(300)

OURS = "@jupyterhub/jupyter-server-proxy"
# A plugin may have any name: this is the one that jupyterlmod brings.
_LMOD = "jupyterlab_lmod"
# The module system that jupyterlmod asks: one module, which may be loaded. It answers on stderr.
_MODULE_COMMAND = """\
#!/bin/sh
loaded="$(dirname "$0")/loaded"
case "$3" in
    avail) echo in-lab/1.0 >&2 ;;
    list) cat "$loaded" >&2 2>/dev/null ;;
    load) echo "$4" > "$loaded" ;;
esac
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("items")


@pytest.fixture(scope="module")
def jupyter(folder: Path) -> Iterator[JupyterProcess]:
    module_command = folder / "modulecmd"
    module_command.write_text(_MODULE_COMMAND)
    module_command.chmod(0o755)
    config = f"{CONFIG}c.Lmod.launcher_pins = ['in-tab']\n"
    env = {"LMOD_CMD": str(module_command)}
    with jupyter_of("launcher-items", folder, config=config, env=env) as jupyter:
        yield jupyter


def card(page: Page, title: str) -> Locator:
    return page.locator(".jp-LauncherCard").filter(has_text=title)


def test_icons_of_the_wrapped_command_are_shown(
    page: Page, troubles: Troubles, folder: Path
) -> None:
    disable(folder, _LMOD)
    open_lab(page)
    # The other extension's icon: made from the drawing itself, under a name of its own.
    icon = card(page, "Echo in tab").locator("[data-icon='server-proxy-launcher-fix:in-tab']")
    expect(icon.first).to_be_visible()
    expect_click_opens_tab(page, card(page, "Echo in tab"), "Echo in tab")
    card(page, "Echo in Lab").click()
    expect_echo(page, "Echo in Lab")
    assert unexpected(troubles) == []


def test_command_of_nebari_mode_opens_our_service(page: Page, folder: Path) -> None:
    disable(folder, _LMOD)
    open_lab(page)
    page.wait_for_function("() => window.jupyterapp.commands.hasCommand('nebari:open-proxy')")
    enabled = "name => window.jupyterapp.commands.isEnabled('nebari:open-proxy', {name})"
    assert page.evaluate(enabled, "in-tab") is True
    assert page.evaluate(enabled, "nobody") is False
    label = "window.jupyterapp.commands.label('nebari:open-proxy', {name: 'in-tab'})"
    assert page.evaluate(label) == "Open Echo in tab"
    run_command(page, "nebari:open-proxy", name="in-lab")
    page.wait_for_url(re.compile("/in-lab/$"))
    expect(page.locator("h1")).to_have_text("Echo in Lab")


def test_cards_come_and_go_with_modules(page: Page, troubles: Troubles, folder: Path) -> None:
    """As jupyterlmod's manual has it: ours is disabled, and jupyterlmod activates it."""
    disable(folder, OURS)
    open_lab(page)
    expect(card(page, "Echo in tab")).to_be_visible()
    expect(card(page, "Echo in Lab")).to_have_count(0)
    page.locator(".lm-TabBar-tab[data-id=module-jupyterlab]").click()
    module = page.locator("#module_avail_list .jp-Module-item").filter(has_text="in-lab/1.0")
    module.hover()
    module.get_by_text("Load", exact=True).click()
    expect(card(page, "Echo in Lab")).to_be_visible()
    card(page, "Echo in Lab").click()
    expect_echo(page, "Echo in Lab")
    assert unexpected(troubles) == []
