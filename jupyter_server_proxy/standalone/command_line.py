"""Reading the command line: options before `--`, the command after it. No I/O here.

Who may be asked what an option means is `options`; here is what words are options at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from ..config.problems import nearest
from .options import Option, OptionWrong

END_OF_OPTIONS = "--"
USAGE = "jupyter standaloneproxy [options] -- command"
TRUTHS = frozenset(("true", "false", "1", "0"))


class General(NamedTuple):
    """Options that are every Jupyter program's, without dashes.

    `sections` are the traits by class, for `--Class.trait=value`.
    """

    flags: Collection[str]
    with_value: Collection[str]
    sections: Mapping[str, Collection[str]]


class CommandLine(NamedTuple):
    """`values` by trait, `general` the options for Jupyter's own reader, and the command.

    `foreign` are those of classes that are not ours, which are left out.
    """

    values: dict[str, Any]
    general: list[str]
    foreign: list[str]
    command: list[str]


def read_command_line(
    words: Sequence[str], options: Mapping[str, Option], *, general: General
) -> CommandLine:
    """What `words` say. Raises OptionWrong."""
    reader = _Reader(options, general)
    command = reader.read(words)
    values = {options[name].key: options[name].value_of(said) for name, said in reader.said.items()}
    return CommandLine(values, reader.general_words, reader.foreign_words, command)


class _Reader:
    def __init__(self, options: Mapping[str, Option], general: General) -> None:
        self._options = options
        self._general = general
        self.said: dict[str, list[str]] = {}
        self.general_words: list[str] = []
        self.foreign_words: list[str] = []

    def read(self, words: Sequence[str]) -> list[str]:
        """Take the options; what is left is the command."""
        left = deque(words)
        while left:
            if left[0] == END_OF_OPTIONS:
                return list(left)[1:]
            if not _is_option(left[0]):
                return _bare_command(list(left))
            self._take(left.popleft(), left)
        return []

    def _take(self, word: str, left: deque[str]) -> None:
        name, equals, value = word.lstrip("-").partition("=")
        given = value if equals else None
        if "." in name:
            self._take_of_a_class(word, name, _value(word, given, left))
        elif name in self._general.with_value:
            self.general_words.append(f"--{name}={_value(word, given, left)}")
        elif name in self._general.flags and given is None:
            self.general_words.append(word)
        elif (option := self._options.get(name)) is not None and word.startswith("--"):
            text = _flag(given, left) if option.is_flag else _value(word, given, left)
            self.said.setdefault(name, []).append(text)
        elif not self._is_denial(name, given):
            raise OptionWrong(self._unknown(word.partition("=")[0]))

    def _take_of_a_class(self, word: str, name: str, text: str) -> None:
        section, _, key = name.rpartition(".")
        known = self._general.sections.get(section)
        if known is None:
            self.foreign_words.append(word.partition("=")[0])
            return
        if key not in known:
            raise OptionWrong(f"{section} has no option {key}{nearest(key, known)}")
        self.general_words.append(f"--{name}={text}")

    def _is_denial(self, name: str, given: str | None) -> bool:
        """Whether it is `--no-X`, where X is a flag."""
        denied = name.removeprefix("no-")
        option = self._options.get(denied)
        if given is not None or denied == name or option is None or not option.is_flag:
            return False
        self.said.setdefault(denied, []).append("False")
        return True

    def _unknown(self, word: str) -> str:
        known = [*self._options, *self._general.flags, *self._general.with_value]
        near = nearest(word, [f"--{name}" for name in known])
        return f"there is no option {word}{near}; --help lists them all"


def _is_option(word: str) -> bool:
    return word.startswith("-") and word != "-"


def _flag(given: str | None, left: deque[str]) -> str:
    if given is not None:
        return given
    return left.popleft() if left and left[0].lower() in TRUTHS else "True"


def _value(word: str, given: str | None, left: deque[str]) -> str:
    if given is not None:
        return given
    if not left or _is_option(left[0]):
        raise OptionWrong(f"{word} needs a value: {word}=VALUE")
    return left.popleft()


def _bare_command(words: list[str]) -> list[str]:
    """A command without `--` before it, which is clear only while nothing in it looks like an
    option."""
    odd = next((word for word in words if _is_option(word)), None)
    if odd == END_OF_OPTIONS:
        raise OptionWrong(f"{words[0]!r} stands before `--`, as no option does: {USAGE}")
    if odd is not None:
        raise OptionWrong(
            f"{odd} stands after {words[0]!r}: the command needs `--` before it: {USAGE}"
        )
    return words
