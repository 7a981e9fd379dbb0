"""What a start page brings when it comes back is nobody else's address."""

from __future__ import annotations

import pytest

from jupyter_server_proxy.rules.coming_back import KEY, with_invitation, without_invitation


@pytest.mark.parametrize(
    "address",
    ["/app/", "/app/?", "/app/?x=1", "/app/?x=1&", "/app/a%2Fb?next=%3Fx", f"/app/?{KEY}x=1"],
)
def test_it_can_be_taken_away_again(address: str) -> None:
    invited = with_invitation(address, "a-B_9")
    assert invited != address
    assert without_invitation(invited) == (address, "a-B_9")


@pytest.mark.parametrize(
    "address", ["/app/", f"/app/{KEY}x", f"/app/?{KEY}x&y=1", f"/app/?x={KEY}x", f"/app/?x{KEY}"]
)
def test_other_addresses_are_left_alone(address: str) -> None:
    assert without_invitation(address) == (address, None)
