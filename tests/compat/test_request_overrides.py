"""Subclasses that change the request or its answer: one small one for each method they override."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from _harness.backend import HELLO, Backend, listening
from _harness.client import connected, fetch
from _harness.jupyter import Jupyter, start_jupyter
from _harness.upgrades import WEBSOCKET, switching

APPS = Path(__file__).parent / "apps"
CONFIG = f"""
import os
sys.path.insert(0, {str(APPS)!r})
os.environ["BACKEND_PORT"] = str(PORTS["app"])
"""
MOVED = b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n"


def _start(folder: Path) -> Jupyter:
    return start_jupyter(folder, CONFIG, ports=("app",), extensions={"requests_overriding": True})


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    server = _start(tmp_path_factory.mktemp("jupyter"))
    yield server
    server.stop()


@pytest_asyncio.fixture
async def app(jupyter: Jupyter) -> AsyncIterator[Backend]:
    """The backend of all these handlers; it says hello to everything."""
    async with listening(at=jupyter.sockets["app"]) as backend:
        backend.answer_with(HELLO)
        yield backend
        backend.drop_connections()


# --- the request ----------------------------------------------------------------------------


async def test_a_built_request_is_sent_as_it_was_changed(jupyter: Jupyter, app: Backend) -> None:
    fields = [("Cookie", f"{jupyter.cookie}; mine=2"), ("X-Mine", "1"), ("X-Mine", "2")]
    answer = await fetch(
        jupyter, "/builds/before/%2F?q=%20", method="PUT", body=b"abc", fields=fields
    )
    assert (answer.status, answer.body) == (200, b"hello")
    assert app.request.line == b"PUT /after/%2F?q=%20 HTTP/1.1"
    assert app.request.body == b"ABC"
    assert app.request.get("X-Built") == b"localhost /before// 3"
    assert app.request.all("X-Mine") == [b"1", b"2"]
    assert app.request.get("X-Forwarded-Context") == b"/builds"
    assert app.request.get("X-Forwarded-Prefix") is None


async def test_adding_a_cookie_does_not_let_jupyters_own_through(
    jupyter: Jupyter, app: Backend
) -> None:
    fields = [("Cookie", f"{jupyter.cookie}; mine=2")]
    await fetch(jupyter, "/builds/", fields=fields)
    assert app.request.get("Cookie") == b"mine=2; added=1"


async def test_a_request_made_anew_follows_redirects_as_tornados_client_does(
    jupyter: Jupyter, app: Backend
) -> None:
    app.answer_with(lambda request: MOVED % b"/next" if request.target == b"/anew" else HELLO)
    answer = await fetch(jupyter, "/buildsanew/x")
    assert (answer.status, answer.body) == (200, b"hello")
    assert [request.target for request in app.requests] == [b"/anew", b"/next"]
    assert app.requests[0].get("X-Anew") == b"yes"


async def test_an_override_that_returns_nothing_is_named(jupyter: Jupyter, app: Backend) -> None:
    answer = await fetch(jupyter, "/buildsnothing/")
    assert answer.status == 500
    assert b"BuildsNothing._build_proxy_request() of module requests_overriding" in answer.body
    assert b"returned NoneType, not tornado.httpclient.HTTPRequest" in answer.body
    assert app.requests == []


async def test_request_headers_are_those_of_the_override(jupyter: Jupyter, app: Backend) -> None:
    fields = [("X-Secret", "s"), ("X-Kept", "k"), ("Authorization", "Bearer mine")]
    await fetch(jupyter, "/headers/", fields=fields)
    assert app.request.get("X-Added") == b"yes"
    assert app.request.get("X-Kept") == b"k"
    assert app.request.get("X-Secret") is None
    assert app.request.get("Authorization") == b"Basic b3duOm93bg=="
    assert app.request.get("X-Forwarded-Proto") == b"ours"
    assert app.request.get("Cookie") is None


async def test_request_headers_reach_upgrades(jupyter: Jupyter, app: Backend) -> None:
    app.answer_with(switching())
    async with connected(jupyter) as client:
        await client.ask("GET", "/headers/ws", [*WEBSOCKET, ("X-Secret", "s")])
        assert (await client.head()).status == 101
    assert app.request.get("X-Added") == b"yes"
    assert app.request.get("X-Secret") is None
    assert app.request.get("Upgrade") == b"websocket"
    assert app.request.get("X-Forwarded-Prefix") == b"/headers"


async def test_request_options_set_the_time_limit(jupyter: Jupyter, app: Backend) -> None:
    async def silence(peer) -> None:
        await peer.request()
        await peer.closed()

    app.run(silence)
    assert (await fetch(jupyter, "/options/")).status == 504


@pytest.mark.parametrize("method", ["GET", "REPORT"])
async def test_request_options_may_name_what_is_done_anyway(
    jupyter: Jupyter, app: Backend, method: str
) -> None:
    assert (await fetch(jupyter, "/options/x", method=method)).body == b"hello"
    assert app.request.line == f"{method} /x HTTP/1.1".encode()


async def test_the_url_is_that_of_the_override(jupyter: Jupyter, app: Backend) -> None:
    await fetch(jupyter, "/address/a?theirs=2")
    assert app.request.target == b"/http/a?own=1"


async def test_the_url_is_that_of_the_override_for_upgrades(jupyter: Jupyter, app: Backend) -> None:
    app.answer_with(switching())
    async with connected(jupyter) as client:
        await client.ask("GET", "/address/a", WEBSOCKET)
        assert (await client.head()).status == 101
    assert app.request.target == b"/ws/a?own=1"


async def test_the_buffered_way_may_call_the_progressive_one(
    jupyter: Jupyter, app: Backend
) -> None:
    """And the answer comes while the backend still sends it."""

    async def slowly(peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await peer.send_chunk(b"first")
        await peer.read(1)

    app.run(slowly)
    async with connected(jupyter) as client:
        await client.ask("GET", "/progressive/")
        assert (await client.final_head()).status == 200
        assert await client.chunk() == b"first"


async def test_the_client_that_is_passed_on_can_fetch(jupyter: Jupyter, app: Backend) -> None:
    answer = await fetch(jupyter, "/fetches/x", method="POST", body=b"abc")
    assert (answer.status, answer.body, answer.get("X-Own")) == (200, b"HELLO", b"answer")
    assert (app.request.target, app.request.body) == (b"/x", b"abc")


# --- the answer -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "seen"), [(b"/there", b"/location/there#own"), (b"/keep/it", b"/keep/it")]
)
async def test_redirects_lead_where_the_override_says(
    jupyter: Jupyter, app: Backend, sent: bytes, seen: bytes
) -> None:
    app.answer_with(MOVED % sent)
    assert (await fetch(jupyter, "/location/x")).get("Location") == seen


async def test_a_location_that_is_no_redirect_is_not_asked_about(
    jupyter: Jupyter, app: Backend
) -> None:
    app.answer_with(b"HTTP/1.1 201 Created\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n")
    assert (await fetch(jupyter, "/location/x")).get("Location") == b"/location/new"


async def test_the_subprotocol_is_that_of_the_override(jupyter: Jupyter, app: Backend) -> None:
    app.answer_with(switching(more="Sec-WebSocket-Protocol: a\r\n"))
    async with connected(jupyter) as client:
        offer = ("Sec-WebSocket-Protocol", "a, b")
        await client.ask("GET", "/subprotocol/", [*WEBSOCKET, offer])
        assert (await client.head()).get("Sec-WebSocket-Protocol") == b"b"
    assert app.request.get("Sec-WebSocket-Protocol") == b"a, b"


async def test_a_verb_may_go_on_with_the_answer(jupyter: Jupyter, app: Backend) -> None:
    app.answer_with(
        b"HTTP/1.1 203 Fine\r\nX-Unwanted: 1\r\nX-Twice: a\r\nX-Twice: b\r\n"
        b"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
    )
    answer = await fetch(jupyter, "/afterwards/x")
    assert answer.line == b"HTTP/1.1 203 Fine"
    assert answer.body == b"hello and more"
    assert answer.all("X-Twice") == [b"a", b"b"]
    assert answer.get("X-Frame-Options") == b"SAMEORIGIN"
    assert answer.get("X-Unwanted") is None
    assert answer.get("Content-Type") == b"text/plain"
    assert answer.get("Server") is None


async def test_a_verb_may_go_on_with_an_answer_to_head(jupyter: Jupyter, app: Backend) -> None:
    app.answer_with(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n")
    answer = await fetch(jupyter, "/afterwards/x", method="HEAD")
    assert (answer.get("X-Head"), answer.get("Content-Length")) == (b"yes", b"1234")


async def test_an_answer_too_large_to_hold_is_passed_on(jupyter: Jupyter, app: Backend) -> None:
    size = 12 * 1024 * 1024

    async def largely(peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(12):
            await peer.send_chunk(bytes(1024 * 1024))
        await peer.send_chunk(b"")

    app.run(largely)
    async with connected(jupyter) as client:
        await client.ask("GET", "/afterwards/large")
        answer = await client.response()
    assert answer.body == bytes(size) + b" and more"


async def test_an_event_stream_is_not_held(jupyter: Jupyter, app: Backend) -> None:
    async def events(peer) -> None:
        await peer.request()
        await peer.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        await peer.send_chunk(b"data: 1\n\n")
        await peer.closed()

    app.run(events)
    async with connected(jupyter) as client:
        await client.ask("GET", "/afterwards/events")
        assert (await client.final_head()).status == 200
        assert await client.chunk() == b"data: 1\n\n"


@pytest.mark.parametrize("size", [10, 6 * 1024 * 1024], ids=["held", "passed on"])
async def test_an_answer_that_breaks_off_is_never_whole(
    jupyter: Jupyter, app: Backend, size: int
) -> None:
    async def halfway(peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await peer.send_chunk(bytes(size))

    app.run(halfway)
    async with connected(jupyter) as client:
        await client.ask("GET", "/afterwards/broken")
        try:
            assert (await client.response()).status == 502
        except (asyncio.IncompleteReadError, ConnectionError):
            assert size > 10


# --- questions ------------------------------------------------------------------------------


async def test_prefix_and_hosts_are_asked_about(jupyter: Jupyter, app: Backend) -> None:
    assert (await fetch(jupyter, "/context/x")).status == 200
    assert app.request.get("X-Forwarded-Prefix") == b"/elsewhere"
    assert (await fetch(jupyter, "/context/refuse")).status == 403


async def test_an_own_idea_of_activity_is_asked(jupyter: Jupyter, app: Backend) -> None:
    answer = await fetch(jupyter, "/activity/x")
    assert any(cookie.startswith(b"noted=yes") for cookie in answer.all("Set-Cookie"))


async def test_an_override_that_raises_is_named(jupyter: Jupyter, app: Backend) -> None:
    answer = await fetch(jupyter, "/broken/", method="POST", body=b"")
    assert answer.status == 500
    assert (
        b"Broken.post() of module requests_overriding raised RuntimeError: no idea" in answer.body
    )
    assert (await fetch(jupyter, "/broken/")).body == b"hello"
    assert app.request.method == b"GET"
    jupyter.expected_tracebacks += 1


async def test_an_override_that_holds_up_jupyter_is_named(jupyter: Jupyter, app: Backend) -> None:
    assert (await fetch(jupyter, "/slow/")).body == b"hello"
    assert "Slow.http_get() of module requests_overriding held up Jupyter for 0." in jupyter.log()


# --- which path a class takes ---------------------------------------------------------------


async def test_a_class_that_overrides_nothing_streams(jupyter: Jupyter, app: Backend) -> None:
    """Its answers come while the backend still sends them."""

    async def slowly(peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await peer.send_chunk(b"first")
        await peer.read(1)

    app.run(slowly)
    async with connected(jupyter) as client:
        await client.ask("GET", "/plain/")
        assert (await client.final_head()).status == 200
        assert await client.chunk() == b"first"


async def test_replacing_a_method_of_our_class_counts_from_then_on(
    tmp_path: Path,
) -> None:
    jupyter = _start(tmp_path / "jupyter")
    try:
        async with listening(at=jupyter.sockets["app"]) as backend:
            backend.answer_with(HELLO)
            path = f"/proxy/{backend.port}/x"
            await fetch(jupyter, path, method="POST", body=b"12345")
            await fetch(jupyter, "/patch")
            await fetch(jupyter, path, method="POST", body=b"12345")
            before, after = backend.requests
            assert before.get("X-Patched") is None
            assert (after.get("X-Patched"), after.body) == (b"5 bytes", b"12345")
    finally:
        jupyter.stop()
