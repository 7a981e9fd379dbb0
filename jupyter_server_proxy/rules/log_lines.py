"""Text from elsewhere as part of a line of the log. Pure text: no I/O here."""

from __future__ import annotations


def one_line(text: str) -> str:
    """`text` without anything that ends a line, moves a terminal's cursor, or cannot be encoded;
    such characters are escaped as in Python's literals."""
    if text.isprintable():
        return text
    return "".join(it if it.isprintable() else it.encode("unicode_escape").decode() for it in text)
