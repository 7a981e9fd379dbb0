"""What people see of an application: its page, its websocket, and a clear word when it fails."""

import re
import socket

import pytest
from browser import Troubles
from playwright.sync_api import Page, expect


@pytest.mark.parametrize("name", ["in-lab", "in-tab"])
def test_websocket_echoes_in_the_page(page: Page, troubles: Troubles, name: str) -> None:
    page.goto(f"{name}/")
    expect(page.locator("#state")).to_have_text("connected")
    page.locator("#text").fill("grüße 🚀")
    page.locator("#send").click()
    expect(page.locator("#log li")).to_have_text(["echo: grüße 🚀"])
    assert troubles.below(f"/{name}/") == []


def test_large_message_arrives_whole(page: Page) -> None:
    page.goto("in-lab/")
    expect(page.locator("#state")).to_have_text("connected")
    size = 20_000_000
    length = page.evaluate(
        """size => new Promise(resolve => {
             socket.onmessage = event => resolve(event.data.length);
             socket.send("length of " + size);
           })""",
        size,
    )
    assert length == size


def test_close_code_of_the_application_reaches_the_page(page: Page) -> None:
    page.goto("in-lab/")
    expect(page.locator("#state")).to_have_text("connected")
    page.locator("#text").fill("leave")
    page.locator("#send").click()
    expect(page.locator("#state")).to_have_text("closed 4321")


def test_address_without_slash_leads_to_the_application(page: Page) -> None:
    page.goto("in-lab?x=1")
    expect(page.locator("h1")).to_have_text("Echo in Lab")
    assert page.url.endswith("/in-lab/?x=1")


def test_page_of_a_failed_start_names_what_failed(page: Page) -> None:
    page.goto("broken/")
    body = page.locator("body")
    expect(body).to_contain_text("the licence file is missing")
    expect(body).to_contain_text("broken: it exited with code 1")


def test_page_of_a_timed_out_start_says_so(page: Page) -> None:
    page.goto("silent/")
    body = page.locator("body")
    expect(body).to_contain_text(re.compile("silent: .* 2 s"))


def test_page_of_a_port_where_nothing_listens_says_so(page: Page) -> None:
    with socket.socket() as unused:
        # Bound but not listening: nobody else can take the port, and it refuses connections.
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        answer = page.goto(f"proxy/{port}/")
    assert answer is not None
    assert answer.status == 502
    expect(page.locator("body")).to_contain_text(str(port))


def test_stranger_gets_the_login_page_instead_of_the_application(page: Page) -> None:
    page.context.clear_cookies()
    page.goto("in-lab/")
    expect(page.locator("h1", has_text="Echo in Lab")).to_have_count(0)
    assert "/login" in page.url
