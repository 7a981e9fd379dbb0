"""One HTTP request sent to a server byte by byte, and what the backend and the client saw."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from _harness.backend import HELLO, Peer
from _harness.client import Client, connected, request_bytes
from _harness.message import Head, Message, read_body

from .record import Field, Masks, Record, Seen, values
from .sides import Side

# Much longer than any answer takes, and short enough to wait for those that never come.
SILENCE = 8.0
SILENCE_AFTER_RESET = 2.0
# Jupyter and the proxy put one of these on their own answers; no backend here does.
OWN_POLICY = "frame-ancestors 'self'"
OWN_SERVER = "TornadoServer"
OWN_FIELDS = ("location", "allow", "retry-after", "set-cookie")


@dataclass(frozen=True)
class Answer:
    """The bytes that the backend answers with, and whether it closes or resets then."""

    data: bytes = HELLO
    then: str = ""


@dataclass(frozen=True)
class Case:
    """One request to `route` and `path` behind it. {main}, {dead} and {jupyter} in them, in
    `fields` and in the answer are ports; {login} is the cookie and {token} the token."""

    name: str
    route: bytes
    path: bytes
    method: str = "GET"
    fields: tuple[Field, ...] = ()
    body: bytes | None = None
    chunks: tuple[bytes, ...] | None = None
    answer: Answer = field(default_factory=Answer)
    is_anonymous: bool = False
    version: str = "1.1"

    @property
    def is_absolute(self) -> bool:
        return b"absolute" in self.route

    @property
    def patience(self) -> float:
        """How long its answer is waited for; after a reset none will come."""
        return SILENCE_AFTER_RESET if self.answer.then == "reset" else SILENCE


async def exchange(side: Side, case: Case) -> Record:
    """Needs the side to itself: every request that arrives is taken for this case's."""
    requests: list[Message] = []
    for backend in (side.main, side.unix):
        backend.drop_connections()
        backend.run(_script(case.answer, filled(case.answer.data, side), requests))
    record, _ = await exchange_only(side, case)
    record.seen = [_seen(request, side.masks) for request in requests]
    record.activity = await side.take_activity()
    return record


async def exchange_only(side: Side, case: Case) -> tuple[Record, bytes]:
    """What the client gets, whatever the backend does; and the whole body."""
    async with connected(side.jupyter) as client:
        await client.send(_request(side, case))
        return await _response(client, side.masks, case)


def _script(answer: Answer, data: bytes, requests: list[Message]):
    async def script(peer: Peer) -> None:
        while True:
            requests.append(await peer.request())
            await peer.send(data)
            if answer.then == "reset":
                peer.reset()
            if answer.then:
                return

    return script


def _request(side: Side, case: Case) -> bytes:
    fields = list(case.fields)
    if "user-agent" not in {name.lower() for name, _ in fields}:
        fields.append(("User-Agent", "a-client"))
    if case.is_anonymous:
        fields.append(("Cookie", ""))
    if case.chunks is not None:
        fields.append(("Transfer-Encoding", "chunked"))
    data = request_bytes(side.jupyter, case.method, case.route + case.path, fields, case.body)
    if case.chunks is not None:
        data += b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in case.chunks) + b"0\r\n\r\n"
    data = data.replace(b" HTTP/1.1\r\n", f" HTTP/{case.version}\r\n".encode(), 1)
    return filled(data, side)


def filled(data: bytes, side: Side) -> bytes:
    """`data` with what is different from one server to the next."""
    words = {"login": side.jupyter.cookie, "token": side.jupyter.token}
    words |= {name: str(port) for name, port in side.ports.items()}
    for name, word in words.items():
        data = data.replace(f"{{{name}}}".encode(), word.encode())
    return data


def _seen(request: Message, masks: Masks) -> Seen:
    return Seen(masks(request.line), masks.fields(request.fields), masks.body(request.body))


async def _response(client: Client, masks: Masks, case: Case) -> tuple[Record, bytes]:
    record = Record()
    try:
        head = await asyncio.wait_for(client.final_head(), case.patience)
    except asyncio.TimeoutError:
        record.ending = "silence"
        return record, b""
    except (asyncio.IncompleteReadError, ConnectionError):
        record.ending = "cut before the answer"
        return record, b""
    record.status, record.reason = head.status, masks(head.reason)
    record.fields = [(name, without_times(value)) for name, value in masks.fields(head.fields)]
    body, record.ending = await _body(client, head, case)
    record.body = masks.body(body)
    forget_own_words(record)
    return record, body


async def _body(client: Client, head: Head, case: Case) -> tuple[bytes, str]:
    if case.method == "HEAD" or head.status in (204, 304):
        return b"", "complete"
    try:
        whole = read_body(client.reader, head, until_close=True)
        data = await asyncio.wait_for(whole, case.patience)
    except asyncio.TimeoutError:
        return b"", "silence"
    except (asyncio.IncompleteReadError, ConnectionError):
        return b"", "cut"
    return data, "complete"


def forget_own_words(record: Record) -> None:
    """Of an answer that is Jupyter's or the proxy's own, keep what clients act on."""
    signs = values(record.fields, "Content-Security-Policy") + values(record.fields, "Server")
    if not any(OWN_POLICY in sign or OWN_SERVER in sign for sign in signs):
        return
    kind = "".join(values(record.fields, "Content-Type")).partition(";")[0]
    record.page = kind or "empty"
    record.body = ""
    record.fields = [(n, v) for n, v in record.fields if n.lower() in OWN_FIELDS and _acts(v)]


def without_times(value: str) -> str:
    """Jupyter's login cookie is signed with the time and expires some time from now."""
    value = re.sub(r"^username=\"?2\|[^;]*", "username=NEW", value)
    return re.sub(r"expires=\w+, \d+ \w+ 202\d [\d:]+ GMT", "expires=SOON", value)


def _acts(value: str) -> bool:
    """Every page that Jupyter renders sets its `_xsrf` cookie anew."""
    return not value.startswith("_xsrf=")
