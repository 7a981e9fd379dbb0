"""Which traffic keeps a child from being stopped as idle, as a table with a clock of our own."""

from __future__ import annotations

import pytest

from jupyter_server_proxy.rules.idle import (
    ANSWERED,
    REQUEST_BEGUN,
    REQUEST_ENDED,
    REQUEST_FAILED,
    STREAM_BEGUN,
    STREAM_CONTROL,
    STREAM_DATA,
    STREAM_ENDED,
    IdleClock,
)

READY_AT = 1000.0
TIMEOUT = 60.0

# What happens, at how many seconds after the child is ready; then how many seconds after that it is
# stopped as idle. None: not as long as nothing else happens.
TRAFFIC = {
    "nothing at all": ([], 60),
    "a request": ([(10, REQUEST_BEGUN), (10.1, ANSWERED), (10.2, REQUEST_ENDED)], 70.2),
    "a request that is being worked on": ([(10, REQUEST_BEGUN)], None),
    "a long download": ([(10, REQUEST_BEGUN), (11, ANSWERED)], None),
    "the end of a long download": (
        [(10, REQUEST_BEGUN), (11, ANSWERED), (5000, REQUEST_ENDED)],
        5060,
    ),
    "a request without an answer": ([(10, REQUEST_BEGUN), (30, REQUEST_FAILED)], 60),
    "two requests, one of them still going on": (
        [(10, REQUEST_BEGUN), (11, REQUEST_BEGUN), (12, ANSWERED), (13, REQUEST_ENDED)],
        None,
    ),
    "one in vain after one that was answered": (
        [
            (10, REQUEST_BEGUN),
            (11, ANSWERED),
            (12, REQUEST_ENDED),
            (40, REQUEST_BEGUN),
            (45, REQUEST_FAILED),
        ],
        72,
    ),
    "a tunnel that is open and silent": ([(10, REQUEST_BEGUN), (10, STREAM_BEGUN)], 70),
    "a tunnel with data": (
        [(10, REQUEST_BEGUN), (10, STREAM_BEGUN), (50, STREAM_DATA), (90, STREAM_DATA)],
        150,
    ),
    "a tunnel with pings": (
        [(10, REQUEST_BEGUN), (10, STREAM_BEGUN), (50, STREAM_CONTROL), (69, STREAM_CONTROL)],
        70,
    ),
    "a tunnel that is closed": (
        [(10, REQUEST_BEGUN), (10, STREAM_BEGUN), (20, STREAM_DATA), (60, STREAM_ENDED)],
        80,
    ),
    "a tunnel that the application has refused": (
        [(10, REQUEST_BEGUN), (12, ANSWERED), (12, REQUEST_ENDED)],
        72,
    ),
    "a request beside a silent tunnel": (
        [(10, REQUEST_BEGUN), (10, STREAM_BEGUN), (30, REQUEST_BEGUN)],
        None,
    ),
}


@pytest.mark.parametrize(("events", "stopped_at"), TRAFFIC.values(), ids=TRAFFIC.keys())
def test_when_it_is_idle(events, stopped_at) -> None:
    clock = IdleClock()
    clock.begin(READY_AT)
    last = 0.0
    for at, sign in events:
        clock.note(sign, READY_AT + at)
        last = at
    if stopped_at is None:
        assert clock.remaining(TIMEOUT, READY_AT + 1e6) == TIMEOUT
    else:
        remaining = clock.remaining(TIMEOUT, READY_AT + last)
        assert last + remaining == pytest.approx(stopped_at)


def test_the_use_of_an_earlier_child_does_not_shorten_the_time_of_this_one() -> None:
    clock = IdleClock()
    clock.begin(READY_AT)
    clock.note(REQUEST_BEGUN, READY_AT)
    clock.note(REQUEST_ENDED, READY_AT)
    clock.begin(READY_AT + 500)
    assert clock.remaining(TIMEOUT, READY_AT + 500) == TIMEOUT
    assert clock.last_use == READY_AT
