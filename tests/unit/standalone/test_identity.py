from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_server.auth import User
from tornado.httputil import HTTPHeaders

from jupyter_server_proxy.standalone.identity import (
    ASSERTION,
    LIFETIME,
    ForwardHeaders,
    ForwardToken,
    SigningKey,
    drop_claims,
    encoded,
    subject_of,
)


@dataclass
class Member(User):
    groups: tuple[str, ...] = ()
    kind: str = "user"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann", "ann"),
        ("ann@example.com", "ann@example.com"),
        ("Ann Smith", "Ann Smith"),
        (" ann ", "%20ann%20"),
        ("100%", "100%25"),
        ("a,b", "a%2Cb"),
        ("ann\r\nX-Admin: 1", "ann%0D%0AX-Admin: 1"),
        ("Zoë", "Zo%C3%AB"),
        ("\x00\x7f", "%00%7F"),
        ("", ""),
        ("  ", "%20%20"),
    ],
)
def test_names_are_safe_in_a_field(text: str, expected: str) -> None:
    assert encoded(text) == expected


@given(st.text())
def test_no_name_is_lost_or_leaves_its_field(text: str) -> None:
    value = encoded(text)
    assert value.isascii()
    assert value.isprintable() or not value
    assert value == value.strip()
    assert "," not in value
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert unquote(value) == text


def test_no_spelling_of_a_clients_claim_is_left() -> None:
    fields = HTTPHeaders()
    for name in ("X-Forwarded-User", "x_forwarded_user", "X-JWT_Assertion", "X-Forwarded-Groups"):
        fields.add(name, "root")
        fields.add(name, "admin")
    # What other logins in front of applications use.
    for name in (
        "Remote-User",
        "remote_user",
        "X-Remote-User",
        "X_REMOTE-USER",
        "X-Forwarded-Email",
        "X-Auth-Request-User",
        "x_auth_request_email",
        "X-Auth-Request-Access-Token",
    ):
        fields.add(name, "root")
    others = [("X-Forwarded-For", "127.0.0.1"), ("X-Auth", "the application's"), ("From", "a@b")]
    for other in others:
        fields.add(*other)
    drop_claims(fields)
    assert list(fields.get_all()) == others


def test_a_service_of_the_hub_is_nobody_of_its_name() -> None:
    names = [
        subject_of(Member(name, kind=kind))
        for name in ("ann", "service:ann", "user:ann", "user:service:ann", "a:b")
        for kind in ("user", "service")
    ]
    assert names[:2] == ["ann", "service:ann"]
    assert len(set(names)) == len(names), names
    # Without a Hub there is one kind.
    assert subject_of(User("owner")) == "owner"


@pytest.mark.parametrize("is_service_first", [True, False])
def test_a_token_for_a_service_is_none_for_the_user_of_its_name(is_service_first: bool) -> None:
    forwarding = ForwardToken(SigningKey.make("", service="x"), "/")
    both = [Member("ann", kind="service"), Member("ann")]
    if not is_service_first:
        both.reverse()
    told = [forwarding.fields(user) for user in both]
    subjects = [
        jwt.decode(fields[ASSERTION], options={"verify_signature": False})["sub"] for fields in told
    ]
    assert [fields["X-Forwarded-User"] for fields in told] == subjects
    assert set(subjects) == {"ann", "service:ann"}


def test_a_display_name_is_told_where_it_is_another_one() -> None:
    forwarding = ForwardHeaders()
    assert forwarding.fields(User("ann")) == {"X-Forwarded-User": "ann", "X-Forwarded-Groups": ""}
    member = Member("ann", display_name="Ann S", groups=("a", "b"))
    assert forwarding.fields(member) == {
        "X-Forwarded-User": "ann",
        "X-Forwarded-Preferred-Username": "Ann S",
        "X-Forwarded-Groups": "a,b",
    }


def test_a_token_is_sent_again_while_more_than_half_of_its_time_is_left() -> None:
    now = 1_000_000.0
    forwarding = ForwardToken(SigningKey.make("", service="x"), "/", clock=lambda: now)
    ann = Member("ann", groups=("a",))
    first = forwarding.fields(ann)[ASSERTION]
    now += LIFETIME / 2 - 1
    assert forwarding.fields(ann)[ASSERTION] == first
    # Somebody else, or in other groups, is another one.
    assert forwarding.fields(Member("ann"))[ASSERTION] != first
    assert forwarding.fields(User("bob"))[ASSERTION] != first
    now += 1
    second = forwarding.fields(ann)[ASSERTION]
    assert second != first
    # A clock that is set back makes no token of the future.
    now -= 3600
    claims = jwt.decode(
        forwarding.fields(ann)[ASSERTION], options={"verify_signature": False, "verify_exp": False}
    )
    assert claims["iat"] == int(now)


def test_a_key_is_not_shown() -> None:
    assert "PRIVATE" not in repr(SigningKey.make("", service="x"))
