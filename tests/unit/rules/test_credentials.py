"""Recognising what would log somebody in to Jupyter."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_server_proxy.rules.credentials import (
    Credentials,
    is_secret_authorization,
    strip_query,
)

HIDDEN = Credentials(
    tokens=frozenset({"s3cret", "a+b/c ä"}),
    cookie_names=frozenset({"_xsrf"}),
    cookie_prefixes=("username-",),
)


@pytest.mark.parametrize(
    ("suffix", "stripped"),
    [
        ("", ""),
        ("?", "?"),
        ("?token=s3cret", ""),
        ("?token=s3cret&", ""),
        ("?a=1&token=s3cret", "?a=1"),
        ("?token=s3cret&b=%2F+&&c", "?b=%2F+&&c"),
        ("?a=1&token=s3cret&b=2&token=s3cret", "?a=1&b=2"),
        ("?token=%733cret", ""),
        ("?%74oken=s3cret", ""),
        ("?token=%20s3cret+", ""),
        ("?token=%00s3cret", ""),
        ("?token=a%2Bb%2Fc%20%C3%A4", ""),
        ("?token=a+b%2Fc+%C3%A4", "?token=a+b%2Fc+%C3%A4"),
        ("?token=other", "?token=other"),
        ("?token=", "?token="),
        ("?token", "?token"),
        ("?TOKEN=s3cret", "?TOKEN=s3cret"),
        ("?mytoken=s3cret", "?mytoken=s3cret"),
        ("?a=%41&b=s3cret", "?a=%41&b=s3cret"),
        ("?token=%FF", "?token=%FF"),
    ],
)
def test_only_parameters_with_a_secret_token_are_dropped(suffix, stripped):
    assert strip_query(suffix, HIDDEN) == stripped


def test_a_query_without_a_secret_is_the_same_object():
    suffix = "?a=%41&token=other"
    assert strip_query(suffix, HIDDEN) is suffix
    assert strip_query("?token=x", Credentials()) == "?token=x"


@given(st.lists(st.text(st.sampled_from("atoken=%41+;?"), max_size=10)))
def test_other_parameters_stay_byte_for_byte_and_in_order(others):
    suffix = "?" + "&".join([*others, "token=s3cret", *others])
    kept = [*others, *others]
    assert strip_query(suffix, HIDDEN) == ("?" + "&".join(kept) if any(kept) else "")


def basic(credential: str) -> str:
    return "Basic " + base64.b64encode(credential.encode()).decode()


@pytest.mark.parametrize(
    ("value", "is_secret"),
    [
        ("token s3cret", True),
        ("Token s3cret", True),
        ("bearer s3cret", True),
        ("BEARER\t s3cret ", True),
        ("token other", False),
        ("token ", False),
        ("token", False),
        ("tokens3cret", False),
        ("Digest s3cret", False),
        ("", False),
        (basic("somebody:s3cret"), True),
        (basic(":s3cret").rstrip("="), True),
        (basic("s3cret:other"), False),
        (basic("s3cret"), False),
        ("Basic !", False),
        ("Basic \xe9", False),
        ("basic", False),
    ],
)
def test_an_authorization_is_secret_when_jupyter_would_take_it(value, is_secret):
    assert is_secret_authorization(value, HIDDEN) is is_secret


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [("_xsrf", True), ("_XSRF", False), ("username-hub-80", True), ("user", False), ("", False)],
)
def test_cookies_are_secret_by_name_or_prefix(name, is_secret):
    assert HIDDEN.is_secret_cookie(name) is is_secret
    assert not Credentials().is_secret_cookie(name)


def test_an_empty_token_is_no_secret():
    assert not Credentials(tokens=frozenset({""})).is_secret_token("")
    assert not HIDDEN.is_secret_token("\udcff")


def test_a_printed_credential_does_not_tell_its_tokens():
    assert "s3cret" not in repr(HIDDEN)
    assert "_xsrf" in repr(HIDDEN)
