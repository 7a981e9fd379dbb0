"""Durations as people say them."""

from __future__ import annotations

import pytest

from jupyter_server_proxy.rules.wording import spoken_seconds


@pytest.mark.parametrize(
    ("seconds", "spoken"),
    [
        (0.2, "0.2 s"),
        (45.0, "45 s"),
        (60.0, "1 min"),
        (90.0, "90 s"),
        (1800.0, "30 min"),
        (1830.0, "30 min"),
        (3600.0, "1 h"),
        (5400.0, "90 min"),
        (86400.0, "1 d"),
        (129600.0, "36 h"),
    ],
)
def test_a_duration(seconds: float, spoken: str) -> None:
    assert spoken_seconds(seconds) == spoken
