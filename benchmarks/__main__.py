"""`python -m benchmarks`: measure, print ratios, write JSON, a Markdown table and a plot."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import resource
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from .cases import CASES
from .lab import Lab
from .model import FULL, QUICK, CannotMeasureError, Case, Effort, ToolMissingError
from .peers import STARTERS, TITLES
from .plot import growth_svg
from .report import Results, from_json, machine, short, to_json, to_markdown
from .standalone import STANDALONE
from .tools import Tools

_ROOT = Path(__file__).parent.parent
_BUILD = _ROOT / "build" / "bench"
_PAGE = _ROOT / "docs" / "benchmarks.md"
_PLOT = _ROOT / "docs" / "benchmarks-growth.svg"
_BEGIN, _END = "<!-- table: begin -->", "<!-- table: end -->"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options().parse_args(arguments)
    cases = [case for case in CASES if _is_wanted(case, options.only)]
    if not cases:
        print("bench: no case has such a name; cases:", *(case.name for case in CASES))
        return 2
    effort = QUICK if options.quick else FULL
    if options.rounds:
        effort = dataclasses.replace(effort, rounds=options.rounds)
    results = Results({**machine(), "run": "quick" if options.quick else "full"})
    _BUILD.mkdir(parents=True, exist_ok=True)
    written = _BUILD / ("quick.json" if options.quick else "results.json")
    if options.keep and written.exists():
        results = from_json(written.read_text())
    _prepare_process()
    with Lab(Tools(_BUILD), {**STARTERS, **STANDALONE}) as lab:
        for case in cases:
            _measure(lab, case, effort, results, _peers(case, options.peers))
            print(short(results, case), flush=True)
            written.write_text(to_json(results))
    written.with_suffix(".md").write_text(to_markdown(results) + "\n")
    print(f"bench: written to {written} and {written.with_suffix('.md')}")
    if options.publish:
        _publish(results)
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short loads and few rounds")
    parser.add_argument("--only", action="append", metavar="CASE", help="cases so beginning")
    parser.add_argument("--peers", metavar="A,B", help=f"some of {', '.join(TITLES)}")
    parser.add_argument("--rounds", type=int, help="rounds instead of the usual number")
    parser.add_argument("--keep", action="store_true", help="add to what was measured before")
    parser.add_argument("--publish", action="store_true", help=f"put the tables into {_PAGE.name}")
    return parser


def _is_wanted(case: Case, only: Sequence[str] | None) -> bool:
    return only is None or any(case.name.startswith(prefix) for prefix in only)


def _peers(case: Case, wanted: str | None) -> tuple[str, ...]:
    chosen = set(wanted.split(",")) if wanted else set(TITLES)
    return tuple(peer for peer in case.peers if peer in chosen)


def _measure(lab: Lab, case: Case, effort: Effort, results: Results, peers: Sequence[str]) -> None:
    """All peers once per round, so that noise hits them alike; each round begins one peer later."""
    for peer in peers:
        results.outcomes.pop((case.name, peer), None)
    for number in range(min(effort.rounds, case.most_rounds)):
        for peer in _rotated(peers, number):
            outcome = results.of(case.name, peer)
            if len(outcome.failures) > 1:
                outcome.fail(outcome.failures[0])
                continue
            try:
                outcome.add(case.measure(lab, peer, effort))
            except (CannotMeasureError, ToolMissingError) as error:
                outcome.fail(str(error))
                lab.stop(peer)


def _rotated(peers: Sequence[str], by: int) -> Iterator[str]:
    at = by % len(peers) if peers else 0
    yield from peers[at:]
    yield from peers[:at]


def _prepare_process() -> None:
    """Room for thousands of sockets, and an orderly end when told to stop."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def stop(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)


def _publish(results: Results) -> None:
    """Replaces the tables in the documentation; its text stays as people wrote it."""
    page = _PAGE.read_text()
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    facts = "; ".join(f"{name} {value}" for name, value in results.machine.items())
    table = f"{_BEGIN}\n\nMeasured: {facts}.\n\n{to_markdown(results)}\n\n{_END}"
    _PAGE.write_text(before + table + after)
    _PLOT.write_text(growth_svg(results))


if __name__ == "__main__":
    sys.exit(main())
