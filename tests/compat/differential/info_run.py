"""What Jupyter tells of the services: the list, and the icons."""

from __future__ import annotations

import json

from .exchange import Case, exchange_only
from .record import Record, values
from .sides import Side


class InfoCase(Case):
    """A question about the services, not to one of them."""


async def info(side: Side, case: InfoCase) -> Record:
    record, body = await exchange_only(side, case)
    record.activity = ""
    if record.status == 200:
        record.facts = _entries(body, side) if record.page == "application/json" else []
        record.body = "" if record.facts else side.masks.body(body)
        record.page = record.page or "".join(values(record.fields, "Content-Type"))
    return record


def _entries(body: bytes, side: Side) -> list[str]:
    """One line for each value of each service."""
    told = json.loads(side.masks(body.decode()))
    lines = [f"key {key}" for key in told]
    for entry in told["server_processes"]:
        for key, value in _flat(entry):
            lines.append(f"{entry['name']}: {key} = {json.dumps(value)}")
    return sorted(lines)


def _flat(entry: dict, prefix: str = "") -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for key, value in entry.items():
        if isinstance(value, dict):
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append((prefix + key, value))
    return found
