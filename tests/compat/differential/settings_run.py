"""The same settings, read by both installations."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from .corpus_settings import SettingsCase
from .record import Record
from .run import Pair

PROBE = Path(__file__).with_name("settings_probe.py")


def compare_settings(pythons: Sequence[str], cases: Iterable[SettingsCase]) -> list[Pair]:
    """One process for each of the two interpreters: 4.6.0's and ours."""
    cases = list(cases)
    asked = json.dumps({case.name: (case.kind, case.expression) for case in cases})
    released, ours = (_told(python, asked) for python in pythons)
    return [Pair(case, _record(released[case.name]), _record(ours[case.name])) for case in cases]


def _record(facts: list[str]) -> Record:
    return Record(facts=facts)


def _told(python: str, asked: str) -> dict[str, list[str]]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER")}
    done = subprocess.run(
        [python, str(PROBE)],
        input=asked,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, list[str]] = json.loads(done.stdout)
    return told
