"""What `--help` prints: the options in groups, in plain text. No I/O here."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from traitlets import TraitType

from ..config.problems import what_is_right
from .options import Option

WIDTH = 80
INDENT = "    "
# Traitlets' words, and those for people.
WORDS = {"a unicode string": "text", "a boolean": "True or False"}
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
        yield f"{INDENT}Value: {plain_text(right_values(option.trait), known)}"
        yield f"{INDENT}In a configuration file: c.StandaloneProxyServer.{option.key}"


def signature(option: Option) -> str:
    """How it is written."""
    name = f"--{option.spelling}"
    if option.is_flag:
        return name
    if option.is_mapping and option.takes_text:
        return f"{name}=VALUE, or {name}=JSON"
    if option.is_mapping:
        return f"{name}=KEY=VALUE, repeated, or {name}=JSON"
    if option.is_list:
        return f"{name}=ITEM, repeated"
    return f"{name}=VALUE"


def plain_text(text: str, known: Iterable[str], *, quote: str = "") -> str:
    """`text` of a trait with `quote` for its markup, and the options in it as they are written."""
    names = {name.replace("-", "_"): name for name in known}
    for template in TEMPLATES:
        names.pop(template, None)

    def spelled(found: re.Match[str]) -> str:
        word = found[1]
        if word == "command":
            return "the command"
        return f"{quote}{f'--{names[word]}' if word in names else word}{quote}"

    text = re.sub(r"``(.+?)``", spelled, textwrap.dedent(text).strip(), flags=re.DOTALL)
    text = re.sub(r"([.] )(the )?Jupyter( server)?\b", r"\1This server", text, flags=re.IGNORECASE)
    return re.sub(r"\b(the )?Jupyter( server)?\b", "this server", text)


def right_values(trait: TraitType[Any, Any]) -> str:
    """The values that an option takes."""
    text = what_is_right(trait)
    return WORDS.get(text, text)


def first_sentence(paragraph: str) -> str:
    """Up to the first full stop that ends one."""
    text = " ".join(paragraph.split())
    found = re.search(r"[.](?= [A-Z0-9])", text)
    return text[: found.end()] if found else text
