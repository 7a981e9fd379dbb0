"""Templates in configured strings: `{port}`, `{unix_socket}` and `{base_url}`. No I/O here.

The grammar is a small part of `str.format`'s, so that what worked there means the same
here: doubled braces are literal ones. Attribute access, conversions and format specs are
refused, because none of them is ever meant.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TypeVar

FIELDS = ("port", "unix_socket", "base_url")
NONE: Mapping[str, object] = MappingProxyType({})

# A doubled brace, a braced name, or a brace that is neither.
_PIECE = re.compile(r"\{\{|\}\}|\{(?P<field>[^{}]*)\}|[{}]")

_WHAT_IS_RIGHT = (
    f"is no template; known are {', '.join(f'{{{name}}}' for name in FIELDS)}, "
    "and a literal brace is written twice ({{ or }})"
)

T = TypeVar("T")


def check(value: object, more: Collection[str] = ()) -> None:
    """Check every string in `value` (nested lists, tuples, dict keys and values).

    `more` are names of fields besides `FIELDS`, which keys of dictionaries may not have. Raises
    ValueError, quoting the text (of a value in a dictionary only its key) and saying what is right,
    for a field that is no template and for a brace that is not doubled.
    """
    if isinstance(value, str):
        for piece in _PIECE.finditer(value):
            _check_piece(value, piece, more)
    elif isinstance(value, (list, tuple)):
        for item in value:
            check(item, more)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            check(key)
            with _hidden(key):
                check(item, more)


def render(value: T, fields: Mapping[str, object], more: Mapping[str, object] = NONE) -> T:
    """`value` in the same shape with its templates filled in from `fields`.

    What is neither a string nor a list, tuple or dict stays as it is. Of `fields` only those named
    in `FIELDS` count; `more` are further ones, as for `check`. Raises ValueError as `check` does.
    """
    rendered: object = value
    if isinstance(value, str):
        rendered = _render_text(value, fields, more)
    elif isinstance(value, list):
        rendered = [render(item, fields, more) for item in value]
    elif isinstance(value, tuple):
        rendered = tuple(render(item, fields, more) for item in value)
    elif isinstance(value, Mapping):
        rendered = dict(_render_entry(key, item, fields, more) for key, item in value.items())
    return rendered  # type: ignore[return-value]  # same shape, by construction


def _render_entry(
    key: object, item: object, fields: Mapping[str, object], more: Mapping[str, object]
) -> tuple[object, object]:
    with _hidden(key):
        rendered = render(item, fields, more)
    return render(key, fields), rendered


@contextmanager
def _hidden(key: object) -> Iterator[None]:
    """Keep what is in a dictionary, where secrets are, out of messages: only `key` is named."""
    try:
        yield
    except ValueError:
        raise ValueError(f"the value of {key!r} has a brace that {_WHAT_IS_RIGHT}") from None


def _render_text(text: str, fields: Mapping[str, object], more: Mapping[str, object]) -> str:
    def replacement(piece: re.Match[str]) -> str:
        _check_piece(text, piece, more)
        field = piece["field"]
        if field is None:
            return piece[0][0]
        return str(more[field] if field in more else fields[field])

    return _PIECE.sub(replacement, text) if "{" in text or "}" in text else text


def _check_piece(text: str, piece: re.Match[str], more: Collection[str]) -> None:
    field = piece["field"]
    if piece[0] in ("{{", "}}") or field in FIELDS or (field and field in more):
        return
    raise ValueError(f"{piece[0]!r} in {text!r} {_WHAT_IS_RIGHT}")
