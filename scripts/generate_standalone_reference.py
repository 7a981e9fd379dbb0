"""Writes docs/reference/standalone.md from the traits, which are its only source.

Run it after changing a trait; a test fails while the file is not what this would write.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jupyter_server_proxy.standalone.help_text import plain_text, right_values, signature
from jupyter_server_proxy.standalone.options import Option, all_options

TARGET = Path(__file__).parents[1] / "docs" / "reference" / "standalone.md"

INTRODUCTION = """\
# Options of the standalone application

<!-- Written by scripts/generate_standalone_reference.py from the traits; change those instead. -->

`jupyter standaloneproxy [options] -- command` serves [one application](../user/standalone.md).
`jupyter-standaloneproxy` and `python -m jupyter_server_proxy.standalone` are the same program.

An option is written `--name=VALUE` or `--name VALUE`. Those without a value are on when they are
there, and off with `no-` before the name. A dictionary is written in JSON or, one entry at a time,
`--name=KEY=VALUE`; a list one item at a time, or in JSON. What is said twice counts as it was said
last; dictionaries and lists are joined.

In a configuration file, which `--config=FILE` names, an option is
`c.StandaloneProxyServer.NAME` with `_` for `-`; `--generate-config` writes one with all of them.
Python callables can only stand there. The command line goes before the file.

`--log-level=LEVEL`, `--debug`, `--show-config` and `--version` are those of every Jupyter program.
"""


def reference() -> str:
    """The whole file."""
    options = all_options()
    parts = [INTRODUCTION]
    for title in dict.fromkeys(option.title for option in options.values()):
        parts.append(f"## {title}\n")
        for option in options.values():
            if option.title == title:
                parts.extend(_entry(option, options))
    return "\n".join(parts).rstrip() + "\n"


def _entry(option: Option, options: dict[str, Option]) -> Iterator[str]:
    yield f"### `--{option.spelling}`\n"
    yield f"{plain_text(str(option.trait.help), options, quote='`')}\n"
    value = plain_text(right_values(option.trait), options)
    yield f"*Written:* `{signature(option)}`. *Value:* {value}.{_default(option)}\n"


def _default(option: Option) -> str:
    value = option.trait.default_value
    # What is empty is found elsewhere, as the text says.
    if not isinstance(value, (str, int, float)) or value in ("", 0):
        return ""
    return f" *Default:* `{value}`."


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
