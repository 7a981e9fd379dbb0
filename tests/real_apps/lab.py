"""JupyterLab with a few services, for the labextensions that show or open services themselves."""

from __future__ import annotations

import json
import re
from pathlib import Path

from browser import Troubles
from playwright.sync_api import Locator, Page, expect

_E2E = Path(__file__).parents[1] / "e2e"
_PROGRAM = str(_E2E / "apps" / "echo_page.py")
_ICON = str(_E2E / "icon.svg")


def _service(title: str, *, is_tab: bool, **launcher_entry: str) -> dict[str, object]:
    return {
        "command": ["python", _PROGRAM, "{port}", title],
        "timeout": 30,
        "new_browser_tab": is_tab,
        "launcher_entry": {"title": title, "icon_path": _ICON, **launcher_entry},
    }


# `vscode` and `nebi` are names that launchers know.
SERVICES = {
    "in-lab": _service("Echo in Lab", is_tab=False),
    "in-tab": _service("Echo in tab", is_tab=True, category="Experiments"),
    "vscode": _service("Code", is_tab=False),
    "nebi": _service("Nebi", is_tab=False, path_info="nebi/"),
}
CONFIG = f"c.ServerProxy.servers = {SERVICES!r}\nc.LabApp.expose_app_in_browser = True\n"


def open_lab(page: Page) -> None:
    """JupyterLab in a workspace of its own, ready for use."""
    page.goto("lab?reset")
    page.locator("#jupyterlab-splash").wait_for(state="detached")
    page.wait_for_function("() => window.jupyterapp?.commands.hasCommand('server-proxy:open')")


def run_command(page: Page, command: str, **arguments: object) -> None:
    """What a card, a menu or another extension does."""
    page.evaluate(
        "([command, args]) => { void window.jupyterapp.commands.execute(command, args); }",
        [command, arguments],
    )


def expect_echo(shown: Page, title: str) -> None:
    """The application is there, in a tab of JupyterLab, and so is its websocket."""
    frame = shown.frame_locator(".jp-ServerProxy iframe, iframe.jp-IFrame")
    expect(frame.locator("h1")).to_have_text(title)
    expect(frame.locator("#state")).to_have_text("connected")


def expect_click_opens_tab(page: Page, card: Locator, title: str) -> None:
    """The card opens the application in a tab of the browser."""
    with page.context.expect_page() as opened:
        card.click()
    expect(opened.value.locator("h1")).to_have_text(title)
    expect(opened.value.locator("#state")).to_have_text("connected")


def disable(folder: Path, *extensions: str) -> None:
    """What `jupyter labextension disable` writes; it is read for every page."""
    file = folder / "config" / "labconfig" / "page_config.json"
    file.write_text(json.dumps({"disabledExtensions": dict.fromkeys(extensions, True)}))


def unexpected(troubles: Troubles, *, but: tuple[str, ...] = ()) -> list[str]:
    """What is red in the console, but for what has one of these in it."""
    return [trouble for trouble in troubles.seen if not any(part in trouble for part in but)]


def expect_cards_of_other_launchers(page: Page) -> None:
    """Launchers that replace JupyterLab's show our services, with pictures, and open them."""

    def card(title: str) -> Locator:
        cards = page.locator(".jp-Launcher-TypeCard, .jp-LauncherCard")
        return cards.filter(has_text=title)

    open_lab(page)
    picture = card("Echo in Lab").locator("svg image")
    expect(picture).to_have_attribute("href", re.compile("/server-proxy/icon/in-lab$"))
    # They have a picture of their own for a service of this name.
    expect(card("Code").locator("svg")).to_be_visible()
    expect(card("Code").locator("image")).to_have_count(0)
    expect(card("hello [↗]")).to_be_visible()
    expect_click_opens_tab(page, card("Echo in tab [↗]"), "Echo in tab")
    card("Echo in Lab").click()
    expect_echo(page, "Echo in Lab")
