"""Templates: what is filled in, what is left alone, and what is an error at load."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_server_proxy.rules import templates

FIELDS = {"port": 8123, "unix_socket": "", "base_url": "/user/x/"}


@pytest.mark.parametrize(
    ("value", "rendered"),
    [
        ("plain", "plain"),
        ("", ""),
        ("--port={port}", "--port=8123"),
        ("--bind-addr=0.0.0.0:{port}", "--bind-addr=0.0.0.0:8123"),
        ("{base_url}/elfinder", "/user/x//elfinder"),
        ("[{unix_socket}]", "[]"),
        ('{{"a": {port}}}', '{"a": 8123}'),
        ("{{port}}", "{port}"),
        ("{{{port}}}", "{8123}"),
        ("{{{{", "{{"),
        (["{port}", ["{base_url}"]], ["8123", ["/user/x/"]]),
        (("{port}", "b"), ("8123", "b")),
        ({"P_{port}": "{port}", "none": None}, {"P_8123": "8123", "none": None}),
        ({"nested": {"{{k}}": ["{port}"]}}, {"nested": {"{k}": ["8123"]}}),
        (7, 7),
    ],
)
def test_renders_every_shape(value: object, rendered: object) -> None:
    templates.check(value)
    assert templates.render(value, FIELDS) == rendered


@pytest.mark.parametrize(
    "text",
    ["{foo}", "{0}", "{}", "{port.real}", "{port!r}", "{port:05d}", "{ port}", "{Port}", "{", "}",
     "a{port", "port}", "{port}}", "{{port}", "{base{port}}"],
)  # fmt: skip
@pytest.mark.parametrize("wrap", [str, lambda text: [text], lambda text: {text: "v"}])
def test_any_other_brace_is_an_error_that_quotes_the_text(text: str, wrap: object) -> None:
    value = wrap(text)  # type: ignore[operator]
    with pytest.raises(ValueError, match="is no template") as caught:
        templates.check(value)
    assert repr(text) in str(caught.value)
    assert "{port}, {unix_socket}, {base_url}" in str(caught.value)
    with pytest.raises(ValueError, match="is no template"):
        templates.render(value, FIELDS)


def test_a_filled_in_value_is_not_rendered_again() -> None:
    fields = {**FIELDS, "base_url": "/{port}/"}
    assert templates.render("{base_url}", fields) == "/{port}/"


@given(st.text())
def test_doubling_the_braces_makes_any_text_literal(text: str) -> None:
    doubled = text.replace("{", "{{").replace("}", "}}")
    templates.check(doubled)
    assert templates.render(doubled, FIELDS) == text


@given(st.text(alphabet="{}port", max_size=12))
def test_agrees_with_str_format_wherever_both_accept(text: str) -> None:
    try:
        templates.check(text)
    except ValueError:
        return
    assert templates.render(text, FIELDS) == text.format(**FIELDS)


@pytest.mark.parametrize("value", [{"k": "{s3cret}"}, {"o": {"k": ["Bearer {s3cret"]}}])
def test_what_is_in_a_dictionary_is_not_quoted(value: object) -> None:
    for check in (templates.check, lambda it: templates.render(it, FIELDS)):
        with pytest.raises(ValueError, match=r"the value of '[ko]' has a brace") as caught:
            check(value)
        assert "s3cret" not in str(caught.value)
