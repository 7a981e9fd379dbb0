"""Telling a ping from data."""

from __future__ import annotations

import pytest

from jupyter_server_proxy.rules.frames import is_control_frame

MASK = b"\x01\x02\x03\x04"


@pytest.mark.parametrize(
    "chunk",
    [
        pytest.param(b"\x89\x00", id="an empty ping of a server"),
        pytest.param(b"\x89\x80" + MASK, id="an empty ping of a client"),
        pytest.param(b"\x8a\x03abc", id="a pong with data"),
        pytest.param(b"\x88\x82" + MASK + b"\x03\xe8", id="a close with a code"),
        pytest.param(b"\x89\x7d" + b"x" * 125, id="the longest ping there is"),
    ],
)
def test_a_control_frame_alone_is_no_activity(chunk):
    assert is_control_frame(chunk)


@pytest.mark.parametrize(
    "chunk",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x89", id="half a head"),
        pytest.param(b"\x81\x02hi", id="text"),
        pytest.param(b"\x82\x82" + MASK + b"hi", id="bytes of a client"),
        pytest.param(b"\x89\x00\x81\x02hi", id="a ping and text in one chunk"),
        pytest.param(b"\x89\x05abc", id="part of a ping"),
        pytest.param(b"RFB 003.008\n", id="another protocol"),
    ],
)
def test_anything_else_is(chunk):
    assert not is_control_frame(chunk)
