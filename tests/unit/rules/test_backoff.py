import pytest

from jupyter_server_proxy.rules.backoff import Backoff


def fail(times: int, *, was_ready_for: float = 0.0) -> Backoff:
    backoff = Backoff()
    for _ in range(times):
        backoff = backoff.after_failure(was_ready_for=was_ready_for)
    return backoff


@pytest.mark.parametrize(("failures", "least"), [(0, 0.0), (1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0)])
def test_delay_doubles(failures: int, least: float) -> None:
    assert fail(failures).delay(0.0) == least


def test_jitter_only_lengthens_and_by_half_at_most() -> None:
    assert 0.5 < fail(1).delay(0.5) < fail(1).delay(0.999) < 0.75


def test_gives_up_after_five_in_a_row() -> None:
    assert not fail(4).has_given_up
    assert fail(5).has_given_up
    assert fail(5).delay(0.0) is None


def test_a_long_life_forgives() -> None:
    backoff = fail(4).after_failure(was_ready_for=10.0)
    assert backoff.failures == 1
    assert fail(4).after_failure(was_ready_for=9.9).failures == 5


def test_a_service_that_lives_long_is_always_tried_again() -> None:
    assert fail(50, was_ready_for=60).delay(0.0) == 0.5


def test_never_longer_than_thirty_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_server_proxy.rules.backoff.GIVE_UP_AFTER", 1000)
    assert fail(200).delay(0.9) == 30.0


def test_a_person_revives_who_had_given_up_and_changes_nothing_else() -> None:
    assert fail(5).after_person() == Backoff()
    assert fail(3).after_person() == fail(3)
