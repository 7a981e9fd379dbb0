"""What a declared parameter takes, implies, and tells programs of itself."""

from __future__ import annotations

import pytest

from jupyter_server_proxy.rules.parameters import Kind, Parameter


@pytest.mark.parametrize(
    ("parameter", "implied"),
    [
        (Parameter(name="it", kind=Kind.STRING), ""),
        (Parameter(name="it", kind=Kind.PATH), ""),
        (Parameter(name="it", kind=Kind.INTEGER), 0),
        (Parameter(name="it", kind=Kind.INTEGER, minimum=3), 3),
        (Parameter(name="it", kind=Kind.INTEGER, maximum=-2), -2),
        (Parameter(name="it", kind=Kind.CHOICE, choices=("a", "b")), "a"),
    ],
)
def test_what_is_taken_where_nothing_is_said(parameter: Parameter, implied: object) -> None:
    assert parameter.implied() == implied


def test_a_declaration_says_what_was_declared_and_no_more() -> None:
    parameter = Parameter(
        name="it", kind=Kind.INTEGER, default=4, minimum=0, maximum=9, description="How many."
    )
    assert parameter.declaration() == {
        "type": "integer",
        "default": 4,
        "minimum": 0,
        "maximum": 9,
        "description": "How many.",
    }
    choice = Parameter(name="it", kind=Kind.CHOICE, choices=("a", "b"))
    assert choice.declaration()["choices"] == ["a", "b"]
    assert "minimum" not in choice.declaration()


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (Parameter(name="it", kind=Kind.STRING), "text"),
        (Parameter(name="it", kind=Kind.PATH), "folder/file"),
        (Parameter(name="it", kind=Kind.INTEGER), 12),
        (Parameter(name="it", kind=Kind.CHOICE, choices=("a", "b")), "b"),
    ],
)
def test_what_fits_is_taken_as_it_is(parameter: Parameter, value: object) -> None:
    assert parameter.checked(value) == value
