"""One large body over one plain socket, down or up, and small questions. No proxy knowledge."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from .model import CannotMeasureError

_BUFFER = 1 << 20
_STUCK = 60.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_LAST_CHUNK = b"0\r\n\r\n"
_KEPT = 256
_OK = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """Seconds from the request's last head byte to the first byte of a body, and to the end."""

    status: int
    first_byte: float
    seconds: float
    size: int
    body: bytes


def get(url: str, headers: Mapping[str, str], *, timeout: float = _STUCK) -> Answer:
    """The answer; `body` keeps its beginning only. Raises CannotMeasureError when cut short."""
    try:
        with _connect(url, timeout) as connection:
            started = time.perf_counter()
            connection.sendall(_head("GET", url, headers))
            return _receive(connection, started)
    except OSError as error:
        raise CannotMeasureError(f"fails: {error}") from error


def download(url: str, headers: Mapping[str, str], size: int) -> Answer:
    """Raises CannotMeasureError unless all `size` bytes arrive with status 200."""
    answer = get(url, headers)
    if answer.status != _OK:
        raise CannotMeasureError(f"fails: status {answer.status}")
    if answer.size < size:
        raise CannotMeasureError(f"fails: {answer.size} of {size} bytes")
    return answer


def upload(url: str, headers: Mapping[str, str], size: int) -> float:
    """Seconds until the backend has confirmed `size` bytes. Raises CannotMeasureError."""
    piece = memoryview(b"x" * _BUFFER)
    try:
        with _connect(url, _STUCK) as connection:
            started = time.perf_counter()
            connection.sendall(_head("POST", url, {**headers, "Content-Length": str(size)}))
            for at in range(0, size, _BUFFER):
                connection.sendall(piece[: size - at])
            answer = _receive(connection, started)
    except OSError as error:
        raise CannotMeasureError(f"fails: {error}") from error
    if answer.status != _OK:
        raise CannotMeasureError(f"fails: status {answer.status}")
    if str(size).encode() not in answer.body:
        raise CannotMeasureError(f"fails: backend saw {answer.body[:20]!r}")
    return answer.seconds


def _connect(url: str, timeout: float) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 80), timeout=timeout)


def _head(method: str, url: str, headers: Mapping[str, str]) -> bytes:
    parts = urlsplit(url)
    lines = [f"{method} {parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _receive(connection: socket.socket, started: float) -> Answer:
    view = memoryview(bytearray(_BUFFER))
    head = b""
    while b"\r\n\r\n" not in head:
        got = connection.recv_into(view)
        if not got:
            raise CannotMeasureError("fails: closed without an answer")
        head += view[:got]
    head, _, body = head.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    expected = int(length[1]) if length else None
    size, kept, tail = len(body), body[:_KEPT], body[-5:]
    first = time.perf_counter() - started if body else 0.0
    while expected is None or size < expected:
        got = connection.recv_into(view)
        if not got:
            break
        first = first or time.perf_counter() - started
        size += got
        kept += view[: min(got, _KEPT - len(kept))]
        tail = (tail + view[max(0, got - 5) : got])[-5:]
    seconds = time.perf_counter() - started
    cut = tail != _LAST_CHUNK if _CHUNKED.search(head) else size < (expected or 0)
    if cut:
        raise CannotMeasureError(f"fails: cut off after {size} bytes")
    return Answer(int(head.split(b" ", 2)[1]), first, seconds, size, kept)
