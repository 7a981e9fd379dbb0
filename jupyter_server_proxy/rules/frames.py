"""Websocket frames (RFC 6455 section 5): telling a ping from data, and for those whose code
wants whole messages, taking them out of bytes and putting them in. No I/O here."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

_FINAL_BIT = 0x80
_RESERVED_BITS = 0x70
_OPCODE_BITS = 0x0F
_CONTROL_BIT = 0x08
_MASK_BIT = 0x80
_LENGTH_BITS = 0x7F
_SHORT_LENGTH = 126
_LONG_LENGTH = 127
MAX_CONTROL_PAYLOAD = 125

# Reasons to close (RFC 6455 section 7.4.1).
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
NOT_TEXT = 1007
TOO_BIG = 1009
INTERNAL_ERROR = 1011


def is_control_frame(chunk: bytes) -> bool:
    """Whether `chunk` is exactly one control frame: ping, pong or close (RFC 6455 section 5.5).

    Looks at two bytes and the length, so it may take a chunk that happens to look like one
    for one; it is for observing, never for altering.
    """
    if len(chunk) < 2 or not chunk[0] & _CONTROL_BIT:
        return False
    masking = 4 if chunk[1] & _MASK_BIT else 0
    return len(chunk) == 2 + masking + (chunk[1] & ~_MASK_BIT)


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


class Message(NamedTuple):
    """A whole message, or a control frame. The data of TEXT is UTF-8."""

    opcode: Opcode
    data: bytes


class Closing(NamedTuple):
    """What a close frame says; None where it says nothing."""

    code: int | None = None
    reason: str | None = None


class FramesBroken(Exception):
    """A peer broke the protocol or a limit; `closing` is what to tell it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.closing = Closing(code, reason)


# --- to the backend -------------------------------------------------------------------------


def encode_frame(message: Message, mask: bytes) -> bytes:
    """`message` as one frame of a client, masked with the four bytes of `mask`."""
    size = len(message.data)
    if size < _SHORT_LENGTH:
        length = struct.pack("!B", _MASK_BIT | size)
    elif size < 1 << 16:
        length = struct.pack("!BH", _MASK_BIT | _SHORT_LENGTH, size)
    else:
        length = struct.pack("!BQ", _MASK_BIT | _LONG_LENGTH, size)
    first = bytes((_FINAL_BIT | message.opcode,))
    return b"".join((first, length, mask, _masked(message.data, mask)))


def _masked(data: bytes, mask: bytes) -> bytes:
    # As two large numbers: what Python does fastest with many bytes.
    size = len(data)
    key = (mask * (size // len(mask) + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")


def encode_closing(closing: Closing) -> bytes:
    """The payload of a close frame (RFC 6455 section 5.5.1). A reason that is too long is cut;
    one without a code is for a normal closure."""
    code, reason = closing
    if code is None:
        if reason is None:
            return b""
        code = 1000
    text = (reason or "").encode()[: MAX_CONTROL_PAYLOAD - 2]
    return struct.pack("!H", code) + text.decode(errors="ignore").encode()


# --- from the backend -------------------------------------------------------------------------


def decode_closing(data: bytes) -> Closing:
    """What the payload of a close frame says. Raises FramesBroken."""
    if not data:
        return Closing()
    if len(data) < 2:
        raise FramesBroken(PROTOCOL_ERROR, "half a close code")
    (code,) = struct.unpack("!H", data[:2])
    return Closing(code, decode_text(data[2:]) or None)


def decode_text(data: bytes) -> str:
    """Text. Raises FramesBroken where it is none."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FramesBroken(NOT_TEXT, "text that is no UTF-8") from None


class _Head(NamedTuple):
    opcode: Opcode
    is_final: bool
    start: int
    size: int


class MessageReader:
    """Bytes of a server go in, its messages come out; none larger than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        # The message that is coming in pieces, and what it is.
        self._pieces = bytearray()
        self._opcode: Opcode | None = None

    def feed(self, data: bytes) -> None:
        """More bytes."""
        self._buffer += data

    def next_message(self) -> Message | None:
        """The next whole message or control frame; None until more bytes come.

        Raises FramesBroken.
        """
        while (head := self._read_head()) is not None:
            end = head.start + head.size
            if len(self._buffer) < end:
                return None
            data = bytes(memoryview(self._buffer)[head.start : end])
            del self._buffer[:end]
            message = self._joined(head, data)
            if message is not None:
                return message
        return None

    def _read_head(self) -> _Head | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        start, size = 2, buffer[1] & _LENGTH_BITS
        if size >= _SHORT_LENGTH:
            start += 2 if size == _SHORT_LENGTH else 8
            if len(buffer) < start:
                return None
            size = int.from_bytes(buffer[2:start], "big")
        head = _Head(_opcode(buffer[0]), bool(buffer[0] & _FINAL_BIT), start, size)
        self._check(head, is_masked=bool(buffer[1] & _MASK_BIT))
        return head

    def _check(self, head: _Head, *, is_masked: bool) -> None:
        if is_masked:
            raise FramesBroken(PROTOCOL_ERROR, "a masked frame from a server")
        if head.opcode & _CONTROL_BIT:
            if not head.is_final or head.size > MAX_CONTROL_PAYLOAD:
                raise FramesBroken(PROTOCOL_ERROR, "a control frame that is too large")
            return
        if (head.opcode == Opcode.CONTINUATION) != (self._opcode is not None):
            raise FramesBroken(PROTOCOL_ERROR, "a message in the middle of another")
        if len(self._pieces) + head.size > self._limit:
            raise FramesBroken(TOO_BIG, "message too big")

    def _joined(self, head: _Head, data: bytes) -> Message | None:
        if head.opcode & _CONTROL_BIT:
            return Message(head.opcode, data)
        opcode = self._opcode or head.opcode
        if head.is_final and not self._pieces:
            self._opcode = None
            return Message(opcode, data)
        self._pieces += data
        self._opcode = opcode
        if not head.is_final:
            return None
        whole, self._pieces, self._opcode = bytes(self._pieces), bytearray(), None
        return Message(opcode, whole)


def _opcode(first: int) -> Opcode:
    if first & _RESERVED_BITS:
        raise FramesBroken(PROTOCOL_ERROR, "a frame of an extension that was not agreed on")
    try:
        return Opcode(first & _OPCODE_BITS)
    except ValueError:
        raise FramesBroken(PROTOCOL_ERROR, "a frame of an unknown kind") from None
