"""Names are literal text: what a service's route matches, and what it does not."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_server_proxy.config.routes import literal_pattern


@pytest.mark.parametrize(
    ("name", "requested"),
    [
        ("app", "app"),
        ("my-app_2~x", "my-app_2~x"),
        ("app.v1", "app.v1"),
        ("my app", "my%20app"),
        ("a+b", "a+b"),
        ("a+b", "a%2Bb"),
        ("a+b", "a%2bb"),
        ("café", "caf%C3%A9"),
        ("café", "caf%c3%a9"),
        ("a@b", "a@b"),
        ("a@b", "a%40b"),
        ("a(b)[c]*", "a(b)[c]*"),
        ("a%20b", "a%20b"),
        ("a%20b", "a%2520b"),
        ("dir/app", "dir/app"),
    ],
)
def test_matches_the_name_as_browsers_send_it(name: str, requested: str) -> None:
    assert re.fullmatch(literal_pattern(name), requested)


@pytest.mark.parametrize(
    ("name", "requested"),
    [("app.v1", "appxv1"), ("a+b", "aab"), ("a*", "aaa"), ("(a|b)", "a"), ("my app", "my+app")],
)
def test_is_no_regular_expression(name: str, requested: str) -> None:
    assert not re.fullmatch(literal_pattern(name), requested)


def test_a_plain_name_stands_in_the_pattern_as_it_is() -> None:
    # A shipped package finds its own route by looking for its name in the pattern.
    assert "my-marimo_app" in literal_pattern("/user/x/my-marimo_app")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_name_is_found_quoted_and_unquoted(name: str) -> None:
    pattern = literal_pattern(name)
    assert re.fullmatch(pattern, name)
    assert re.fullmatch(pattern, quote(name))
    assert re.fullmatch(pattern, re.sub("%..", lambda m: m[0].lower(), quote(name)))
