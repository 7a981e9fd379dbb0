"""What is done for every request of the standalone application is done only when it is of use."""

from __future__ import annotations

import logging

import pytest
from tornado import web
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

pytest.importorskip("jupyterhub")

import jupyterhub
from jupyterhub.services.auth import HubAuth

from jupyter_server_proxy.standalone import hub_auth
from jupyter_server_proxy.standalone.application import _request_logger
from jupyter_server_proxy.standalone.hub_auth import StandaloneHubOAuth


class Kept(logging.Handler):
    """Keeps its lines."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


class Connection:
    """All that a request needs of one."""

    def set_close_callback(self, callback: object) -> None:
        pass


def handler(cookie: str = "", **headers: str) -> web.RequestHandler:
    request = HTTPServerRequest(
        start_line=RequestStartLine("GET", "/x?token=secret", "HTTP/1.1"),
        headers=HTTPHeaders({"Host": "a", "Cookie": cookie, **headers}),
        connection=Connection(),  # type: ignore[arg-type]
    )
    return web.RequestHandler(web.Application(cookie_secret="s" * 32), request)


# --- the log ------------------------------------------------------------------------------------


@pytest.fixture
def log() -> tuple[logging.Logger, Kept]:
    """Like that of traitlets' applications, which lets all levels through to its handler; one that
    nobody else knows, pytest above all."""
    logger, kept = logging.Logger("requests"), Kept()  # noqa: LOG001
    logger.setLevel(logging.DEBUG)
    logger.addHandler(kept)
    return logger, kept


def made(logger: logging.Logger, status: int) -> int:
    """How many records one request of this status makes."""
    count = 0

    def note(_record: logging.LogRecord) -> bool:
        nonlocal count
        count += 1
        return True

    logger.addFilter(note)
    answered = handler()
    answered.set_status(status)
    _request_logger(logger)(answered)
    logger.removeFilter(note)
    return count


def test_a_line_that_nobody_reads_is_not_made(log: tuple[logging.Logger, Kept]) -> None:
    logger, kept = log
    kept.setLevel(logging.INFO)
    assert made(logger, 200) == 0
    assert made(logger, 404) == 1
    (line,) = kept.lines
    assert line.startswith("404 GET /x (")
    assert "secret" not in line


def test_a_line_that_somebody_reads_is(log: tuple[logging.Logger, Kept]) -> None:
    logger, kept = log
    kept.setLevel(logging.DEBUG)
    assert made(logger, 200) == 1
    logger.removeHandler(kept)
    assert made(logger, 200) == 0


# --- the login cookie ---------------------------------------------------------------------------


@pytest.fixture
def auth(monkeypatch: pytest.MonkeyPatch) -> StandaloneHubOAuth:
    monkeypatch.setenv("JUPYTERHUB_CLIENT_ID", "jupyterhub-user-ann")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "t")
    return StandaloneHubOAuth(base_url="/user/ann/")


def signed(auth: StandaloneHubOAuth, token: str) -> str:
    value = handler().create_signed_value(auth.cookie_name, token).decode()
    return f"{auth.cookie_name}={value}"


def test_a_cookie_is_taken_apart_once(
    auth: StandaloneHubOAuth, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = signed(auth, "token-of-ann")
    decoded = 0
    original = web.RequestHandler.get_signed_cookie

    def count(self: web.RequestHandler, name: str) -> bytes | None:
        nonlocal decoded
        decoded += 1
        return original(self, name)

    monkeypatch.setattr(web.RequestHandler, "get_secure_cookie", count)
    for _ in range(3):
        assert auth._get_token_cookie(handler(cookie)) == "token-of-ann"
    assert decoded == 1
    assert auth._get_token_cookie(handler(signed(auth, "token-of-bob"))) == "token-of-bob"


def test_a_forged_cookie_stays_one(auth: StandaloneHubOAuth) -> None:
    cookie = signed(auth, "token-of-ann")
    last = "1" if cookie.endswith("0") else "0"
    for forged in (cookie[:-1] + last, f"{auth.cookie_name}=token-of-ann"):
        for _ in range(2):
            assert not auth._get_token_cookie(handler(forged))


def test_whoever_sends_many_cookies_fills_no_memory(auth: StandaloneHubOAuth) -> None:
    for number in range(100):
        auth._get_token_cookie(handler(f"{auth.cookie_name}={number}"))
    assert auth._decoded == {}


def test_a_cookie_that_is_none_of_ours_by_its_size_is_not_looked_at(
    auth: StandaloneHubOAuth,
) -> None:
    assert auth._get_token_cookie(handler(signed(auth, "t" * 1000))) == "t" * 1000
    assert auth._get_token_cookie(handler(signed(auth, "t" * hub_auth.LONGEST_TOKEN))) is None


def test_websockets_may_be_forbidden_to_log_in_by_cookie(auth: StandaloneHubOAuth) -> None:
    cookie = signed(auth, "token-of-ann")
    assert auth._get_token_cookie(handler(cookie)) == "token-of-ann"
    auth.allow_websocket_cookie_auth = False
    asked = handler(cookie, **{"Sec-Fetch-Mode": "websocket"})
    assert auth._get_token_cookie(asked) is None


# --- what strangers send ------------------------------------------------------------------------


async def test_a_token_is_asked_about_and_remembered_by_a_short_name(
    auth: StandaloneHubOAuth, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def answer(_self: object, *_given: object, api_token: str, **_more: object) -> None:
        asked.append(api_token)

    monkeypatch.setattr(HubAuth, "_check_hub_authorization", answer)
    longest = "t" * hub_auth.LONGEST_TOKEN
    for token in (longest, longest + "t", "t" * 60_000):
        assert await auth.user_for_token(token, session_id="s" * 60_000, sync=False) is None
    assert asked == [longest]
    (question,) = auth._users._in_vain._kept
    assert len(question) == 32  # type: ignore[arg-type]


def begin(auth: StandaloneHubOAuth, address: str) -> str:
    return auth.generate_state(address)


def test_a_login_that_leads_to_a_long_address_leads_to_the_first_page(
    auth: StandaloneHubOAuth,
) -> None:
    address = "/user/ann/?" + "q" * (hub_auth.LONGEST_NEXT - 11)
    assert auth.get_next_url(begin(auth, address)) == address
    assert auth.get_next_url(begin(auth, address + "q")) == "/user/ann/"


@pytest.mark.skipif(jupyterhub.version_info < (5,), reason="all of a state is in a cookie there")
def test_of_logins_that_never_end_the_oldest_is_forgotten(
    auth: StandaloneHubOAuth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_auth, "MOST_BEGUN", 3)
    states = [begin(auth, f"/user/ann/{number}") for number in range(10)]
    assert len(auth._oauth_states) == 3
    assert auth.get_next_url(states[0]) == "/user/ann/"
    assert auth.get_next_url(states[-1]) == "/user/ann/9"
