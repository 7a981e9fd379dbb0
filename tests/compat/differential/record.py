"""What a backend saw and what a client got, as plain values that can be compared."""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Field = tuple[str, str]
LONGEST_SHOWN = 400


@dataclass
class Seen:
    """One request as it arrived at the backend."""

    line: str
    fields: list[Field]
    body: str

    def lines(self) -> list[str]:
        return [self.line, *_field_lines(self.fields), f"body {self.body}"]


@dataclass
class Record:
    """What came of one case. `facts` holds what is no HTTP: messages, settings, processes.

    `status` 0 means no answer at all; `ending` how the answer ended; `page` is set for an
    answer of Jupyter or of the proxy itself, whose text is nobody's promise.
    """

    seen: list[Seen] = field(default_factory=list)
    status: int = 0
    reason: str = ""
    fields: list[Field] = field(default_factory=list)
    body: str = ""
    ending: str = "complete"
    page: str = ""
    activity: str = ""
    facts: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        found = []
        for number, seen in enumerate(self.seen, 1):
            found += [f"backend {number}: {line}" for line in seen.lines()]
        if self.status or not self.facts:
            found += [f"client: {self.status} {self.reason}"]
            found += [f"client: {line}" for line in _field_lines(self.fields)]
            found += [f"client: body {self.body}", f"client: ending {self.ending}"]
        found += [f"client: a page of ours, {self.page}"] if self.page else []
        found += self.facts
        return [*found, f"activity: {self.activity}"]

    def copy(self) -> Record:
        return copy.deepcopy(self)


def _field_lines(fields: Iterable[Field]) -> list[str]:
    """The order of fields with different names means nothing (RFC 9110 section 5.3)."""
    ordered = sorted(fields, key=lambda field: field[0].lower())
    return [f"{name}: {value}" for name, value in ordered]


def values(fields: Iterable[Field], name: str) -> list[str]:
    return [value for key, value in fields if key.lower() == name.lower()]


def without(fields: Iterable[Field], *names: str) -> list[Field]:
    dropped = {name.lower() for name in names}
    return [(key, value) for key, value in fields if key.lower() not in dropped]


@dataclass(frozen=True)
class Masks:
    """Replaces what differs from one server to the next by its name."""

    words: Sequence[tuple[str, str]]

    def __call__(self, text: str | bytes) -> str:
        text = text.decode("latin-1") if isinstance(text, bytes) else text
        for word, name in self.words:
            pattern = (
                rf"(?<![0-9]){re.escape(word)}(?![0-9])" if word.isdigit() else re.escape(word)
            )
            text = re.sub(pattern, name, text)
        return text

    def fields(self, raw: Iterable[tuple[bytes, bytes]]) -> list[Field]:
        return [(self(name), self(value)) for name, value in raw]

    def body(self, data: bytes) -> str:
        if len(data) > LONGEST_SHOWN:
            return f"{len(data)} bytes, {hashlib.sha256(data).hexdigest()[:12]}"
        return repr(self(data))
