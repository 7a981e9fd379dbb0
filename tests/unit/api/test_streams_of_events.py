"""Streams of events: to many, to clients that do not read, and at no cost while nothing happens."""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from jupyter_server.auth import AllowAllAuthorizer
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from jupyter_server_proxy.api import stream
from jupyter_server_proxy.api.context import Api
from jupyter_server_proxy.api.logs import LogView
from jupyter_server_proxy.api.routes import api_routes
from jupyter_server_proxy.handlers.catalog import Entry, Source
from jupyter_server_proxy.handlers.facts import Addresses
from jupyter_server_proxy.handlers.runtime import Runtime
from jupyter_server_proxy.standalone.gate import OpenIdentityProvider

# Of an answer that is complete, in chunks.
END = b"\r\n0\r\n\r\n"
LOG = logging.getLogger("tests.streams")


class Follower:
    """A client that reads when it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def block(self) -> bytes:
        """The next event or comment, without the framing of chunks."""
        block = await asyncio.wait_for(self.reader.readuntil(b"\n\n"), 20)
        return block.split(b"\r\n")[-1]

    async def event(self) -> tuple[str, Any]:
        """The next event; comments are skipped."""
        while (block := await self.block()).startswith(b":"):
            pass
        name, data = block.decode().strip().split("\n")
        return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    async def end(self) -> bytes:
        """Everything until the server closes the connection."""
        parts = []
        try:
            while part := await asyncio.wait_for(self.reader.read(1024 * 1024), 20):
                parts.append(part)
        except ConnectionResetError:
            pass
        return b"".join(parts)


class Server:
    """The API of a runtime of its own, in this process."""

    def __init__(self, port: int, runtime: Runtime, api: Api) -> None:
        self.port = port
        self.runtime = runtime
        self.api = api

    @asynccontextmanager
    async def follow(self, path: str, *, buffer: int = 0) -> AsyncIterator[Follower]:
        connection = socket.socket()
        if buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self.port))
        reader, writer = await asyncio.open_connection(sock=connection, limit=4 * 1024 * 1024)
        head = f"GET /server-proxy/api/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        writer.write(f"{head}\r\n".encode())
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        assert b" 200 OK\r\n" in answer
        assert b"text/event-stream" in answer
        try:
            yield Follower(reader, writer)
        finally:
            writer.transport.abort()

    async def is_left_by_all(self) -> None:
        deadline = time.monotonic() + 20
        while self.runtime.streams:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)

    def happen(self, size: int) -> None:
        """Something that takes `size` bytes to tell."""
        self.runtime.catalog.add(Entry("new", Source.RUNTIME, problem="x" * size))
        self.runtime.catalog.remove("new")


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    provider = OpenIdentityProvider()
    settings: dict[str, Any] = {
        "base_url": "/",
        "cookie_secret": b"a secret",
        "identity_provider": provider,
        "authorizer": AllowAllAuthorizer(identity_provider=provider),
        "allow_remote_access": True,
        "allow_unauthenticated_access": True,
        "log_function": lambda handler: None,
    }
    runtime = Runtime.of(settings, LOG)
    api = Api(runtime, Addresses("/"))
    http = HTTPServer(web.Application(api_routes("", api), **settings))
    sockets = bind_sockets(0, "127.0.0.1", backlog=2048)
    http.add_sockets(sockets)
    made = Server(sockets[0].getsockname()[1], runtime, api)
    yield made
    http.stop()
    await made.is_left_by_all()
    await runtime.close(grace=1)
    await http.close_all_connections()


@pytest.fixture
def app_entry(server: Server, make_supervisor: Any, app: Any) -> Entry:
    supervisor = make_supervisor(app("web.py", "--say", "hello"))
    entry = Entry("app", Source.CONFIG, supervisor=supervisor)
    server.runtime.catalog.add(entry)
    return entry


async def test_first_everything_then_every_change(server: Server, app_entry: Entry) -> None:
    async with server.follow("events") as follower:
        name, data = await follower.event()
        assert name == "servers"
        assert [(facts["name"], facts["state"]) for facts in data["servers"]] == [
            ("app", "stopped")
        ]
        await app_entry.supervisor.ensure_ready()
        await app_entry.supervisor.stop()
        told = [await follower.event() for _ in range(4)]
        assert [(name, data["before"], data["state"]) for name, data in told] == [
            ("state", "stopped", "starting"),
            ("state", "starting", "ready"),
            ("state", "ready", "stopping"),
            ("state", "stopping", "stopped"),
        ]
        assert told[1][1]["pid"] is not None
        server.happen(1)
        assert (await follower.event())[0] == "added"
        assert await follower.event() == ("removed", {"name": "new", "instance": None})


async def test_a_log_is_followed_from_its_last_lines_on(server: Server, app_entry: Entry) -> None:
    async with server.follow("servers/app/log?follow&states") as follower:
        assert (await follower.event())[1]["state"] == "stopped"
        assert await follower.event() == ("lines", {"lines": []})
        await app_entry.supervisor.ensure_ready()
        told = [await follower.event() for _ in range(3)]
        assert ("lines", {"lines": ["hello"]}) in told
        assert [data["state"] for name, data in told if name == "state"] == ["starting", "ready"]
    async with server.follow("servers/app/log?follow=true&tail=1") as follower:
        assert await follower.event() == ("lines", {"lines": ["hello"]})
        server.runtime.catalog.remove("app")
        assert (await follower.end()).endswith(END)


async def test_a_service_may_get_its_child_after_somebody_follows(
    server: Server, make_supervisor: Any, app: Any
) -> None:
    entry = Entry("late", Source.PACKAGE)
    server.runtime.catalog.add(entry)
    async with server.follow("servers/late/log?follow") as follower:
        assert await follower.event() == ("lines", {"lines": []})
        supervisor = make_supervisor(app("web.py", "--say", "hello"), name="late")
        entry.supervisor = supervisor
        server.runtime.catalog._follow(entry)
        await supervisor.ensure_ready()
        assert await follower.event() == ("lines", {"lines": ["hello"]})


async def test_silence_is_broken_by_comments_only(
    server: Server, app_entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LogView, "keep_alive", 0.05)
    async with server.follow("servers/app/log?follow") as follower:
        assert (await follower.event())[0] == "lines"
        assert await follower.block() == b": keep-alive\n\n"
        assert await follower.block() == b": keep-alive\n\n"


async def test_who_does_not_read_is_dropped_and_nobody_else_notices(server: Server) -> None:
    async with server.follow("events") as good, server.follow("events", buffer=4096) as bad:
        assert (await good.event())[0] == "servers"
        for _ in range(200):  # far more than all buffers between
            server.happen(100_000)
            assert [(await good.event())[0] for _ in range(2)] == ["added", "removed"]
        assert len(server.runtime.streams) == 1
        assert not (await bad.end()).endswith(END)


async def test_many_changes_at_once_are_no_reason_to_drop_anybody(server: Server) -> None:
    async with server.follow("events") as follower:
        assert (await follower.event())[0] == "servers"
        for _ in range(20):
            server.happen(50_000)
        assert {(await follower.event())[0] for _ in range(40)} == {"added", "removed"}


async def test_who_takes_nothing_for_too_long_is_dropped(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "PATIENCE", 0.2)
    for number in range(200):
        server.runtime.catalog.add(Entry(f"app {number}", Source.RUNTIME, problem="x" * 100_000))
    async with server.follow("events", buffer=4096):
        await server.is_left_by_all()


@pytest.fixture
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(4096, hard)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_thousand_follow_and_cost_nothing_while_nothing_happens(
    many_files: None, server: Server, app_entry: Entry
) -> None:
    async with AsyncExitStack() as stack:
        followers = [await stack.enter_async_context(server.follow("events")) for _ in range(1000)]
        for follower in followers:
            assert (await follower.event())[0] == "servers"
        before = time.process_time()
        await asyncio.sleep(1)
        assert time.process_time() - before < 0.1
        server.happen(1000)
        for follower in followers:
            assert (await follower.event())[0] == "added"
    await server.is_left_by_all()
    assert server.api.hub._followers == {}
    assert server.runtime.catalog._subscribers == {}


async def test_streams_end_with_the_last_word_when_jupyter_goes_down(
    server: Server, app_entry: Entry
) -> None:
    async with server.follow("events") as follower:
        await follower.event()
        server.runtime.registry.add(app_entry.supervisor)
        await app_entry.supervisor.ensure_ready()
        await server.runtime.close(grace=1)
        end = (await follower.end()).decode()
        states = [json.loads(line[6:])["state"] for line in end.splitlines() if "data: " in line]
        assert states == ["starting", "ready", "closed", "closed"]
        assert end.endswith(END.decode())
