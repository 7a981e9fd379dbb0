"""What is wrong with a configured value, in words: which key, what came, what is right.

Values are described by type and, where they are plain, by value; what is inside an
environment or a header is never shown, because it may be a secret. No I/O here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from traitlets import HasTraits, TraitError, TraitType

from ..rules.wording import described


class WrongValue(TraitError):
    """One key holds a value of the wrong type or range; `key` may be dotted."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key
        self.problem = problem


def assign(owner: HasTraits, settings: Mapping[str, Any], *, prefix: str = "") -> list[WrongValue]:
    """Set each of `settings` on `owner`, whose traits they are; the errors, one per bad key."""
    errors = []
    for key, value in settings.items():
        try:
            setattr(owner, key, value)
        except WrongValue as error:
            errors.append(error)
        except TraitError:
            trait = owner.traits()[key]
            came = "a string" if is_secret_text(trait, value) else described(value)
            problem = f"must be {what_is_right(trait)}, not {came}"
            errors.append(WrongValue(prefix + key, problem))
    return errors


def what_is_right(trait: TraitType[Any, Any]) -> str:
    """The values `trait` takes: its own words (metadata `expects`), else traitlets'."""
    return str(trait.metadata.get("expects") or trait.info())


def is_secret_text(trait: TraitType[Any, Any], value: object) -> bool:
    """Whether `value` is text that must not be shown (metadata `secret` of `trait`)."""
    return isinstance(value, str) and bool(trait.metadata.get("secret"))


def unknown_key(key: str, known: Collection[str]) -> str:
    """The warning for a key that means nothing here, with the nearest one that does."""
    return f"unknown key {key!r} is ignored{nearest(key, known)}"


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name, "" when none of `known` is near."""
    import difflib  # noqa: PLC0415 - only for mistakes

    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
