"""Values in messages: what they are, the first thing that stands out, and never a secret."""

from __future__ import annotations

import pytest

from jupyter_server_proxy.rules.wording import described


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "None"),
        (5, "5"),
        ("x", "the string 'x'"),
        ("x" * 100, f"the string '{'x' * 60}...'"),
        ({}, "a dictionary"),
        ({"A": "secret"}, "a dictionary"),
        ({"A": "secret", "B": 5}, "a dictionary whose 'B' is of type int"),
        ({7: "secret"}, "a dictionary with the key 7"),
        (["a"], "a list"),
        (["a", None], "a list whose item 1 is None (is the program installed?)"),
        (("a", 5), "a tuple whose item 1 is of type int"),
        (object(), "an object of type object"),
    ],
)
def test_values_are_described_without_what_is_in_them(value: object, words: str) -> None:
    assert described(value) == words
