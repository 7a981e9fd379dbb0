"""The options of the command line: one for each trait, in groups, and what their values mean.

Nothing here knows where the words come from, or what becomes of the values.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from traitlets import Bool, Dict, HasTraits, List, TraitError, TraitType, Union

from ..config.problems import assign
from .traits import StandaloneTraits

# Python callables, and what comes after `--`.
NOT_OPTIONS = frozenset(("command", "rewrite_response"))
# Titles, by the class that defines the traits. All others are "More".
TITLES = {
    "StandaloneTraits": "Where it is served",
    "LoginTraits": "Who may use it",
    "ServingTraits": "How it is served",
    "ProcessTraits": "How the application starts and lives",
    "BackendTraits": "An application that runs already, and limits",
    "ExchangeTraits": "What happens to requests and answers",
}
# And by trait, where its class is about something else.
TITLES_OF_TRAITS = {
    "no_authentication": TITLES["LoginTraits"],
    "server_port": TITLES["ProcessTraits"],
    "websocket_max_message_size": TITLES["ExchangeTraits"],
}
MORE = "More"


class OptionWrong(Exception):
    """The command line cannot be understood; the message names the option and what is right."""


class Option(NamedTuple):
    """One option, such as `--base-url`, of the trait `base_url`."""

    name: str
    trait: TraitType[Any, Any]

    @property
    def key(self) -> str:
        """The name of the trait."""
        return str(self.trait.name)

    @property
    def spelling(self) -> str:
        """The name as people write it: that of a flag which is on anyway is only of use with
        `no-`."""
        return f"no-{self.name}" if self.is_flag and self.trait.default_value is True else self.name

    @property
    def title(self) -> str:
        """The group that it is in."""
        by_class = TITLES.get(self.trait.this_class.__name__, MORE)
        return TITLES_OF_TRAITS.get(self.key, by_class)

    @property
    def is_flag(self) -> bool:
        """Whether it may stand alone, and means yes then."""
        return isinstance(self.trait, Bool)

    @property
    def is_mapping(self) -> bool:
        """Whether it takes KEY=VALUE or JSON."""
        return any(isinstance(member, Dict) for member in self._members)

    @property
    def is_list(self) -> bool:
        """Whether it may be repeated, for one item each time."""
        return any(isinstance(member, List) for member in self._members)

    @property
    def _members(self) -> Sequence[TraitType[Any, Any]]:
        return self.trait.trait_types if isinstance(self.trait, Union) else [self.trait]

    @property
    def takes_text(self) -> bool:
        """Whether something other than a dictionary or a list is right as well."""
        return not all(isinstance(it, (Dict, List)) or _is_callable(it) for it in self._members)

    def value_of(self, texts: Sequence[str]) -> Any:
        """What was said, once or several times. Raises OptionWrong."""
        try:
            value = self._read(texts)
        except (ValueError, TraitError) as error:
            raise self._wrong(str(error)) from error
        for wrong in assign(_with_defaults(), {self.key: value}):
            raise self._wrong(wrong.problem)
        return value

    def _read(self, texts: Sequence[str]) -> Any:
        last = texts[-1]
        if self.trait.allow_none and last == "None":
            return None
        if self.is_mapping and not (self.takes_text and not last.startswith("{")):
            return _joined(texts)
        if self.is_list:
            return [item for text in texts for item in _items(text)]
        return _scalar(self.trait, last)

    def _wrong(self, problem: str) -> OptionWrong:
        return OptionWrong(f"--{self.name}: {problem}")


def _is_callable(trait: TraitType[Any, Any]) -> bool:
    return type(trait).__name__ == "Callable"


def _with_defaults() -> HasTraits:
    return StandaloneTraits()


def _scalar(trait: TraitType[Any, Any], text: str) -> Any:
    try:
        return trait.from_string(text)
    except ValueError:
        return text  # which is refused in words


def _joined(texts: Iterable[str]) -> dict[str, Any]:
    """Of several dictionaries and KEY=VALUE pairs, the later ones count."""
    joined: dict[str, Any] = {}
    for text in texts:
        joined.update(_mapping(text))
    return joined


def _mapping(text: str) -> dict[str, Any]:
    if text.lstrip().startswith("{"):
        value = _literal(text)
        if not isinstance(value, dict):
            raise ValueError('this is no dictionary in JSON, such as {"KEY": "VALUE"}')
        return value
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise ValueError('must be KEY=VALUE, or a dictionary in JSON such as {"KEY": "VALUE"}')
    return {key: value}


def _items(text: str) -> list[Any]:
    value = _literal(text) if text.lstrip().startswith("[") else None
    return value if isinstance(value, list) else [text]


def _literal(text: str) -> Any:
    """JSON, or as in 4.6 Python; None for what is neither."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError):
            continue
    return None


def all_options() -> dict[str, Option]:
    """By name, in the order of the traits' definitions, a group at a time."""
    found: dict[str, Option] = {}
    for definer in StandaloneTraits.__mro__:
        own = definer.class_own_traits(config=True) if issubclass(definer, HasTraits) else {}
        for key in (key for key in vars(definer) if key in own and key not in NOT_OPTIONS):
            option = Option(key.replace("_", "-"), StandaloneTraits.class_traits()[key])
            found.setdefault(option.name, option)
    return found
