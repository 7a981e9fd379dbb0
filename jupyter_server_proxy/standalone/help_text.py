"""What `--help` prints: the options in groups, in plain text. No I/O here."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping

from ..config.problems import what_is_right
from .options import NOT_OPTIONS, Option

WIDTH = 80
INDENT = "    "
# In the texts they are what callables are given.
TEMPLATES = ("port", "unix_socket", "base_url")


def options_help(options: Mapping[str, Option], *, is_full: bool) -> Iterator[str]:
    """Lines for all of `options`; only the first sentence of each unless `is_full`."""
    for title in dict.fromkeys(option.title for option in options.values()):
        yield from ("", title, "-" * len(title))
        for option in options.values():
            if option.title == title:
                yield from option_help(option, options, is_full=is_full)


def option_help(option: Option, known: Iterable[str], *, is_full: bool) -> Iterator[str]:
    """Lines for one of them."""
    yield signature(option)
    paragraphs = plain_text(str(option.trait.help), known).split("\n\n")
    if not is_full:
        paragraphs = [first_sentence(paragraphs[0])]
    for number, paragraph in enumerate(paragraphs):
        if number:
            yield ""
        yield textwrap.fill(
            " ".join(paragraph.split()),
            WIDTH,
            initial_indent=INDENT,
            subsequent_indent=INDENT,
            break_on_hyphens=False,
        )
    if is_full:
        yield f"{INDENT}Value: {plain_text(what_is_right(option.trait), known)}"
        yield f"{INDENT}In a configuration file: c.StandaloneProxyServer.{option.key}"


def signature(option: Option) -> str:
    """How it is written."""
    name = f"--{option.name}"
    if option.is_flag:
        return f"--no-{option.name}" if option.trait.default_value is True else name
    if option.is_mapping and option.takes_text:
        return f"{name}=VALUE, or {name}=JSON"
    if option.is_mapping:
        return f"{name}=KEY=VALUE, repeated, or {name}=JSON"
    if option.is_list:
        return f"{name}=ITEM, repeated"
    return f"{name}=VALUE"


def plain_text(text: str, known: Iterable[str]) -> str:
    """`text` of a trait without markup, and with the options in it as they are written."""
    names = {name.replace("-", "_"): name for name in known}
    for template in TEMPLATES:
        names.pop(template, None)

    def spelled(found: re.Match[str]) -> str:
        word = found[1]
        if word in NOT_OPTIONS:
            return f"the {word}" if word == "command" else word
        return f"--{names[word]}" if word in names else word

    text = re.sub(r"``(.+?)``", spelled, textwrap.dedent(text).strip(), flags=re.DOTALL)
    return re.sub(r"\b(the )?Jupyter( server)?\b", "this server", text)


def first_sentence(paragraph: str) -> str:
    """Up to the first full stop that ends one."""
    text = " ".join(paragraph.split())
    found = re.search(r"[.](?= [A-Z0-9])", text)
    return text[: found.end()] if found else text
