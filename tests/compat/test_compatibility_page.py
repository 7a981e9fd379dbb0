"""docs/reference/compatibility.md and the list of deviations say the same."""

from __future__ import annotations

import re

import pytest
from released_suite import ROOT, Deviation, deviations

PAGE = ROOT / "docs" / "reference" / "compatibility.md"
TEST_NAME = re.compile(r"`(test_\w+)`")


def section(title: str) -> str:
    """The text under the heading `title`, with its lines joined."""
    text = PAGE.read_text()
    found = re.search(rf"^### {re.escape(title)}\n(.*?)(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
    assert found is not None, f"there is no heading {title!r} in {PAGE.name}"
    return " ".join(found[1].split())


def names(deviation: Deviation) -> set[str]:
    return {re.split(r"::|\[", test)[1] for test in deviation.tests}


@pytest.mark.parametrize("deviation", deviations(), ids=lambda deviation: deviation.title)
def test_each_deviation_is_on_the_page_with_its_reason_and_its_tests(deviation: Deviation) -> None:
    text = section(deviation.title)
    assert deviation.reason in text.replace("`", "")
    assert set(TEST_NAME.findall(text)) == names(deviation)


def test_the_page_names_no_test_that_is_not_listed() -> None:
    on_page = set(TEST_NAME.findall(PAGE.read_text()))
    assert on_page == {name for deviation in deviations() for name in names(deviation)}
