"""Whose silence it is, in a loop whose clock the test turns."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from jupyter_server_proxy.errors import ResponseTimedOut
from jupyter_server_proxy.relay import watchdog
from jupyter_server_proxy.relay.watchdog import Watchdog


class FakeLoop:
    def __init__(self) -> None:
        self.due = None

    def call_later(self, seconds, look):
        self.due = look
        return SimpleNamespace(cancel=self._cancel)

    def _cancel(self) -> None:
        self.due = None

    def period(self) -> None:
        look, self.due = self.due, None
        look()


class FakeCall:
    def __init__(self) -> None:
        self.exchange = SimpleNamespace(received=0, has_buffered=False)
        self.sent = 0
        self.is_held_up = False
        self.failure = None

    def fail(self, failure) -> None:
        self.failure = failure


@pytest.fixture
def loop(monkeypatch):
    loop = FakeLoop()
    monkeypatch.setattr(watchdog.asyncio, "get_running_loop", lambda: loop)
    return loop


def test_silence_for_a_whole_period_fails_the_call(loop):
    call = FakeCall()
    with Watchdog(2.0, call, is_body_sent=lambda: True):
        loop.period()
    assert isinstance(call.failure, ResponseTimedOut)
    assert "2 seconds" in call.failure.message
    assert loop.due is None


def test_bytes_of_the_answer_put_it_off(loop):
    call = FakeCall()
    with Watchdog(2.0, call, is_body_sent=lambda: True):
        for _ in range(3):
            call.exchange.received += 1
            loop.period()
            assert call.failure is None
        loop.period()
    assert call.failure is not None


def test_an_answer_that_waits_here_is_not_silence(loop):
    call = FakeCall()
    call.exchange.has_buffered = True
    with Watchdog(2.0, call, is_body_sent=lambda: True):
        for _ in range(3):
            loop.period()
        assert call.failure is None
        call.exchange.has_buffered = False
        loop.period()
        assert call.failure is None
        loop.period()
    assert call.failure is not None


def test_a_client_that_has_not_sent_all_is_not_the_backends_silence(loop):
    call = FakeCall()
    is_sent = False
    with Watchdog(2.0, call, is_body_sent=lambda: is_sent):
        for _ in range(3):
            loop.period()
        is_sent = True
        loop.period()
        assert call.failure is None
        loop.period()
    assert call.failure is not None


def test_a_backend_that_takes_nothing_is_silent(loop):
    call = FakeCall()
    with Watchdog(2.0, call, is_body_sent=lambda: False):
        call.is_held_up = True
        call.sent = 5
        loop.period()
        call.sent = 6
        loop.period()
        assert call.failure is None
        loop.period()
    assert call.failure is not None


def test_nothing_is_left_when_the_call_has_ended(loop):
    with Watchdog(2.0, FakeCall(), is_body_sent=lambda: True):
        assert loop.due is not None
    assert loop.due is None
