"""The documents hang together: links lead somewhere, files that are named exist."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from jupyter_server_proxy.handlers.proxy import HELP_HOSTS

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
READMES = (*ROOT.glob("*/README.md"), *ROOT.glob("examples/*/README.md"))
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *READMES])

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
INCLUDED = re.compile(r"^```\{literalinclude\} (.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# Folders of machines on which somebody may have written this.
MACHINE_PATH = re.compile(r"(?<![\w.~])/(?:home|root|tmp|work|mnt|opt|Users)/")
FILE = re.compile(
    r"(?:jupyter_server_proxy|config|handlers|rules|processes|backend|relay|api|standalone"
    r"|tests|scripts|docs|demo|labextension|benchmarks)/[\w./-]*"
)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    """The text of a page without its code blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """What links into a page can name, by the rule that GitHub and MyST share."""
    found: set[str] = set()
    for heading in HEADING.findall(prose(page)):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = 0
        while (name := f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(name)
    return found


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    links = LINK.findall(CODE.sub("", prose(page)))
    dead = []
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name) if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


@every_page
def test_files_that_are_named_exist(page: Path) -> None:
    named = [name for name in CODE.findall(prose(page)) if FILE.fullmatch(name)]
    places = (ROOT, ROOT / "jupyter_server_proxy")
    assert [name for name in named if not any((at / name).exists() for at in places)] == []


@every_page
def test_files_that_are_shown_exist_and_have_the_marks_between_which_they_are(page: Path) -> None:
    for block in INCLUDED.findall(page.read_text(encoding="utf-8")):
        name, *options = block.splitlines()
        shown = (page.parent / name).read_text(encoding="utf-8")
        marks = re.findall(r"^:(?:start-after|end-before): (.+)$", "\n".join(options), re.MULTILINE)
        assert [mark for mark in marks if mark not in shown] == [], name


@every_page
def test_no_page_shows_the_machine_it_was_written_on(page: Path) -> None:
    assert MACHINE_PATH.findall(page.read_text(encoding="utf-8")) == []


@every_page
def test_make_targets_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z -]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    known = {name for line in targets for name in line.split()}
    assert set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.MULTILINE)) <= known


def test_every_page_of_the_site_can_be_reached() -> None:
    listed = set()
    for index in (DOCS / "index.md", DOCS / "adr" / "index.md"):
        for block in re.findall(r"```\{toctree\}\n(.*?)```", index.read_text(), re.DOTALL):
            for entry in re.findall(r"^(?!:)(\S+)$", block, re.MULTILINE):
                listed |= set(index.parent.glob(f"{entry}.md"))
    assert listed == set(DOCS.rglob("*.md")) - {DOCS / "index.md"}


def test_decisions_are_numbered_without_gaps() -> None:
    records = sorted((DOCS / "adr").glob("[0-9]*.md"))
    numbers = list(range(1, len(records) + 1))
    assert [int(record.name[:4]) for record in records] == numbers
    titles = [record.read_text(encoding="utf-8").partition("\n")[0] for record in records]
    assert [int(re.match(r"# (\d+)\. \w", title)[1]) for title in titles] == numbers  # type: ignore[index]


def test_old_addresses_lead_to_pages_that_exist() -> None:
    moved = runpy.run_path(str(DOCS / "conf.py"))["MOVED"]
    assert [new for new in moved.values() if not (DOCS / f"{new}.md").is_file()] == []
    # The one that error messages name.
    assert re.search(r"/([\w-]+)\.html", HELP_HOSTS)[1] in moved  # type: ignore[index]
