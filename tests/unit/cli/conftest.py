"""A server that speaks the REST API from memory, and the command run against it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from jupyter_server_proxy.cli import main

TOKEN = "the-secret-token"
API = "/base/server-proxy/api/"


def a_server(name: str = "app", **facts: Any) -> dict[str, Any]:
    """What the API says of a service."""
    return {
        "name": name,
        "instance": None,
        "title": name.title(),
        "url": f"/base/{name}/",
        "source": "config",
        "package": None,
        "managed": True,
        "raw_socket": False,
        "state": "stopped",
        "problem": None,
        "pid": None,
        "target": None,
        "command": "",
        "generation": 0,
        "restarts": 0,
        "started_at": None,
        "ready_after": None,
        "usual_start": None,
        "last_activity": None,
        "in_flight": 0,
        "tunnels": 0,
        "stopped_by": None,
        "last_failure": None,
        "cpu_percent": None,
        "rss": None,
        "parameters": {},
        "values": {},
        **facts,
    }


class FakeServer:
    """`services` by name or (name, instance); `becomes` says what an action makes of one; those
    that are `fixed` can neither be removed nor replaced."""

    def __init__(self) -> None:
        self.services: dict[tuple[str, str | None], dict[str, Any]] = {}
        self.becomes: dict[str, dict[str, Any]] = {
            "start": {"state": "ready", "generation": 1, "ready_after": 1.5},
            "stop": {"state": "stopped", "generation": 1},
            "restart": {"state": "ready", "generation": 2},
        }
        self.fixed: set[str] = set()
        self.lines: list[str] = []
        self.asked: list[tuple[str, str, Any]] = []
        self.answer: tuple[int, str, bytes] | None = None
        self.on_follow: Callable[[], object] = list
        self.followers: list[Queue[bytes | None]] = []
        handler = type("Handler", (_Handler,), {"fake": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = False
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/base/"

    def add(self, name: str = "app", instance: str | None = None, **facts: Any) -> dict[str, Any]:
        server = a_server(name, instance=instance, **facts)
        self.services[name, instance] = server
        return server

    def requests(self, method: str) -> list[tuple[str, Any]]:
        return [(path, body) for verb, path, body in self.asked if verb == method]

    def tell(self, event: str, data: Any) -> None:
        message = f": a comment\n\nevent: {event}\ndata: {json.dumps(data)}\n\n".encode()
        for follower in self.followers:
            follower.put(message)

    def let_go(self) -> None:
        for follower in self.followers:
            follower.put(None)

    def end(self) -> None:
        self.let_go()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeServer

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        fake = self.fake
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        decoded = json.loads(body) if body else None
        url = urlsplit(self.path)
        fake.asked.append((self.command, url.path.removeprefix(API), decoded))
        if self.headers.get("Authorization") != f"token {TOKEN}":
            return self._problem(403, "Log in to Jupyter first", title="Login required")
        if fake.answer is not None:
            return self._send(*fake.answer)
        if not url.path.startswith(API):
            return self._send(404, "text/html", b"<h1>no")
        parts = [unquote(part) for part in url.path.removeprefix(API).split("/")]
        return self._route(parts, parse_qs(url.query), decoded)

    def _route(self, parts: list[str], query: dict[str, list[str]], body: Any) -> None:
        fake = self.fake
        if parts == ["events"]:
            return self._stream("servers", {"servers": list(fake.services.values())})
        if parts == ["servers"]:
            if self.command == "POST":
                if (body["name"], None) in fake.services:
                    return self._problem(409, f"There is a service {body['name']!r} already")
                return self._json(201, fake.add(**{"source": "runtime", **_known(body)}))
            return self._json(200, {"servers": list(fake.services.values())})
        key: tuple[str, str | None] = (parts[1], None)
        rest = parts[2:]
        if rest[:1] == ["instances"]:
            if self.command == "POST" and len(rest) == 1:
                made = body.get("instance") or "made-up"
                values = body["parameters"]
                return self._json(201, fake.add(parts[1], made, source="runtime", values=values))
            key, rest = (parts[1], rest[1]), rest[2:]
        if key not in fake.services:
            return self._problem(404, f"There is no service {parts[1]!r}")
        return self._one(key, rest, query)

    def _one(self, key: tuple[str, str | None], rest: list[str], query: Any) -> None:
        fake = self.fake
        service = fake.services[key]
        if self.command == "DELETE":
            if key[0] in fake.fixed:
                return self._problem(409, "It comes from Jupyter's configuration")
            del fake.services[key]
            return self._send(204, "", b"")
        if rest == ["log"]:
            if "follow" in query:
                return self._stream("lines", {"lines": fake.lines})
            tail = int(query.get("tail", ["1000"])[0])
            return self._json(200, {"lines": fake.lines[-tail:], "file": None})
        if rest:
            before = service["state"]
            fake.tell("state", {**service, "state": "starting", "before": before})
            service.update(fake.becomes[rest[0]])
            fake.tell("state", {**service, "before": "starting"})
            return self._json(202, {**service, "state": before})
        return self._json(200, service)

    def _stream(self, event: str, data: Any) -> None:
        follower: Queue[bytes | None] = Queue()
        self.fake.followers.append(follower)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        first = f"event: {event}\ndata: {json.dumps(data)}\n\n".encode()
        self.wfile.write(first)
        self.fake.on_follow()
        while (message := follower.get()) is not None:
            try:
                self.wfile.write(message)
                self.wfile.flush()
            except OSError:
                break

    def _json(self, status: int, data: Any) -> None:
        self._send(status, "application/json", json.dumps(data).encode())

    def _problem(self, status: int, detail: str, *, title: str = "No") -> None:
        body = json.dumps({"title": title, "status": status, "detail": detail}).encode()
        self._send(status, "application/problem+json", body)

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _known(body: dict[str, Any]) -> dict[str, Any]:
    """What of a definition is told again."""
    return {"name": body["name"], "command": " ".join(body["command"])}


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    server = FakeServer()
    yield server
    server.end()


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(fake: FakeServer, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("list", "--json")`: exit code, standard output, standard error."""

    def run_it(command: str, *arguments: str, token: str = TOKEN) -> tuple[int, str, str]:
        code = main([command, "--url", fake.url, "--token", token, *arguments])
        captured = capsys.readouterr()
        return int(code), captured.out, captured.err

    return run_it


@pytest.fixture(name="a_server")
def a_server_fixture() -> Callable[..., dict[str, Any]]:
    return a_server
