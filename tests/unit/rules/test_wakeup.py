"""What kind of request it is, by what clients really send."""

from __future__ import annotations

import pytest
from tornado.httputil import HTTPHeaders

from jupyter_server_proxy.rules.wakeup import Kind, is_navigation, kind_of, may_wake

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SECURE_VISIT = {
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Upgrade-Insecure-Requests": "1",
    **HTML,
}
PLAIN_VISIT = {"Upgrade-Insecure-Requests": "1", **HTML}
FRAME = {**SECURE_VISIT, "Sec-Fetch-Dest": "iframe"}
FETCH = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Accept": "*/*"}

TABLE = [
    # --- a person opens a page
    ("GET", SECURE_VISIT, Kind.VISIT),
    ("GET", PLAIN_VISIT, Kind.VISIT),
    ("GET", {**PLAIN_VISIT, "Referer": "http://hub/lab"}, Kind.VISIT),
    ("GET", FRAME, Kind.VISIT),
    # --- a form that is sent has a body: it has to arrive
    ("POST", SECURE_VISIT, Kind.CALL),
    ("POST", {**PLAIN_VISIT, "Origin": "http://hub"}, Kind.CALL),
    # --- programs: curl, wget, requests, urllib, Tornado's client
    ("GET", {"Accept": "*/*"}, Kind.CALL),
    ("GET", {}, Kind.CALL),
    ("HEAD", {}, Kind.CALL),
    ("GET", {"Accept": "text/html"}, Kind.CALL),
    ("GET", {"Accept": "application/json"}, Kind.CALL),
    ("PUT", {"Content-Length": "3"}, Kind.CALL),
    # --- who navigates without being able to read a page
    ("GET", {"Sec-Fetch-Mode": "navigate"}, Kind.CALL),
    ("GET", {"Sec-Fetch-Mode": "navigate", "Accept": "application/json"}, Kind.CALL),
    # --- what an open page asks for
    ("GET", FETCH, Kind.RESOURCE),
    ("POST", FETCH, Kind.RESOURCE),
    ("GET", {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, Kind.RESOURCE),
    ("GET", {"Sec-Fetch-Mode": "same-origin", **HTML}, Kind.RESOURCE),
    ("GET", {**SECURE_VISIT, "Sec-Fetch-Dest": "object"}, Kind.RESOURCE),
    ("GET", {"Referer": "http://hub/app/", "Accept": "*/*"}, Kind.RESOURCE),
    ("POST", {"Origin": "http://hub", "Accept": "*/*"}, Kind.RESOURCE),
    # --- what nobody may ever look at
    ("GET", {**SECURE_VISIT, "Sec-Purpose": "prefetch;prerender"}, Kind.GUESS),
    ("GET", {**PLAIN_VISIT, "Purpose": "prefetch"}, Kind.GUESS),
    ("GET", {**PLAIN_VISIT, "X-Moz": "prefetch"}, Kind.GUESS),
]


@pytest.mark.parametrize(("method", "fields", "kind"), TABLE)
def test_a_request(method: str, fields: dict[str, str], kind: Kind) -> None:
    assert kind_of(method, HTTPHeaders(fields), is_upgrade=False) is kind


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"Sec-Fetch-Mode": "websocket"}, Kind.RESOURCE),
        ({"Origin": "http://hub"}, Kind.RESOURCE),
        ({}, Kind.CALL),
    ],
)
def test_an_upgrade(fields: dict[str, str], kind: Kind) -> None:
    assert kind_of("GET", HTTPHeaders(fields), is_upgrade=True) is kind


@pytest.mark.parametrize(
    ("kind", "wakes_the_new", "wakes_the_stopped"),
    [
        (Kind.VISIT, True, True),
        (Kind.CALL, True, True),
        (Kind.RESOURCE, True, False),
        (Kind.GUESS, False, False),
    ],
)
def test_who_wakes_what(kind: Kind, wakes_the_new: bool, wakes_the_stopped: bool) -> None:
    assert may_wake(kind, is_asleep=False) is wakes_the_new
    assert may_wake(kind, is_asleep=True) is wakes_the_stopped


def test_names_of_fields_have_no_case() -> None:
    fields = HTTPHeaders({name.lower(): value for name, value in SECURE_VISIT.items()})
    assert is_navigation(fields)
    assert kind_of("GET", fields, is_upgrade=False) is Kind.VISIT
