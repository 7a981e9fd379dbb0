"""Why a service failed: the same facts for people and for programs."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from _harness.client import fetch
from _harness.jupyter import Jupyter
from _harness.message import Message

JUPYTER_CONFIG = """
def failing(code, **options):
    return {
        "command": [sys.executable, "-u", "-c", code, "--token=s3cr3t", "{port}"],
        "restart": "never",
        **options,
    }

LINES = "for number in range(70): print('line', number)\\n"
c.ServerProxy.servers = {
    "exits": failing(LINES + "print('<b>&'); import sys; sys.exit(3)"),
    "killed": failing("import os; os.kill(os.getpid(), 9)"),
    "missing": {"command": ["no-such-program-anywhere", "{port}"]},
    "dawdles": failing("import threading; threading.Event().wait()", timeout=0.5, stop_timeout=1),
    "again": failing("import sys; sys.exit(4)", restart="on-failure"),
    "returns": failing("import time; time.sleep(1); raise SystemExit(5)"),
}
"""
VISIT = [
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "document"),
]
PROGRAM = [("Accept", "application/json")]
# Waits for the end of the start, and gets a page all the same.
PATIENT_PERSON = [("Accept", "text/html")]


def visible(page: Message) -> str:
    """The text of a page."""
    text = re.sub(r"(?s)<(style|script)[^>]*>.*?</\1>", "", page.body.decode())
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def view(page: Message) -> str:
    found = re.search(r'<main data-view="(\w+)"', page.body.decode())
    assert found, page.body
    return found[1]


async def problem(jupyter: Jupyter, name: str, status: int = 503) -> Any:
    answer = await fetch(jupyter, f"/{name}/", fields=PROGRAM)
    assert answer.status == status
    assert answer.get("Content-Type") == b"application/problem+json"
    return json.loads(answer.body)


async def test_people_see_all_that_helps(jupyter: Jupyter) -> None:
    page = await fetch(jupyter, "/exits/a?secret=1", fields=PATIENT_PERSON)
    assert (page.status, view(page)) == (503, "failed")
    text = visible(page)
    assert "exits: it exited with code 3 before it was ready" in text
    assert "How it ended exited with code 3" in text
    assert "Attempt 1 Next try when you retry" in text
    assert "--token=****" in text
    assert b"s3cr3t" not in page.body
    # Fifty lines: the last of them, and 49 of those before.
    assert "line 21 line 22" in text
    assert "line 69 <b>&" in text
    assert "line 20 " not in text
    assert "Retry" in text
    assert "Copy report" in text
    assert b"http-equiv" not in page.body


async def test_programs_get_the_same_facts(jupyter: Jupyter) -> None:
    await fetch(jupyter, "/exits/")
    told = await problem(jupyter, "exits")
    assert (told["service"], told["state"]) == ("exits", "failed")
    failure = told["last_failure"]
    assert (failure["words"], failure["returncode"]) == ("exited with code 3", 3)
    assert (failure["signal"], failure["out_of_memory"]) == (None, False)
    assert len(failure["output"]) == 50
    assert failure["output"][-1] == "<b>&"
    assert "--token=****" in failure["command"]


async def test_a_signal_in_words(jupyter: Jupyter) -> None:
    failure = (await problem(jupyter, "killed"))["last_failure"]
    assert failure["words"].startswith("was killed by signal 9 (SIGKILL)")
    assert (failure["signal"], failure["returncode"]) == ("SIGKILL", -9)


@pytest.mark.parametrize("fields", [VISIT, PATIENT_PERSON])
async def test_a_program_that_is_missing_is_said_at_once(jupyter: Jupyter, fields: Any) -> None:
    page = await fetch(jupyter, "/missing/", fields=fields)
    while view(page) == "starting":  # on a machine that is busy it takes longer than a moment
        page = await fetch(jupyter, "/missing/", fields=VISIT)
    assert view(page) == "failed"
    assert "no-such-program-anywhere" in visible(page)


async def test_a_start_that_took_too_long(jupyter: Jupyter) -> None:
    told = await problem(jupyter, "dawdles", 504)
    assert "it was not ready within 0.5 seconds" in told["last_failure"]["reason"]


async def test_when_it_is_tried_again_by_itself(jupyter: Jupyter) -> None:
    told = await problem(jupyter, "again")
    assert told["last_failure"]["retry_at"] > told["last_failure"]["failed_at"]
    assert (await problem(jupyter, "exits"))["last_failure"]["retry_at"] is None


async def test_a_visit_tries_again_and_the_page_that_returns_tells_how_it_ended(
    jupyter: Jupyter,
) -> None:
    """As in a browser without scripts, where the start page refreshes itself."""
    page = await fetch(jupyter, "/returns/", fields=VISIT)
    assert view(page) == "starting"
    while view(page) == "starting":
        page = await fetch(jupyter, "/returns/", fields=VISIT)
    assert view(page) == "failed"
    assert "exited with code 5" in visible(page)
    # Only then a visit is a wish for another try.
    assert view(await fetch(jupyter, "/returns/", fields=VISIT)) == "starting"
