"""Asks one Jupyter server for every stub in every way, and tells what came of it in words that
are the same for two servers: ports, paths and random words are replaced by names."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from installed import PATIENCE
from jupyter_process import JupyterProcess
from websockets.sync.client import connect
from websockets.typing import Subprotocol

BASE_URL = "/user/ann/"
_CREDENTIALS = "_xsrf=2|secret|word; application=1"

# Made up by a package, a proxy, a client or `tempfile`, anew for each server.
_RANDOM = (
    (re.compile(r"(/(?:tmp|xpra_sockets_\d+))[a-z0-9_]{8}\b"), r"\1RANDOM"),
    (re.compile(r"\b((?:password|key|secret|tkn)=)[\w-]{16,}"), r"\1RANDOM"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "RANDOM"),
    (re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{16})\b"), "RANDOM"),
    (re.compile(r'(?<=\["sec-websocket-key", ")[^"]+'), "RANDOM"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One way of asking. `path` comes after the name of the service; `to` is where the stub shall
    send the client, with SERVICE and PORT for its own."""

    name: str
    path: str
    method: str = "GET"
    body: str = ""
    to: str = ""

    def target(self, service: str) -> str:
        """What the request line says."""
        to = quote(self.to.replace("SERVICE", service), safe="")
        return f"{BASE_URL}{service}{self.path}{'?to=' if to else ''}{to}"


TALK = Case("websocket", "/ws?x=1")
CASES = (
    Case("page", "/"),
    Case("path", "/a%20b%2Fc//d?tkn=x&y=1"),
    Case("no slash", "?tkn=x"),
    Case("post", "/post", method="POST", body='{"a": 1}'),
    TALK,
    Case("redirect", "/redirect", to="/elsewhere?x=1"),
    Case("redirect to its own address", "/redirect", to="http://127.0.0.1:PORT/x"),
    Case("redirect to its own prefix", "/redirect", to=f"{BASE_URL}SERVICE"),
    Case("relative redirect", "/here/redirect", to="../x"),
)


@dataclass(slots=True)
class Record:
    """What a client got. `told` is what the stub said, if it was a stub that answered."""

    status: int
    location: str = ""
    cookies: tuple[str, ...] = ()
    body: str = ""
    told: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Asker:
    """One Jupyter server, and the words that are particular to it. Pages are to be asked for
    first: they tell where the stub listens."""

    jupyter: JupyterProcess
    words: Mapping[str, str]
    places: dict[str, str] = field(default_factory=dict)

    def ask(self, service: str, case: Case) -> Record:
        """Ask as somebody who is logged in, and has a cookie of the application too."""
        if case is TALK:
            return self._talk(service, case)
        connection = http.client.HTTPConnection(self._authority, timeout=PATIENCE)
        connection.request(case.method, case.target(service), case.body or None, self._headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        told = body.startswith('{"program"')
        return Record(
            status=answer.status,
            location=self._masked(service, answer.getheader("Location", "")),
            cookies=tuple(
                cookie
                for cookie in answer.headers.get_all("Set-Cookie") or ()
                if not cookie.startswith(("username-", "_xsrf"))  # Jupyter's own
            ),
            body="" if told else self._masked(service, body),
            told=self._told(service, body) if told else None,
        )

    def _talk(self, service: str, case: Case) -> Record:
        with connect(
            f"ws://{self._authority}{case.target(service)}",
            additional_headers=self._headers,
            subprotocols=[Subprotocol("first"), Subprotocol("second")],
            open_timeout=PATIENCE,
            compression=None,
            proxy=None,
        ) as websocket:
            told = self._told(service, str(websocket.recv(PATIENCE)))
            websocket.send("there and back ä")
            words = f"{websocket.subprotocol}: {websocket.recv(PATIENCE)!r}"
        return Record(101, body=words, told=told)

    @property
    def _authority(self) -> str:
        return urlsplit(self.jupyter.url).netloc

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self.jupyter.token}", "Cookie": _CREDENTIALS}

    def _told(self, service: str, body: str) -> Mapping[str, Any]:
        known = json.loads(body)
        self.places[service] = str(known.pop("place"))
        headers = sorted((name.lower(), value) for name, value in known.pop("headers"))
        text = self._masked(service, json.dumps({**known, "headers": headers}))
        told: Mapping[str, Any] = json.loads(text)
        return told

    def _masked(self, service: str, text: str) -> str:
        if place := self.places.get(service):
            text = _replace(text, place, "PLACE")
        for word, name in self.words.items():
            text = _replace(text, word, name)
        for pattern, name in _RANDOM:
            text = pattern.sub(name, text)
        return text


def _replace(text: str, word: str, name: str) -> str:
    """A number is only replaced where it is not part of another."""
    pattern = rf"(?<!\d){word}(?!\d)" if word.isdigit() else re.escape(word)
    return re.sub(pattern, name, text)


def asker(jupyter: JupyterProcess, folder: Path, programs: Path) -> Asker:
    """For a server whose files are all below `folder`, run by what is in `programs`."""
    words = {
        str(folder): "FOLDER",
        str(programs.parent): "VENV",
        str(urlsplit(jupyter.url).port): "JUPYTER",
        jupyter.token: "TOKEN",
        str(jupyter.process.pid): "PID",
    }
    return Asker(jupyter, words)
