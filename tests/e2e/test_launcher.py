"""A person finds the applications in JupyterLab and in Notebook 7, and opens them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Response, expect

CARD = ".jp-LauncherCard"


def card(page: Page, title: str) -> Locator:
    return page.locator(CARD).filter(has_text=title)


def is_answer_to_saving(what: str) -> Callable[[Response], bool]:
    """Recognizes the answer to the request that saves a layout with `what` in it."""

    def recognize(answer: Response) -> bool:
        request = answer.request
        return "/api/workspaces" in request.url and what in (request.post_data or "")

    return recognize


def test_launcher_shows_every_enabled_service_with_its_icon(open_lab: Callable[[], Page]) -> None:
    page = open_lab()
    icon = card(page, "Echo in Lab").locator("img")
    expect(icon).to_be_visible()
    expect(icon).not_to_have_js_property("naturalWidth", 0)
    expect(icon).to_have_attribute("src", re.compile("/server-proxy/icon/in-lab$"))
    expect(card(page, "Echo in tab")).to_be_visible()
    expect(card(page, "Broken")).to_be_visible()
    expect(page.locator(CARD).filter(has_text="Hidden")).to_have_count(0)


def test_card_is_in_the_category_of_its_service(open_lab: Callable[[], Page]) -> None:
    page = open_lab()
    section = page.locator(".jp-Launcher-section").filter(has_text="Experiments")
    expect(section.locator(CARD).filter(has_text="Echo in tab")).to_be_visible()
    expect(section.locator(CARD).filter(has_text="Echo in Lab")).to_have_count(0)
    # Outside of its own sections JupyterLab shows the icon of the command.
    picture = section.locator(".jp-LauncherCard-icon svg image")
    expect(picture).to_have_attribute("href", re.compile("/server-proxy/icon/in-tab$"))


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
    # The layout is saved by a delayed request; the answer to it is what to wait for.
    with page.expect_response(is_answer_to_saving("server-proxy:in-lab")):
        card(page, "Echo in Lab").click()
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
