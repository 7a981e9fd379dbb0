"""Other labextensions use ours: the module, its plugin, its command and its cards.

`neighbour/` is such an extension, installed as a package would install it.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Troubles
from jupyter_process import JupyterProcess, start_jupyter
from playwright.sync_api import Page, Response, expect

NAME = "@jupyterhub/jupyter-server-proxy"
PLUGIN = f"{NAME}:add-launcher-entries"
SANDBOX = [
    "allow-same-origin",
    "allow-scripts",
    "allow-popups",
    "allow-forms",
    "allow-downloads",
    "allow-modals",
]
TABS = "#jp-main-dock-panel .lm-TabBar-tabLabel"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jupyter")


@pytest.fixture(scope="module")
def jupyter(folder: Path) -> Iterator[JupyterProcess]:
    """JupyterLab with the neighbour, who does what our own plugin would do: that is disabled."""
    neighbour = folder / "share" / "labextensions" / "a-neighbour"
    shutil.copytree(Path(__file__).parent / "neighbour", neighbour)
    jupyter = start_jupyter(folder)
    try:
        disable_ours(folder, NAME)
        yield jupyter
        jupyter.terminate()
        jupyter.wait()
        assert jupyter.survivors() == []
    finally:
        jupyter.kill()


def disable_ours(folder: Path, *names: str) -> None:
    """Write what `jupyter labextension disable` writes; it is read for every page."""
    page_config = folder / "config" / "labconfig" / "page_config.json"
    page_config.write_text(json.dumps({"disabledExtensions": dict.fromkeys(names, True)}))


@pytest.fixture
def ours_enabled(folder: Path, jupyter: JupyterProcess) -> Iterator[None]:
    disable_ours(folder)
    yield
    disable_ours(folder, NAME)


def neighbour(page: Page, expression: str) -> Any:
    """What the neighbour has seen, once it has been told of both visible services."""
    page.wait_for_function("window.neighbour.items.length >= 2")
    return page.evaluate(f"() => {{ const it = window.neighbour; return {expression}; }}")


def execute(page: Page, **args: object) -> None:
    page.evaluate(
        "args => { window.neighbour.app.commands.execute('server-proxy:open', args); }", args
    )


def item(page: Page, name: str) -> dict[str, Any]:
    items = neighbour(page, "it.items")
    (found,) = (item for item in items if item["args"]["id"] == f"server-proxy:{name}")
    return dict(found)


def test_the_module_is_shared_under_a_version_that_others_accept(
    open_lab: Callable[[], Page],
) -> None:
    versions = neighbour(open_lab(), f"it[{NAME!r}]")
    assert len(versions) == 1
    # ^4.1.0, as the bundler of another package has written it down.
    assert re.fullmatch(r"4\.([1-9]|\d\d)\.\d+", versions[0])


def test_the_default_export_is_one_plugin_whose_activate_can_be_called(
    open_lab: Callable[[], Page], troubles: Troubles
) -> None:
    page = open_lab()
    assert neighbour(page, "[it.plugin.id, it.plugin.autoStart]") == [PLUGIN, True]
    assert neighbour(page, "it.plugin.optional.map(token => token.name.split(':')[1])") == [
        "ILauncher",
        "ILayoutRestorer",
        "IToolbarWidgetRegistry",
        "IDefaultFileBrowser",
    ]
    assert neighbour(page, "it.result instanceof Promise")
    assert [trouble for trouble in troubles.seen if "server-proxy" in trouble] == []


def test_cards_are_recognized_by_command_id_title_and_icon(open_lab: Callable[[], Page]) -> None:
    page = open_lab()
    in_lab, in_tab = item(page, "in-lab"), item(page, "in-tab")
    assert {card["command"] for card in (in_lab, in_tab)} == {"server-proxy:open"}
    assert in_lab["args"] == {
        "id": "server-proxy:in-lab",
        "title": "Echo in Lab",
        "url": page.url.split("/lab")[0] + "/in-lab/",
        "newBrowserTab": False,
    }
    assert in_tab["args"]["title"] == "Echo in tab [↗]"
    assert in_tab["args"]["newBrowserTab"] is True
    assert in_lab["kernelIconUrl"].endswith("/in-lab")
    assert in_tab["kernelIconUrl"].endswith("/in-tab")
    assert in_tab["category"] == "Experiments"
    ids = neighbour(page, "it.items.map(item => item.args.id)")
    assert "server-proxy:hidden" not in ids


def test_the_command_opens_one_tab_per_id(open_lab: Callable[[], Page]) -> None:
    page = open_lab()
    assert neighbour(page, "it.app.commands.hasCommand('server-proxy:open')")
    url = item(page, "in-lab")["args"]["url"]
    execute(page, id="server-proxy:own", title="My own", url=url, newBrowserTab=False)
    tab = page.locator(".jp-MainAreaWidget.jp-ServerProxy")
    expect(tab.locator(".jp-ServerProxy iframe")).to_have_attribute("src", url)
    sandbox = tab.locator("iframe").get_attribute("sandbox")
    assert (sandbox or "").split() == SANDBOX
    expect(page.frame_locator("iframe").locator("h1")).to_have_text("Echo in Lab")

    execute(page, id="server-proxy:other", title="Another", url=url, newBrowserTab=False)
    expect(page.locator(TABS, has_text="Another")).to_be_visible()
    expect(tab.locator(":scope.lm-mod-hidden")).to_have_count(1)
    execute(page, id="server-proxy:own", title="My own", url=url, newBrowserTab=False)
    current = page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current")
    expect(current).to_have_text(["My own"])
    expect(tab).to_have_count(2)


def test_who_replaces_the_icons_of_commands_is_asked(open_lab: Callable[[], Page]) -> None:
    page = open_lab()
    page.wait_for_function("window.neighbour.iconsAskedFor.includes('Echo in tab [↗]')")
    picture = page.locator(".jp-LauncherCard", has_text="Echo in tab").first.locator("svg image")
    expect(picture).to_have_attribute("href", re.compile("/server-proxy/icon/in-tab$"))


def is_answer_to_saving_the_tab(answer: Response) -> bool:
    """The layout names a tab by the tracker's namespace and the tab's id."""
    saved = answer.request.post_data or ""
    return "/api/workspaces" in answer.url and '"server-proxy:server-proxy:in-lab"' in saved


def test_cards_and_tabs_are_there_although_our_own_plugin_is_disabled(
    open_lab: Callable[[], Page],
) -> None:
    page = open_lab()
    assert neighbour(page, f"it.app.hasPlugin({PLUGIN!r})") is False
    card = page.locator(".jp-LauncherCard", has_text="Echo in Lab")
    expect(card).to_have_count(1)
    with page.expect_response(is_answer_to_saving_the_tab):
        card.click()
    page.goto("lab")
    expect(page.frame_locator("iframe").locator("h1")).to_have_text("Echo in Lab")


def test_cards_are_there_once_where_both_plugins_are_active(
    ours_enabled: None, open_lab: Callable[[], Page], troubles: Troubles
) -> None:
    page = open_lab()
    page.wait_for_function("window.neighbour.result")
    assert page.evaluate(f"window.neighbour.app.isPluginActivated({PLUGIN!r})")
    expect(page.locator(".jp-LauncherCard", has_text="Echo in Lab")).to_have_count(1)
    expect(page.locator(".jp-LauncherCard", has_text="Echo in tab")).to_have_count(1)
    assert [trouble for trouble in troubles.seen if "server-proxy" in trouble] == []
