"""A person finds the applications in the New menu of the classic notebook, too."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Troubles
from jupyter_process import JupyterProcess
from playwright.sync_api import BrowserContext, Locator, Page, expect

pytest.importorskip("nbclassic", reason="the classic notebook is the package nbclassic")

CONFIG = Path(__file__).parent / "jupyter_config.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("classic")


@pytest.fixture(scope="module")
def jupyter(folder: Path) -> Iterator[JupyterProcess]:
    """The classic notebook, with the services of the other browser tests."""
    kinds = ("CONFIG", "DATA", "RUNTIME")
    settings = {f"JUPYTER_{kind}_DIR": str(folder / kind.lower()) for kind in kinds}
    # What a person has switched off goes before what is installed.
    settings["JUPYTER_PREFER_ENV_PATH"] = "0"
    command = [
        *(sys.executable, "-m", "nbclassic", f"--config={CONFIG}"),
        *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", "--ServerApp.open_browser=False"),
        *("--ServerApp.allow_root=True", f"--ServerApp.root_dir={folder}"),
    ]
    jupyter = JupyterProcess(command, folder, env=settings)
    try:
        yield jupyter
        jupyter.terminate()
        jupyter.wait()
        assert jupyter.survivors() == []
    finally:
        jupyter.kill()


@pytest.fixture
def switched_off(folder: Path, jupyter: JupyterProcess) -> Iterator[None]:
    """What `jupyter nbextension disable jupyter_server_proxy/tree --section=tree` writes."""
    file = folder / "config" / "nbconfig" / "tree.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"load_extensions": {"jupyter_server_proxy/tree": False}}))
    yield
    file.unlink()


def entries(page: Page) -> Locator:
    return page.locator("#new-buttons .dropdown-menu li[class^='new-'] a")


def test_the_new_menu_opens_an_application(
    page: Page, context: BrowserContext, troubles: Troubles
) -> None:
    page.goto("nbclassic/tree")
    expect(entries(page).filter(has_text="Echo")).to_have_count(2)
    expect(entries(page).filter(has_text="Hidden")).to_have_count(0)
    page.locator("#new-dropdown-button").click()
    with context.expect_page() as opened:
        entries(page).filter(has_text="Echo in tab").click()
    expect(opened.value.locator("h1")).to_have_text("Echo in tab")
    assert troubles.below("server-proxy") == []


def test_the_extension_can_be_switched_off_by_its_name(switched_off: None, page: Page) -> None:
    with page.expect_response("**/api/sessions*"):
        page.goto("nbclassic/tree")
    page.wait_for_load_state("networkidle")
    expect(entries(page)).to_have_count(0)
