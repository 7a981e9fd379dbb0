from __future__ import annotations

from jupyter_server_proxy.standalone.tries import (
    FORGOTTEN_AFTER,
    FREE_TRIES,
    LONGEST_WAIT,
    MOST_REMEMBERED,
    Tries,
)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_each_try_too_many_doubles_the_wait() -> None:
    clock = Clock()
    tries = Tries(clock)
    waits = []
    for _ in range(FREE_TRIES + 8):
        tries.note_wrong("a")
        waits.append(tries.wait("a"))
    free = [0.0] * (FREE_TRIES - 1)
    assert waits == [*free, 1, 2, 4, 8, 16, 32, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT]
    assert tries.wait("b") == 0
    clock.now += 20
    assert tries.wait("a") == LONGEST_WAIT - 20
    clock.now += LONGEST_WAIT
    assert tries.wait("a") == 0


def test_it_is_said_how_many_are_free_and_how_long_the_wait_becomes() -> None:
    tries = Tries(Clock(), free=20, longest_wait=2)
    waits = []
    for _ in range(24):
        tries.note_wrong("a")
        waits.append(tries.wait("a"))
    assert waits == [*[0.0] * 19, 1, 2, 2, 2, 2]


def test_what_was_right_or_is_long_ago_is_forgiven() -> None:
    clock = Clock()
    tries = Tries(clock)
    for _ in range(FREE_TRIES):
        tries.note_wrong("a")
        tries.note_wrong("b")
    tries.note_right("a")
    clock.now += FORGOTTEN_AFTER + 1
    assert (tries.wait("a"), tries.wait("b")) == (0, 0)
    tries.note_wrong("b")
    assert tries.wait("b") == 0


def test_many_origins_cannot_fill_it() -> None:
    tries = Tries(Clock())
    for number in range(MOST_REMEMBERED + 100):
        tries.note_wrong(str(number))
    assert len(tries._records) == MOST_REMEMBERED
