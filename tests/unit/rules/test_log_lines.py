"""Text from elsewhere cannot make lines of the log, nor break it."""

import pytest

from jupyter_server_proxy.rules.log_lines import one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        ("a line, 100 %s of Zoë", "a line, 100 %s of Zoë"),
        ("a\n[I] b\r\x85\u2028", r"a\n[I] b\r\x85\u2028"),
        ("\x1b[2J\x9b\0", r"\x1b[2J\x9b\x00"),
        ("\u202egnp", r"\u202egnp"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_would_not_stay_in_its_line_is_escaped(text: str, line: str) -> None:
    assert one_line(text) == line
    assert one_line(text).splitlines() == [line][: len(line)]
    one_line(text).encode()
