"""However Jupyter ends, no process of any application is left."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import new_context, screenshot
from jupyter_process import JupyterProcess, start_jupyter
from playwright.sync_api import Browser, Page, expect


@pytest.fixture
def jupyter(tmp_path: Path) -> Iterator[JupyterProcess]:
    """A server of this test's own, which the test itself ends."""
    jupyter = start_jupyter(tmp_path)
    yield jupyter
    jupyter.kill()


@pytest.fixture
def page(browser: Browser, jupyter: JupyterProcess) -> Iterator[Page]:
    """A page in a Jupyter where three applications run."""
    context = new_context(browser, jupyter.url, jupyter.token)
    page = context.new_page()
    for name, title in (
        ("in-lab", "Echo in Lab"),
        ("in-tab", "Echo in tab"),
        ("with-daemon", "With a daemon"),
    ):
        page.goto(f"{name}/")
        # The page that shows how the start goes has the same heading, and gives way by itself.
        expect(page.locator("main[data-view]")).to_have_count(0)
        expect(page.locator("h1")).to_have_text(title)
    yield page
    context.close()


def applications(jupyter: JupyterProcess) -> list[str]:
    commands = [" ".join(process.cmdline()) for process in jupyter.marked()]
    return [command for command in commands if "jupyterlab" not in command]


def test_shut_down_in_the_file_menu_leaves_nothing(page: Page, jupyter: JupyterProcess) -> None:
    assert len(applications(jupyter)) >= 4
    page.goto("lab?reset")
    page.locator(".jp-Launcher").first.wait_for()
    page.locator(".lm-MenuBar-itemLabel", has_text="File").first.click()
    page.locator(".lm-Menu-itemLabel", has_text="Shut Down").last.click()
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    assert jupyter.wait() == 0
    screenshot(page, "after-shut-down")
    assert jupyter.survivors() == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_signal_to_jupyter_leaves_nothing(
    page: Page, jupyter: JupyterProcess, how: signal.Signals
) -> None:
    assert len(applications(jupyter)) >= 4
    jupyter.process.send_signal(how)
    jupyter.wait()
    assert jupyter.survivors() == []
