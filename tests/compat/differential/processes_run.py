"""A child started by its first request: what it was started with, and what it saw."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from .exchange import Case, exchange_only
from .record import Field, Masks, Record
from .sides import Side

# Not the same for two servers, or the test's own.
NO_MATTER = (
    "JPY_PARENT_PID",
    "JUPYTER_SERVER_PROXY_TEST_SERVER",
    "MAIN",
    "PYTEST_CURRENT_TEST",
    "PYTHONUNBUFFERED",
    "SHLVL",
    "TMPDIR",
    "_",
)
# Of each child of ours, by which it is found again.
MARK = "JUPYTER_SERVER_PROXY_CHILD"
# Of a service's own page; nothing more is compared of it.
STARTED = 200


@dataclass(frozen=True)
class ChildCase:
    """The first request to a service, at `path` below it."""

    name: str
    service: str
    path: str = "/a%20b?c=d"
    fields: tuple[Field, ...] = ()


async def start(side: Side, case: ChildCase) -> Record:
    request = Case(case.name, b"/" + case.service.encode(), case.path.encode(), fields=case.fields)
    record, body = await exchange_only(side, request)
    record.activity = ""
    if record.status == STARTED and not record.page:
        record.facts = _told(json.loads(body), side)
        record.body = ""
        record.fields = []
    return record


def _told(told: dict[str, Any], side: Side) -> list[str]:
    kind, where = told["argv"][:2]
    name = "CHILD" if kind == "--port" else "CHILD_SOCKET"
    masks = Masks([(where, name), *side.masks.words])
    lines = [f"argv {masks(json.dumps(told['argv']))}", f"cwd {masks(told['cwd'])}"]
    for name, value in sorted(told["environ"].items()):
        if name not in NO_MATTER and os.environ.get(name) != value:
            shown = "MARK" if name == MARK else masks(value)
            lines.append(f"environment {masks(name)}={shown}")
    lines.append(f"line {masks(told['line'])}")
    lines += [f"field {masks(name)}: {masks(value)}" for name, value in told["fields"]]
    return sorted(lines, key=str.lower)
