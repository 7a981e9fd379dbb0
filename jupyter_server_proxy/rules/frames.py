"""Websocket frames, only as far as telling a ping from data. No I/O here."""

from __future__ import annotations

_MASK_BIT = 0x80
_CONTROL_BIT = 0x08


def is_control_frame(chunk: bytes) -> bool:
    """Whether `chunk` is exactly one control frame: ping, pong or close (RFC 6455 section 5.5).

    Looks at two bytes and the length, so it may take a chunk that happens to look like one
    for one; it is for observing, never for altering.
    """
    if len(chunk) < 2 or not chunk[0] & _CONTROL_BIT:
        return False
    masking = 4 if chunk[1] & _MASK_BIT else 0
    return len(chunk) == 2 + masking + (chunk[1] & ~_MASK_BIT)
