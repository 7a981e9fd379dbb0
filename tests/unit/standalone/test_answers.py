from __future__ import annotations

import asyncio

import pytest

from jupyter_server_proxy.standalone.answers import Answers


async def test_an_answer_is_remembered_as_long_as_it_is_said() -> None:
    asked = []

    async def ask() -> str:
        asked.append(1)
        return "ann"

    answers: Answers[str] = Answers(3600)
    assert [await answers.find("token", ask) for _ in range(3)] == ["ann"] * 3
    assert len(asked) == 1
    answers.forget("token")
    await answers.find("token", ask)
    assert len(asked) == 2
    old: Answers[str] = Answers(0)
    for _ in range(2):
        await old.find("token", ask)
    assert len(asked) == 4


async def test_all_who_ask_at_once_share_an_answer_or_a_failure() -> None:
    asked = []
    release = asyncio.Event()

    async def ask() -> str:
        asked.append(1)
        await release.wait()
        raise OSError("down")

    answers: Answers[str] = Answers(3600)
    waiting = [asyncio.create_task(answers.find("token", ask)) for _ in range(5)]
    gone = asyncio.create_task(answers.find("token", ask))
    await asyncio.sleep(0)
    gone.cancel()
    release.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(result) for result in results] == ["down"] * 5
    assert len(asked) == 1
    with pytest.raises(OSError, match="down"):
        await answers.find("token", ask)
    assert len(asked) == 2


async def find(answers: Answers[str | None], question: str, answer: str | None) -> bool:
    """Whether it had to be asked."""
    asked = False

    async def ask() -> str | None:
        nonlocal asked
        asked = True
        return answer

    assert await answers.find(question, ask) == answer
    return asked


async def test_what_was_asked_in_vain_takes_the_place_of_nothing_known() -> None:
    answers: Answers[str | None] = Answers(3600, capacity=3, in_vain=3)
    assert await find(answers, "token of ann", "ann")
    for number in range(10):
        assert await find(answers, f"wrong {number}", None)
    assert not await find(answers, "token of ann", "ann")
    assert [await find(answers, f"wrong {number}", None) for number in (9, 8, 7, 0)] == [
        False,
        False,
        False,
        True,
    ]


async def test_what_is_of_use_stays() -> None:
    answers: Answers[str | None] = Answers(3600, capacity=3)
    for number in range(10):
        await find(answers, "token of ann", "ann")
        await find(answers, f"token {number}", "bob")
    assert not await find(answers, "token of ann", "ann")
    assert await find(answers, "token 0", "bob")
