"""Turns outcomes into ratios, a Markdown table and JSON. No measuring here."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from .cases import CASES, GOALS
from .model import Case, Goal, Metric, Outcome
from .peers import TITLES

_US = "new"


@dataclass(slots=True)
class Results:
    """All outcomes by (case, peer), and where they were had."""

    machine: Mapping[str, str]
    outcomes: dict[tuple[str, str], Outcome] = field(default_factory=dict)

    def of(self, case: str, peer: str) -> Outcome:
        return self.outcomes.setdefault((case, peer), Outcome(case, peer))

    def median(self, case: str, peer: str, key: str) -> float | None:
        values = [value for value in self._values(case, peer, key) if value is not None]
        return statistics.median(values) if values else None

    def ratio(self, case: str, key: str, peer: str) -> float | None:
        """The median over the rounds of ours over the peer's in the same round."""
        pairs = zip(self._values(case, _US, key), self._values(case, peer, key), strict=False)
        ratios = [ours / theirs for ours, theirs in pairs if ours is not None and theirs]
        return statistics.median(ratios) if ratios else None

    def _values(self, case: str, peer: str, key: str) -> list[float | None]:
        outcome = self.outcomes.get((case, peer))
        rounds = outcome.rounds if outcome else []
        return [None if one is None else one.get(key) for one in rounds]


def machine() -> dict[str, str]:
    """What a reader needs to know about the place and the day."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    names = ("jupyter-server-proxy", "jupyter_server", "tornado")
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "processor": f"{os.cpu_count()} x {model}",
        "other load at the start": f"{os.getloadavg()[0]:.1f}",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "commit": _commit(),
        **{name: _version(name) for name in names},
    }


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    try:
        done = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def _version(name: str) -> str:
    try:
        return version(name)
    except ImportError:
        return "from the source tree"


def to_json(results: Results) -> str:
    outcomes = [asdict(outcome) for outcome in results.outcomes.values()]
    return json.dumps({"machine": dict(results.machine), "outcomes": outcomes}, indent=1)


def from_json(text: str) -> Results:
    data = json.loads(text)
    results = Results(data["machine"])
    for one in data["outcomes"]:
        results.outcomes[one["case"], one["peer"]] = Outcome(**one)
    return results


def to_markdown(results: Results) -> str:
    """Figures, ratios, goals and what could not be measured, as Markdown."""
    return "\n\n".join(
        part
        for part in (_figures(results), _ratios(results), _goals(results), _failures(results))
        if part
    )


def short(results: Results, case: Case) -> str:
    """One case for the terminal."""
    lines = []
    for metric in case.metrics:
        cells = []
        for peer in case.peers:
            cell = _cell(results, case, metric, peer)
            ratio = results.ratio(case.name, metric.key, peer)
            versus = "" if ratio is None or peer == _US else f" (x{ratio:.2f})"
            cells.append(f"{TITLES[peer]} {cell}{versus}")
        lines.append(f"{metric.title}, {metric.unit}: " + " · ".join(cells))
    return "\n".join(lines)


def _measured(results: Results) -> Iterable[tuple[Case, Metric]]:
    for case in CASES:
        if any((case.name, peer) in results.outcomes for peer in case.peers):
            yield from ((case, metric) for metric in case.metrics)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def _figures(results: Results) -> str:
    peers = tuple(TITLES)
    rows = [
        [
            f"{metric.title}, {metric.unit}" if metric.unit else metric.title,
            *(_cell(results, case, metric, peer) for peer in peers),
        ]
        for case, metric in _measured(results)
    ]
    return "### Figures\n\n" + _table(["", *(TITLES[peer] for peer in peers)], rows)


def _ratios(results: Results) -> str:
    peers = tuple(peer for peer in TITLES if peer != _US)
    rows = []
    for case, metric in _measured(results):
        found = [results.ratio(case.name, metric.key, peer) for peer in peers]
        if any(ratio is not None for ratio in found):
            better = "more is better" if metric.higher_is_better else "less is better"
            cells = ["-" if ratio is None else f"{ratio:.2f}" for ratio in found]
            rows.append([f"{metric.title} ({better})", *cells])
    if not rows:
        return ""
    head = ["ours over theirs", *(TITLES[peer] for peer in peers)]
    return "### Ratios\n\n" + _table(head, rows)


def _goals(results: Results) -> str:
    owner = {metric.key: (case, metric) for case, metric in _measured(results)}
    rows = []
    for goal in GOALS:
        if goal.metric not in owner:
            continue
        case, metric = owner[goal.metric]
        value = goal_value(results, case, goal)
        limit = f"{'>=' if goal.at_least else '<='} {goal.limit:.3g}"
        unit = f"of {TITLES[goal.against]}" if goal.against else metric.unit
        verdict = "not measured" if value is None else "met" if goal.is_met(value) else "**missed**"
        rows.append([metric.title, f"{limit} {unit}", _number(value), verdict])
    return "### Goals\n\n" + _table(["", "goal", "here", ""], rows)


def goal_value(results: Results, case: Case, goal: Goal) -> float | None:
    """Our median, or the ratio where the goal names a peer; first bytes count beyond direct."""
    if goal.against:
        return results.ratio(case.name, goal.metric, goal.against)
    ours = results.median(case.name, _US, goal.metric)
    direct = results.median(case.name, "direct", goal.metric)
    return ours if ours is None or direct is None else ours - direct


def _failures(results: Results) -> str:
    seen = {
        f"- {one.case}, {TITLES[one.peer]}: {reason}"
        for one in results.outcomes.values()
        for reason in one.failures
    }
    return "### Not measured\n\n" + "\n".join(sorted(seen)) if seen else ""


def _cell(results: Results, case: Case, metric: Metric, peer: str) -> str:
    value = results.median(case.name, peer, metric.key)
    if value is not None:
        return f"{value:,.{metric.digits}f}"
    outcome = results.outcomes.get((case.name, peer))
    return outcome.failures[0].replace("|", "/") if outcome and outcome.failures else "-"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
