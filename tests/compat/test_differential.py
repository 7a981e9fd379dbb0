"""The released 4.6.0 and this package, side by side: every difference has a name and a reason.

Both get the same configuration, packages and requests. What backends saw, what clients got
and what children were started with is compared; `differential/named_*.py` say what is meant
to differ, docs/reference/compatibility.md why.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from differential.corpus_settings import settings
from differential.differences import NAMED
from differential.groups import DEFAULT, FORWARDING, OPTIONS
from differential.released import released_python
from differential.run import Pair, compare, difference
from differential.settings_run import compare_settings
from differential.sides import FORWARD_CREDENTIALS, Side, running
from released_suite import ROOT

PAGE = ROOT / "docs" / "reference" / "compatibility.md"
FEWEST_CASES = 2000
SECONDS_TO_INSTALL = 300
pytestmark = pytest.mark.timeout(SECONDS_TO_INSTALL)


@dataclass
class Comparison:
    """What was compared so far, and which named differences were met."""

    used: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)

    def check(self, group: str, pairs: list[Pair]) -> None:
        self.counts[group] = len(pairs)
        found = [f"{pair.case.name}\n{text}" for pair in pairs if (text := self._unnamed(pair))]
        shown = "\n\n".join(found[:20])
        assert not found, f"{len(found)} of {len(pairs)} differ without a name:\n\n{shown}"

    def _unnamed(self, pair: Pair) -> str:
        return difference(pair, self.used)


@dataclass(frozen=True)
class Sides:
    released: Side
    forwarding: Side
    default: Side
    released_with_options: Side
    with_options: Side


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return Comparison()


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    folder = tmp_path_factory.mktemp("sides")
    python = released_python()
    options = {"WITH_OPTIONS": "yes"}
    servers = (
        running(folder / "released", "released", python),
        running(folder / "forwarding", "ours", sys.executable, config=FORWARD_CREDENTIALS),
        running(folder / "default", "ours", sys.executable),
        running(folder / "released-options", "released", python, env=options),
        running(
            folder / "options", "ours", sys.executable, config=FORWARD_CREDENTIALS, env=options
        ),
    )
    with ExitStack() as stack, ThreadPoolExecutor(len(servers)) as pool:
        yield Sides(*pool.map(stack.enter_context, servers))


@pytest.mark.parametrize("group", FORWARDING)
async def test_every_difference_has_a_name(
    sides: Sides, comparison: Comparison, group: str
) -> None:
    pairs = await compare((sides.released, sides.forwarding), FORWARDING[group])
    comparison.check(group, pairs)


@pytest.mark.parametrize("group", DEFAULT)
async def test_every_difference_has_a_name_with_the_settings_of_today(
    sides: Sides, comparison: Comparison, group: str
) -> None:
    pairs = await compare((sides.released, sides.default), DEFAULT[group])
    comparison.check(group, pairs)


@pytest.mark.parametrize("group", OPTIONS)
async def test_every_difference_has_a_name_with_options_for_all(
    sides: Sides, comparison: Comparison, group: str
) -> None:
    pairs = await compare((sides.released_with_options, sides.with_options), OPTIONS[group])
    comparison.check(group, pairs)


def test_every_difference_in_what_is_accepted_has_a_name(comparison: Comparison) -> None:
    pythons = (released_python(), sys.executable)
    comparison.check("settings", compare_settings(pythons, settings()))


def test_every_named_difference_was_met(comparison: Comparison) -> None:
    groups = {*FORWARDING, *DEFAULT, *OPTIONS, "settings"}
    if comparison.counts.keys() != groups:
        pytest.skip("not all groups of cases were compared")
    unmet = {title for title, _, _ in NAMED} - comparison.used
    assert not unmet, f"{sorted(unmet)} are named, but were not met"
    assert sum(comparison.counts.values()) >= FEWEST_CASES


def test_every_named_difference_is_on_the_page() -> None:
    headings = set(re.findall(r"^### (.+)$", PAGE.read_text(), re.MULTILINE))
    missing = {title for title, _, _ in NAMED} - headings
    assert not missing, f"{sorted(missing)} are no headings of {PAGE.name}"
