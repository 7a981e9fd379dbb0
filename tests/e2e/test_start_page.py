"""What a person sees of an application that is not ready, in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Troubles, new_context, screenshot
from jupyter_process import JupyterProcess, start_jupyter
from playwright.sync_api import Browser, Page, expect

CONFIG = Path(__file__).parent / "start_page_config.py"


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the files that applications wait for."""
    return tmp_path_factory.mktemp("gates")


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory, gates: Path) -> Iterator[JupyterProcess]:
    folder = tmp_path_factory.mktemp("jupyter")
    jupyter = start_jupyter(folder, config=CONFIG, env={"GATES": str(gates)})
    try:
        yield jupyter
        jupyter.terminate()
        jupyter.wait()
        assert jupyter.survivors() == []
    finally:
        jupyter.kill()


def phase(page: Page, text: str | re.Pattern[str]) -> None:
    """Wait until the page says `text` about the application."""
    expect(page.locator("#phase")).to_have_text(text)


def do(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_the_start_page_leads_to_the_same_address(
    page: Page, troubles: Troubles, gates: Path
) -> None:
    answer = page.goto("led/deep/er?x=1&y=%2F#part")
    assert answer is not None
    assert answer.status == 503
    phase(page, "Starting…")
    expect(page.locator("h1")).to_have_text("The led one")
    expect(page.locator("#log")).to_contain_text("waiting for the gate")
    expect(page.locator("#time")).to_have_text(re.compile(r"^[1-9]\d* s$"))
    screenshot(page, "start-page-light")
    (gates / "led").touch()
    expect(page.locator("#where")).to_have_text("/led/deep/er?x=1&y=%2F#part")
    assert [it for it in troubles.seen if "favicon" not in it] == []


def test_the_log_has_its_colours_and_no_markup(page: Page) -> None:
    page.goto("dark/")
    log = page.locator("#log")
    expect(log).to_contain_text("using <b>the trial</b> & going on")
    assert "\x1b" not in (log.text_content() or "")
    expect(log.locator(".bold")).to_have_text("Gated")
    expect(log.locator(".c2")).to_have_text("INFO")
    expect(log.locator(".b4")).to_have_text("ground")
    colour = log.get_by_text("blue").evaluate("it => getComputedStyle(it).color")
    assert colour == "rgb(90, 120, 240)"


def test_in_the_dark(browser: Browser, jupyter: JupyterProcess) -> None:
    context = new_context(browser, jupyter.url, jupyter.token)
    page = context.new_page()
    page.emulate_media(color_scheme="dark")
    page.goto("dark/")
    expect(page.locator("#log")).to_contain_text("waiting for the gate")
    screenshot(page, "start-page-dark")
    ground = page.locator("body").evaluate("it => getComputedStyle(it).backgroundColor")
    assert all(int(part) < 60 for part in re.findall(r"\d+", ground))
    context.close()


def test_stop_and_start_again(page: Page, gates: Path) -> None:
    page.goto("stopped/")
    phase(page, "Starting…")
    do(page, "Stop")
    phase(page, "The application is stopped")
    expect(page.locator("#stopped")).to_have_text("It was stopped by a person.")
    screenshot(page, "start-page-stopped")
    do(page, "Start it")
    phase(page, "Starting…")
    (gates / "stopped").touch()
    expect(page.locator("h1")).to_have_text("Here it is")


def test_cancel_only_means_not_to_be_taken_there(page: Page, gates: Path) -> None:
    page.goto("cancelled/")
    do(page, "Cancel")
    phase(page, "Starting, without you")
    (gates / "cancelled").touch()
    phase(page, "The application is ready")
    screenshot(page, "start-page-cancelled")
    do(page, "Open")
    expect(page.locator("h1")).to_have_text("Here it is")


def test_a_failure_is_explained_where_the_start_was_shown(page: Page, gates: Path) -> None:
    page.goto("failing/")
    phase(page, "Starting…")
    (gates / "failing").write_text("3")
    phase(page, "The application failed")
    expect(page.locator("#words")).to_have_text("exited with code 3")
    expect(page.locator("#attempt")).to_have_text("1")
    command = page.locator("#command")
    expect(command).to_contain_text("gated.py")
    expect(command).to_contain_text("--api-key=****")
    expect(page.locator("#log")).to_contain_text("waiting for the gate")
    screenshot(page, "failure-page-light")
    page.emulate_media(color_scheme="dark")
    screenshot(page, "failure-page-dark")
    (gates / "failing").unlink()
    do(page, "Retry")
    phase(page, "Starting…")
    (gates / "failing").touch()
    expect(page.locator("h1")).to_have_text("Here it is")


def test_the_report_is_copied(page: Page, gates: Path) -> None:
    (gates / "copied").write_text("4")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("copied/?secret=1")
    phase(page, "The application failed")
    do(page, "Copy report")
    expect(page.locator("#note")).to_have_text("Copied")
    report = page.evaluate("navigator.clipboard.readText()")
    assert "exited with code 4" in report
    assert "waiting for the gate" in report
    assert "/copied/" in report
    assert "secret=1" not in report
    assert "\x1b" not in report


def test_why_it_had_been_stopped(page: Page, gates: Path) -> None:
    (gates / "idle").touch()
    page.goto("idle/")
    expect(page.locator("h1")).to_have_text("Here it is")
    (gates / "idle").unlink()
    while page.request.get("server-proxy/api/servers/idle").json()["state"] != "stopped":
        continue
    page.goto("idle/")
    phase(page, "Starting…")
    expect(page.locator("#reason")).to_have_text(
        "The idle one was stopped after 0.5 s without use; it is started again."
    )
    do(page, "Stop")
    phase(page, "The application is stopped")
    expect(page.get_by_text("it is started again")).to_have_count(0)


@pytest.fixture
def scriptless(browser: Browser, jupyter: JupyterProcess) -> Iterator[Page]:
    """A page of somebody who is logged in and has JavaScript switched off."""
    context = new_context(browser, jupyter.url, jupyter.token)
    state = context.storage_state()
    context.close()
    context = browser.new_context(
        base_url=jupyter.url, java_script_enabled=False, storage_state=state
    )
    yield context.new_page()
    context.close()


def test_without_a_script_the_page_refreshes_itself(scriptless: Page, gates: Path) -> None:
    page = scriptless
    page.goto("scriptless/?x=1#part")
    expect(page.locator("#phase")).to_have_text("Starting…")
    expect(page.get_by_role("button")).to_have_count(0)
    screenshot(page, "start-page-without-script")
    (gates / "scriptless").touch()
    expect(page.locator("h1")).to_have_text("Here it is")
    assert page.url.endswith("/scriptless/?x=1")


def test_without_a_script_one_click_is_another_try(scriptless: Page, gates: Path) -> None:
    page = scriptless
    page.goto("retried/?x=1")
    phase(page, "Starting…")
    (gates / "retried").write_text("3")
    expect(page.locator("#words")).to_have_text("exited with code 3")
    (gates / "retried").unlink()
    page.get_by_role("link", name="Retry").click()
    phase(page, "Starting…")
    (gates / "retried").touch()
    expect(page.locator("h1")).to_have_text("Here it is")
    assert page.url.endswith("/retried/?x=1")


def test_in_a_tab_of_jupyterlab(page: Page, gates: Path) -> None:
    page.goto("lab?reset")
    page.locator("#jupyterlab-splash").wait_for(state="detached")
    page.locator(".jp-LauncherCard", has_text="The framed one").click()
    frame = page.frame_locator("iframe[src*='/framed']")
    expect(frame.locator("#phase")).to_have_text("Starting…")
    expect(frame.locator("#log")).to_contain_text("waiting for the gate")
    screenshot(page, "start-page-in-lab")
    (gates / "framed").touch()
    expect(frame.locator("h1")).to_have_text("Here it is")
