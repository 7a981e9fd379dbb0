"""Messages out of the bytes of a server, and into those of a client."""

from __future__ import annotations

import struct

import pytest

from jupyter_server_proxy.rules.frames import (
    Closing,
    FramesBroken,
    Message,
    MessageReader,
    Opcode,
    decode_closing,
    decode_text,
    encode_closing,
    encode_frame,
)

LIMIT = 70_000
MASK = b"\x37\xfa\x21\x3d"


def frame(opcode: int, data: bytes, *, final: bool = True) -> bytes:
    """As a server sends it."""
    first = bytes((opcode | (0x80 if final else 0),))
    if len(data) < 126:
        return first + bytes((len(data),)) + data
    if len(data) < 1 << 16:
        return first + b"\x7e" + struct.pack("!H", len(data)) + data
    return first + b"\x7f" + struct.pack("!Q", len(data)) + data


def read_all(*chunks: bytes) -> list[Message]:
    reader = MessageReader(LIMIT)
    messages = []
    for chunk in chunks:
        reader.feed(chunk)
        while (message := reader.next_message()) is not None:
            messages.append(message)
    return messages


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, LIMIT])
def test_a_message_of_any_size_is_read(size):
    data = b"x" * size
    assert read_all(frame(2, data)) == [Message(Opcode.BINARY, data)]


def test_a_message_may_come_byte_by_byte():
    raw = frame(1, "größe".encode()) + frame(2, b"y" * 200) + frame(9, b"p")
    assert read_all(*(bytes((byte,)) for byte in raw)) == [
        Message(Opcode.TEXT, "größe".encode()),
        Message(Opcode.BINARY, b"y" * 200),
        Message(Opcode.PING, b"p"),
    ]


@pytest.mark.parametrize("pieces", [[b"a", b"b"], [b"", b""], [b"", b"x", b"", b"y"], [b"a", b""]])
def test_pieces_are_joined_and_a_ping_may_come_between_them(pieces):
    raw = frame(1, pieces[0], final=False)
    for piece in pieces[1:-1]:
        raw += frame(0, piece, final=False)
    raw += frame(9, b"?") + frame(0, pieces[-1]) + frame(2, b"next")
    assert read_all(raw) == [
        Message(Opcode.PING, b"?"),
        Message(Opcode.TEXT, b"".join(pieces)),
        Message(Opcode.BINARY, b"next"),
    ]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        pytest.param(b"\x81\x80" + MASK, 1002, id="masked"),
        pytest.param(b"\xc1\x00", 1002, id="compressed without agreement"),
        pytest.param(b"\x83\x00", 1002, id="an unknown kind"),
        pytest.param(b"\x8b\x00", 1002, id="an unknown control frame"),
        pytest.param(frame(9, b"x" * 126), 1002, id="a ping that is too long"),
        pytest.param(frame(9, b"", final=False), 1002, id="a ping in pieces"),
        pytest.param(frame(0, b"x"), 1002, id="a continuation of nothing"),
        pytest.param(frame(1, b"a", final=False) + frame(1, b"b"), 1002, id="one in another"),
        pytest.param(b"\x82\x7f" + struct.pack("!Q", LIMIT + 1), 1009, id="too big, head only"),
        pytest.param(
            frame(2, b"x" * LIMIT, final=False) + frame(0, b"x"), 1009, id="too big together"
        ),
    ],
)
def test_what_breaks_the_protocol_or_the_limit_is_refused(raw, code):
    with pytest.raises(FramesBroken) as broken:
        read_all(raw)
    assert broken.value.closing.code == code


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 125, 126, 65535, 65536, 100_003])
def test_a_frame_of_a_client_is_masked(size):
    data = bytes(range(256)) * (size // 256 + 1)
    raw = encode_frame(Message(Opcode.BINARY, data[:size]), MASK)
    assert raw[0] == 0x82
    assert raw[1] & 0x80
    start = {126: 4, 127: 10}.get(raw[1] & 0x7F, 2)
    told = raw[1] & 0x7F if start == 2 else int.from_bytes(raw[2:start], "big")
    assert told == size
    assert raw[start : start + 4] == MASK
    payload = raw[start + 4 :]
    assert bytes(byte ^ MASK[i % 4] for i, byte in enumerate(payload)) == data[:size]


def test_the_example_of_the_standard_comes_out():
    """RFC 6455 section 5.7."""
    raw = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
    assert encode_frame(Message(Opcode.TEXT, b"Hello"), MASK) == raw


@pytest.mark.parametrize(
    "closing",
    [Closing(), Closing(1000), Closing(4001, "goodbye ✓"), Closing(1001, "x" * 123)],
)
def test_what_a_close_frame_says_comes_back(closing):
    assert decode_closing(encode_closing(closing)) == closing


def test_a_reason_needs_a_code_and_has_to_fit():
    assert encode_closing(Closing(None, "why")) == b"\x03\xe8why"
    long = encode_closing(Closing(1011, "x" + "✓" * 100))
    assert len(long) <= 125
    assert decode_closing(long) == Closing(1011, "x" + "✓" * 40)


@pytest.mark.parametrize(("data", "code"), [(b"\x03", 1002), (b"\x03\xe8\xff", 1007)])
def test_a_close_frame_that_makes_no_sense_is_refused(data, code):
    with pytest.raises(FramesBroken) as broken:
        decode_closing(data)
    assert broken.value.closing.code == code


def test_text_is_utf8():
    with pytest.raises(FramesBroken) as broken:
        decode_text(b"\xff")
    assert broken.value.closing.code == 1007
