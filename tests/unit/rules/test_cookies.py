"""Cookies in both directions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_server_proxy.rules.cookies import CookieScope, confine_set_cookie, drop_cookies
from jupyter_server_proxy.rules.credentials import Credentials

HIDDEN = Credentials(cookie_names=frozenset({"_xsrf"}), cookie_prefixes=("username-",))
SCOPE = CookieScope(prefix="/base/name", own_host="hub.example.org", refused=HIDDEN)
ABSOLUTE = CookieScope(
    prefix="/base/name", own_host="hub.example.org", refused=HIDDEN, absolute=True
)


@pytest.mark.parametrize(
    ("header", "left"),
    [
        ("_xsrf=1", None),
        ("_xsrf=1; username-hub=2", None),
        ("_xsrf=1; ", None),
        ("_xsrf=1;;; ;", None),
        ("a=1; _xsrf=2; b=3", "a=1; b=3"),
        ("_xsrf=2; b=3", "b=3"),
        ("a=1; _xsrf=2", "a=1"),
        ("a=1;_xsrf=2;b=3", "a=1;b=3"),
        (" _xsrf =2; b=3", "b=3"),
        ("a=1; \xa0_xsrf=2", "a=1"),
        ('a="x y"; username-1=2; novalue; ; b c=d=e', 'a="x y"; novalue; ; b c=d=e'),
        ("_xsrf; a=1", "a=1"),
    ],
)
def test_jupyters_cookies_do_not_reach_the_backend(header, left):
    assert drop_cookies(header, HIDDEN) == left


@pytest.mark.parametrize("header", ["", ";", "a", "a=_xsrf=1", "x_xsrf=1;  b=2 ;", '=; "'])
def test_other_cookies_are_not_touched(header):
    assert drop_cookies(header, HIDDEN) is header


names = st.text(st.characters(max_codepoint=255, exclude_characters=";"), max_size=8)


@given(st.lists(names, min_size=1), st.integers(0, 10))
def test_whatever_cookies_surround_a_secret_one_they_stay(others, position):
    others = [f"k{index}={other}" for index, other in enumerate(others)]
    pieces = [*others[:position], "_xsrf=secret", *others[position:]]
    left = drop_cookies(";".join(pieces), HIDDEN)
    assert left is not None
    assert left == ";".join(others).strip(" \t")


@pytest.mark.parametrize(
    ("value", "confined"),
    [
        ("a=1", "a=1"),
        ("a=1; Path=/", "a=1; Path=/base/name/"),
        ("a=1; path=/foo", "a=1; Path=/base/name/foo"),
        ("a=1; Path=/base/name", "a=1; Path=/base/name"),
        ("a=1; Path=/base/name/x", "a=1; Path=/base/name/x"),
        ("a=1; Path=/base/namefoo", "a=1; Path=/base/name/base/namefoo"),
        ("a=1; Path=/base/n%61me/x", "a=1; Path=/base/name/x"),
        ("a=1; Path=/base/name/../x", "a=1; Path=/base/name/base/name/../x"),
        ("a=1; Path=/base/name/%2E%2e", "a=1; Path=/base/name/base/name/%2E%2e"),
        ("a=1; Path=", "a=1"),
        ("a=1; Path", "a=1"),
        ("a=1; Path=foo", "a=1"),
        ('a=1; Path="/"', "a=1"),
        ("a=1; Path=/x; Path=/y", "a=1; Path=/base/name/y"),
        ("a=1; Path=/; Path=foo", "a=1"),
        ("a=1; Path=/x; HttpOnly; Secure", "a=1; Path=/base/name/x; HttpOnly; Secure"),
    ],
)
def test_a_path_is_confined_to_the_prefix(value, confined):
    assert confine_set_cookie(value, SCOPE) == confined


@pytest.mark.parametrize(
    ("value", "confined"),
    [
        ("a=1", "a=1"),
        ("a=1; Path=/", "a=1; Path=/base/name/"),
        ("a=1; Path=/foo", "a=1; Path=/base/name/"),
        ("a=1; Path=/base/name", "a=1; Path=/base/name"),
        ("a=1; Path=/base/name/x", "a=1; Path=/base/name/x"),
        ("a=1; Path=/base/name/../../lab", "a=1; Path=/base/name/"),
    ],
)
def test_with_absolute_url_a_path_outside_becomes_the_prefix(value, confined):
    assert confine_set_cookie(value, ABSOLUTE) == confined


@pytest.mark.parametrize(
    ("host", "domain", "is_kept"),
    [
        ("hub.example.org", "hub.example.org", False),
        ("hub.example.org", ".Hub.Example.ORG", False),
        ("HUB.example.org", "example.org", False),
        ("hub.example.org", ".org", False),
        ("hub.example.org", "", False),
        ("hub.example.org", "evil.example", True),
        ("hub.example.org", "ub.example.org", True),
        ("hub.example.org", "sub.hub.example.org", True),
        ("127.0.0.1", "127.0.0.1", False),
        ("127.0.0.1", "0.0.1", True),
        ("::1", "::1", False),
    ],
)
def test_a_domain_that_covers_our_host_is_dropped(host, domain, is_kept):
    scope = CookieScope(prefix="/name", own_host=host, refused=HIDDEN)
    attribute = f"; Domain={domain}" if is_kept else ""
    assert confine_set_cookie(f"a=1; Domain={domain}; Secure", scope) == f"a=1{attribute}; Secure"


def test_of_repeated_domains_the_last_counts():
    ours, foreign = "Domain=example.org", "Domain=evil.example"
    assert confine_set_cookie(f"a=1; {ours}; {foreign}", SCOPE) == f"a=1; {foreign}"
    assert confine_set_cookie(f"a=1; {foreign}; {ours}", SCOPE) == "a=1"


def test_other_attributes_stay_as_written():
    value = "a=1;Secure; httponly ; SameSite=none;Partitioned;Priority=High; Max-Age=5;;=x"
    assert confine_set_cookie(value, SCOPE) == value


@pytest.mark.parametrize(
    "value",
    [
        "_xsrf=1",
        "_xsrf=1; Path=/base/name/",
        "  _xsrf =1",
        "=_xsrf=1",
        "==_xsrf=1",
        "_xsrf",
        "\xa0_xsrf=1",
        "username-hub-example=1; Secure",
        "a=1\r\nX: y",
        "a=1\x00",
        "a=1; Path=/\x7f",
    ],
)
def test_cookies_that_are_jupyters_or_malformed_are_refused(value):
    assert confine_set_cookie(value, SCOPE) is None


def test_a_prefix_is_written_as_browsers_see_it():
    scope = CookieScope(prefix="/user/a%40b/my app/", own_host="h", refused=HIDDEN)
    assert confine_set_cookie("a=1; Path=/", scope) == "a=1; Path=/user/a%40b/my%20app/"


def test_a_prefix_that_cannot_stand_in_a_cookie_leaves_the_path_to_the_browser():
    scope = CookieScope(prefix="/a;b", own_host="h", refused=HIDDEN)
    assert confine_set_cookie("a=1; Path=/; Secure", scope) == "a=1; Secure"


def cookie_path(value: str) -> str | None:
    """What a user agent takes for the cookie's path, None for the default one."""
    path = None
    for attribute in value.split(";")[1:]:
        name, _, text = attribute.partition("=")
        if name.strip().lower() == "path":
            path = text.strip() if text.strip().startswith("/") else None
    return path


attributes = st.lists(
    st.one_of(
        st.text(st.sampled_from("/.%2eEbasenm;= \t"), max_size=16).map(lambda text: "Path=" + text),
        st.sampled_from(["PATH=/", "path = /base/name/..", "Path=/base", "Domain=org", "Secure"]),
        st.text(st.characters(max_codepoint=255), max_size=8),
    ),
    max_size=5,
)


@given(attributes, st.booleans())
def test_no_cookie_is_seen_outside_the_prefix(attributes, is_absolute):
    value = confine_set_cookie("; ".join(["a=1", *attributes]), ABSOLUTE if is_absolute else SCOPE)
    if value is not None:
        path = cookie_path(value)
        assert path is None or f"{path}/".startswith("/base/name/")
