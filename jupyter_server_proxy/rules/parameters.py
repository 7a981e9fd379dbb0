"""Values that an instance of a service may be given, each of a declared type. No I/O here.

They become parts of arguments, of environment values and of the working directory, never text
that a shell or an interpreter reads as a program.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from .wording import described

Value = str | int

# Characters; far below what one argument of a process may have (128 KiB on Linux).
LONGEST_TEXT = 8192


class Kind(Enum):
    """What a value is."""

    STRING = "string"
    INTEGER = "integer"
    CHOICE = "choice"
    PATH = "path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One declared parameter. `default` is None where nothing was said about it.

    `is_argument`: an argument may begin with its text, which then must not look like an option.
    `is_rendered`: its text may be part of a template, where a brace would mean something.
    """

    name: str
    kind: Kind
    default: Value | None = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    description: str = ""
    is_argument: bool = False
    is_rendered: bool = False

    def checked(self, value: object) -> Value:
        """`value` if it is fit. Raises ValueError that says what is right; of a path only the
        text is looked at."""
        match self.kind:
            case Kind.INTEGER:
                return self._integer(value)
            case Kind.CHOICE:
                return self._choice(value)
            case Kind.STRING:
                return self._option_free(_text(value, "a string"))
        return _text(value, "a path below Jupyter's root directory, as a string")

    def implied(self) -> Value:
        """What is taken where neither a value nor a default is given."""
        match self.kind:
            case Kind.INTEGER:
                low = 0 if self.minimum is None else self.minimum
                return low if self.maximum is None else min(low, self.maximum)
            case Kind.CHOICE:
                return self.choices[0]
        return ""

    def declaration(self) -> dict[str, Any]:
        """How it was declared, for programs that ask people for values."""
        said = {
            "default": self.default,
            "choices": list(self.choices) or None,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "description": self.description or None,
        }
        return {
            "type": self.kind.value,
            **{key: value for key, value in said.items() if value is not None},
        }

    def _integer(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"must be a whole number, not {described(value)}")
        if self.minimum is not None and value < self.minimum:
            raise ValueError(f"must be {self.minimum} or more, not {described(value)}")
        if self.maximum is not None and value > self.maximum:
            raise ValueError(f"must be {self.maximum} or less, not {described(value)}")
        if abs(value) > 2**63:
            raise ValueError("is too large a number")
        return value

    def _choice(self, value: object) -> str:
        if isinstance(value, str) and value in self.choices:
            return value
        raise ValueError(f"must be one of {', '.join(self.choices)}, not {described(value)}")

    def _option_free(self, text: str) -> str:
        if self.is_argument and text.startswith("-"):
            raise ValueError('must not start with "-": the program would take it for an option')
        return text


def _text(value: object, expected: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be {expected}, not {described(value)}")
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"must not be longer than {LONGEST_TEXT} characters")
    if not is_text(value):
        raise ValueError("must not hold a NUL or half a character")
    return value


def is_text(value: str) -> bool:
    """No NUL, which no argument can hold, and no lone surrogates, which JSON can spell."""
    if value.isprintable():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value
