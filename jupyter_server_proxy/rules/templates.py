"""Templates in configured strings: `{port}`, `{unix_socket}` and `{base_url}`. No I/O here.

The grammar is a small part of `str.format`'s, so that what worked there means the same
here: doubled braces are literal ones. Attribute access, conversions and format specs are
refused, because none of them is ever meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

FIELDS = ("port", "unix_socket", "base_url")

# A doubled brace, a braced name, or a brace that is neither.
_PIECE = re.compile(r"\{\{|\}\}|\{(?P<field>[^{}]*)\}|[{}]")

T = TypeVar("T")


def check(value: object) -> None:
    """Check every string in `value` (nested lists, tuples, dict keys and values).

    Raises ValueError, quoting the text and saying what is right, for a field that is no
    template and for a brace that is not doubled.
    """
    for text in _texts(value):
        for piece in _PIECE.finditer(text):
            _check_piece(text, piece)


def render(value: T, fields: Mapping[str, object]) -> T:
    """`value` in the same shape with its templates filled in from `fields`.

    What is neither a string nor a list, tuple or dict stays as it is. Raises ValueError as
    `check` does.
    """
    rendered: object = value
    if isinstance(value, str):
        rendered = _render_text(value, fields)
    elif isinstance(value, list):
        rendered = [render(item, fields) for item in value]
    elif isinstance(value, tuple):
        rendered = tuple(render(item, fields) for item in value)
    elif isinstance(value, Mapping):
        rendered = {render(key, fields): render(item, fields) for key, item in value.items()}
    return rendered  # type: ignore[return-value]  # same shape, by construction


def _render_text(text: str, fields: Mapping[str, object]) -> str:
    def replacement(piece: re.Match[str]) -> str:
        _check_piece(text, piece)
        field = piece["field"]
        return piece[0][0] if field is None else str(fields[field])

    return _PIECE.sub(replacement, text) if "{" in text or "}" in text else text


def _check_piece(text: str, piece: re.Match[str]) -> None:
    if piece[0] in ("{{", "}}") or piece["field"] in FIELDS:
        return
    known = ", ".join(f"{{{name}}}" for name in FIELDS)
    raise ValueError(
        f"{piece[0]!r} in {text!r} is no template; known are {known}, "
        "and a literal brace is written twice ({{ or }})"
    )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
