"""What a person sees: the Hub's pages, ours, and the application."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from _hub.places import GUEST, SHARES
from _hub.running import RunningHub

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))

pytest.importorskip("playwright", reason="the browser tests need the package playwright")

from browser import PATIENCE, screenshot
from browser_fixtures import one_browser  # noqa: F401  # a fixture
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.may_leave("the browser lives as long as these tests")


@pytest.fixture
def page(browser: Browser, hub: RunningHub, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=hub.url)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    yield page
    screenshot(page, request.node.name)
    context.close()


def ask(hub: RunningHub, method: str, path: str, json: object = None) -> httpx.Response:
    """Of the Hub, as its administrator."""
    headers = {"Authorization": f"token {hub.settings.token}"}
    address = f"{hub.url}hub/api/{path}"
    answer = httpx.request(method, address, json=json, headers=headers, timeout=60)
    assert answer.is_success, answer.text
    return answer


def start(hub: RunningHub, user: str, *arguments: str) -> None:
    """Have a server whose application is the command `arguments`."""
    ask(hub, "POST", f"users/{user}")
    ask(hub, "POST", f"users/{user}/servers/", {"command": ["--", *arguments]})
    # The Hub answers at once or a little later, so what it says of progress ends.
    assert '"ready": true' in ask(hub, "GET", f"users/{user}/server/progress").text


def log_in(page: Page, hub: RunningHub, user: str, path: str) -> None:
    page.goto(f"hub/login?next={hub.base_url}{path.replace('?', '%3F')}")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(hub.settings.password)
    screenshot(page, f"hub-login-{user}")
    page.get_by_role("button", name="Sign in").click()


def test_a_login_leads_to_the_application_by_itself(page: Page, hub: RunningHub) -> None:
    log_in(page, hub, "vera", "hub/spawn")
    page.wait_for_url("**/hub-prefix/user/vera/**")
    page.goto("user/vera/page")
    expect(page.locator("h1")).to_have_text("The guest of vera")


def test_a_slow_application_is_opened_when_it_is_ready(
    page: Page, hub: RunningHub, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    start(hub, "wim", *GUEST, f"--gate={gate}")
    log_in(page, hub, "wim", "user/wim/page?a=1")
    expect(page.locator("#phase")).to_have_text("Starting…")
    screenshot(page, "hub-start-page")
    gate.touch()
    expect(page.locator("h1")).to_have_text("The guest of wim")
    assert page.url == f"{hub.url}user/wim/page?a=1"


def test_a_failed_application_can_be_tried_again(
    page: Page, hub: RunningHub, tmp_path: Path
) -> None:
    licence = tmp_path / "licence"
    script = f"import os, sys; os.path.exists({str(licence)!r}) or sys.exit('no licence'); "
    script += "os.execv(sys.argv[1], sys.argv[1:])"
    start(hub, "xena", sys.executable, "-c", script, *GUEST)
    log_in(page, hub, "xena", "user/xena/page")
    expect(page.locator("#log")).to_contain_text("no licence")
    retry = page.get_by_role("button", name="Retry")
    expect(retry).to_be_visible()
    screenshot(page, "hub-failure-page")
    licence.touch()
    retry.click()
    expect(page.locator("h1")).to_have_text("The guest of xena")


@SHARES
def test_a_guest_is_asked_before_the_server_learns_who_it_is(page: Page, hub: RunningHub) -> None:
    start(hub, "yan", *GUEST)
    ask(hub, "POST", "users/zita")
    ask(hub, "POST", "shares/yan/", {"user": "zita"})
    log_in(page, hub, "zita", "user/yan/page")
    expect(page.get_by_role("button", name="Authorize")).to_be_visible()
    screenshot(page, "hub-authorize")
    page.get_by_role("button", name="Authorize").click()
    expect(page.locator("h1")).to_have_text("The guest of yan")


def test_who_may_not_come_in_sees_a_page_that_says_so(page: Page, hub: RunningHub) -> None:
    start(hub, "zoltan", *GUEST)
    log_in(page, hub, "ada", "user/zoltan/page")
    expect(page.locator("body")).to_contain_text("403")
    assert hub.applications("zoltan") == []
