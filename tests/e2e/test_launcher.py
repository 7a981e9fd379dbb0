"""A person finds the applications in JupyterLab and in Notebook 7, and opens them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

CARD = ".jp-LauncherCard"


def card(page: Page, title: str):
    return page.locator(CARD).filter(has_text=title)


def test_launcher_shows_every_enabled_service_with_its_icon(open_lab: Callable[[], Page]) -> None:
    page = open_lab()
    icon = card(page, "Echo in Lab").locator("img")
    expect(icon).to_be_visible()
    page.wait_for_function("image => image.naturalWidth > 0", arg=icon.element_handle())
    assert icon.get_attribute("src").endswith("/server-proxy/icon/in-lab")
    expect(card(page, "Echo in tab")).to_be_visible()
    expect(card(page, "Broken")).to_be_visible()
    expect(page.locator(CARD).filter(has_text="Hidden")).to_have_count(0)


def test_card_is_in_the_category_of_its_service(open_lab: Callable[[], Page]) -> None:
    page = open_lab()
    section = page.locator(".jp-Launcher-section").filter(has_text="Experiments")
    expect(section.locator(CARD).filter(has_text="Echo in tab")).to_be_visible()
    expect(section.locator(CARD).filter(has_text="Echo in Lab")).to_have_count(0)


def test_click_opens_the_application_inside_lab(open_lab: Callable[[], Page]) -> None:
    page = open_lab()
    card(page, "Echo in Lab").click()
    frame = page.frame_locator(".jp-ServerProxy iframe, iframe.jp-IFrame")
    expect(frame.locator("h1")).to_have_text("Echo in Lab")
    expect(frame.locator("#path")).to_have_text("/")
    expect(frame.locator("#state")).to_have_text("connected")
    expect(page.locator(".lm-TabBar-tabLabel").filter(has_text="Echo in Lab")).to_be_visible()


def test_click_opens_the_application_in_a_browser_tab(
    open_lab: Callable[[], Page], context: BrowserContext
) -> None:
    page = open_lab()
    with context.expect_page() as opened:
        card(page, "Echo in tab").click()
    expect(opened.value.locator("h1")).to_have_text("Echo in tab")
    expect(opened.value.locator("#state")).to_have_text("connected")
    assert opened.value.url.endswith("/in-tab/")


def test_failed_application_says_why_inside_lab(open_lab: Callable[[], Page]) -> None:
    page = open_lab()
    card(page, "Broken").click()
    body = page.frame_locator("iframe").locator("body")
    expect(body).to_contain_text("the licence file is missing")


def test_open_application_is_restored_after_a_reload(open_lab: Callable[[], Page]) -> None:
    page = open_lab()
    card(page, "Echo in Lab").click()
    frame = page.frame_locator("iframe")
    expect(frame.locator("#state")).to_have_text("connected")
    # The layout is saved by a throttled request; the answer to it is what to wait for.
    page.wait_for_event(
        "response",
        lambda answer: "/api/workspaces" in answer.url and answer.request.method == "PUT",
    )
    page.goto("lab")
    expect(page.frame_locator("iframe").locator("h1")).to_have_text("Echo in Lab")


@pytest.mark.parametrize("title", ["Echo in Lab", "Echo in tab"])
def test_new_menu_of_notebook_opens_the_application(
    page: Page, context: BrowserContext, title: str
) -> None:
    page.goto("tree")
    page.get_by_text("New", exact=True).first.click()
    with context.expect_page() as opened:
        page.locator(".lm-Menu-itemLabel").filter(has_text=title).click()
    expect(opened.value.locator("h1")).to_have_text(title)
