"""The standalone application without a Hub: a token for a login, or nobody is asked at all."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from _harness.backend import Backend
from _harness.client import fetch
from _harness.hub_login import cookies
from _harness.message import Message
from _harness.standalone import Standalone, ended, standalone, start
from _harness.upgrades import WEBSOCKET

from jupyter_server_proxy.client import Client
from jupyter_server_proxy.client.address import from_url
from jupyter_server_proxy.standalone.login_gate import local_address

TOKEN = "a-token-of-ones-own"
LOGIN = "/server-proxy/login"
VISIT = [("Accept", "text/html,*/*"), ("Sec-Fetch-Mode", "navigate")]
FORM = "application/x-www-form-urlencoded"


@pytest_asyncio.fixture
async def proxy(backend: Backend, tmp_path: Path) -> AsyncIterator[Standalone]:
    backend.answer_with()
    options = ["--port=0", f"--server-port={backend.port}", "--base-url=/app/"]
    async with standalone(
        tmp_path, *options, base_url="/app/", env={"JUPYTER_TOKEN": TOKEN}
    ) as running:
        yield running


async def send_form(proxy: Standalone, token: str, *, to: str = LOGIN, origin: str = "") -> Message:
    origin = origin or f"http://{proxy.netloc}"
    fields = [("Content-Type", FORM), ("Origin", origin)]
    body = urlencode({"token": token}).encode()
    return await fetch(proxy, to, method="POST", fields=fields, body=body)


async def test_strangers_are_asked_for_the_token(proxy: Standalone, backend: Backend) -> None:
    asked = await fetch(proxy, "/page?a=1", fields=VISIT)
    assert asked.status == 302
    assert asked.get("Location") == b"/app/server-proxy/login?next=%2Fapp%2Fpage%3Fa%3D1"
    for method, fields in (
        ("GET", [("Accept", "application/json")]),
        ("POST", VISIT),
        ("PROPFIND", []),
        ("GET", WEBSOCKET),
    ):
        answer = await fetch(proxy, "/page", method=method, fields=fields)
        assert answer.status == 403
    for path in ("/server-proxy/api/servers", "/server-proxy/api/events"):
        assert (await fetch(proxy, path)).status == 403
    assert backend.connections == 0


async def test_a_person_logs_in_with_the_form(proxy: Standalone, backend: Backend) -> None:
    page = await fetch(proxy, f"{LOGIN}?next=%2Fapp%2Fpage", fields=VISIT)
    assert page.status == 200
    assert b'<input id="token" name="token" type="password"' in page.body
    assert b"form-action 'self'" in page.get("Content-Security-Policy")
    wrong = await send_form(proxy, "wrong")
    assert (wrong.status, cookies(wrong)) == (403, [])
    assert b"This is not the token" in wrong.body
    right = await send_form(proxy, TOKEN, to=f"{LOGIN}?next=%2Fapp%2Fpage%3Fa%3D1")
    assert (right.status, right.get("Location")) == (303, b"/app/page?a=1")
    attributes = {part.strip().lower() for part in right.get("Set-Cookie").split(b";")[1:]}
    assert attributes == {b"httponly", b"path=/app/", b"samesite=lax"}
    assert backend.connections == 0
    proxy.cookie = "; ".join(["theme=dark", *cookies(right)])
    assert (await fetch(proxy, "/page", fields=VISIT)).body == b"hello"
    assert backend.request.get("Cookie") == b"theme=dark"
    # Whoever is logged in need not see the form.
    assert (await fetch(proxy, f"{LOGIN}?next=/app/x")).get("Location") == b"/app/x"


async def test_a_link_with_the_token_logs_in_and_hides_it(
    proxy: Standalone, backend: Backend
) -> None:
    answer = await fetch(proxy, f"/page?a=1&token={TOKEN}&b=2", fields=VISIT)
    assert (answer.status, answer.get("Location")) == (302, b"/app/page?a=1&b=2")
    assert backend.connections == 0
    proxy.cookie = "; ".join(cookies(answer))
    assert (await fetch(proxy, "/page?a=1&b=2", fields=VISIT)).status == 200
    assert TOKEN not in proxy.log()


async def test_programs_show_the_token_in_a_field(proxy: Standalone, backend: Backend) -> None:
    for scheme in ("token", "Bearer"):
        fields = [("Authorization", f"{scheme} {TOKEN}"), ("Origin", "https://elsewhere.example")]
        answer = await fetch(proxy, "/x", method="POST", fields=fields, body=b"data")
        assert answer.status == 200
        assert backend.requests[-1].get("Authorization") is None
        # They need no cookie.
        assert answer.all("Set-Cookie") == []


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example/app/",
        "/\\evil.example",
        "/app/\\\\evil",
        "/app/\t/evil",
        "/other",
        "/application",
        "/app/../other",
        "/app/x/%2e%2E/../../other",
        "/app/.%2E/other",
        "/app/..?a=1",
        "/app%2Fx",
        "/app",
        "javascript:alert(1)",
        "",
    ],
)
async def test_the_login_leads_nowhere_else(address: str) -> None:
    assert local_address(address, "/app") == "/app/"
    assert local_address("/app/x?a=1#b", "/app") == "/app/x?a=1#b"
    assert local_address("//evil.example", "") == "/"
    assert local_address("/x", "") == "/x"


@pytest.mark.parametrize("address", ["/app/x?a=../..", "/app/..x/...", "/app/#/../x", "/app/a%2Fb"])
def test_the_login_leads_to_where_it_began(address: str) -> None:
    assert local_address(address, "/app") == address


def test_an_address_may_be_spelled_otherwise_than_the_base_url() -> None:
    for base in ("/a b/ü", "/a%20b/%C3%BC"):
        assert local_address("/a%20b/%c3%bc/x", base) == "/a%20b/%c3%bc/x"


async def test_a_form_of_a_foreign_page_logs_nobody_in(proxy: Standalone) -> None:
    answer = await send_form(proxy, TOKEN, origin="https://evil.example")
    assert (answer.status, cookies(answer)) == (403, [])


async def test_a_logout_ends_the_login_of_this_browser(proxy: Standalone) -> None:
    proxy.cookie = "; ".join(cookies(await send_form(proxy, TOKEN)))
    foreign = [*VISIT, ("Sec-Fetch-Site", "cross-site")]
    assert (await fetch(proxy, "/server-proxy/logout", fields=foreign)).all("Set-Cookie") == []
    answer = await fetch(proxy, "/server-proxy/logout", fields=VISIT)
    assert answer.status == 302
    (cleared,) = answer.all("Set-Cookie")
    assert re.match(rb'username-[^=]*=(?:"")?;.*expires=', cleared, re.IGNORECASE)
    assert b"Path=/app/" in cleared


async def test_trying_tokens_becomes_slow(proxy: Standalone, backend: Backend) -> None:
    proxy_cookie = "; ".join(cookies(await send_form(proxy, TOKEN)))
    statuses = [(await send_form(proxy, f"wrong {number}")).status for number in range(4)]
    fields = [("Authorization", "token wrong")]
    statuses.append((await fetch(proxy, "/x", fields=fields)).status)
    assert statuses == [403, 403, 403, 403, 302]
    # Now also the right one has to wait, however it is shown.
    answer = await send_form(proxy, TOKEN)
    assert answer.status == 429
    assert 1 <= int(answer.get("Retry-After")) <= 2
    assert (await fetch(proxy, f"/x?token={TOKEN}")).status == 429
    assert backend.connections == 0
    # Nobody is thrown out, and an application's own tokens are no tries.
    proxy.cookie = proxy_cookie
    assert (await fetch(proxy, "/x", fields=[("Authorization", "Bearer of-the-app")])).status == 200


async def test_made_up_addresses_do_not_make_trying_fast(proxy: Standalone) -> None:
    async def attempt(number: int) -> int:
        fields = [("Authorization", f"token wrong {number}"), ("Accept", "application/json")]
        by = ("X-Forwarded-For", f"10.0.0.{number}")
        return (await fetch(proxy, "/x", fields=[*fields, by])).status

    assert {await attempt(number) for number in range(100)} == {403}
    # Without a limit all are looked at, with it about one in each second.
    assert [await attempt(number) for number in range(100, 150)].count(429) > 10


IN_A_FOREIGN_PAGE = [
    ("Sec-Fetch-Site", "cross-site"),
    ("Sec-Fetch-Mode", "no-cors"),
    ("Sec-Fetch-Dest", "image"),
    ("Accept", "image/*"),
]
OPENED_BY_ONE = [("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Dest", "document"), *VISIT]


@pytest.mark.parametrize("foreign", [IN_A_FOREIGN_PAGE, OPENED_BY_ONE], ids=["image", "window"])
async def test_foreign_pages_lock_nobody_out(
    foreign: list[tuple[str, str]], proxy: Standalone
) -> None:
    for number in range(10):
        await fetch(proxy, f"/x?token=no{number}", fields=foreign)
    assert (await send_form(proxy, TOKEN)).status == 303
    own = [*VISIT, ("Sec-Fetch-Site", "none"), ("Sec-Fetch-Dest", "document")]
    assert (await fetch(proxy, f"/x?token={TOKEN}", fields=own)).get("Location") == b"/app/x"


async def test_only_pages_that_are_opened_log_in_by_a_foreign_link(
    proxy: Standalone, backend: Backend
) -> None:
    answer = await fetch(proxy, f"/x?token={TOKEN}", fields=IN_A_FOREIGN_PAGE)
    assert (answer.status, cookies(answer), backend.connections) == (403, [], 0)
    answer = await fetch(proxy, f"/x?token={TOKEN}", fields=OPENED_BY_ONE)
    assert answer.get("Location") == b"/app/x"
    # That they are slowed down, too, is what keeps programs from pretending to be one.
    for number in range(5):
        await fetch(proxy, f"/x?token=no{number}", fields=OPENED_BY_ONE)
    assert (await fetch(proxy, f"/x?token={TOKEN}", fields=OPENED_BY_ONE)).status == 429


async def test_a_random_token_is_in_the_log(backend: Backend, tmp_path: Path) -> None:
    backend.answer_with()
    options = ["--token=", "--port=0", f"--server-port={backend.port}"]
    async with standalone(tmp_path, *options) as proxy:
        place = re.escape(f"http://{proxy.netloc}")
        found = re.search(rf"Log in at {place}(/\?token=\w{{48}})", proxy.log())
        assert found, proxy.log()
        assert (await fetch(proxy, "/")).status == 302
        answer = await fetch(proxy, found[1])
        assert answer.status == 200
        assert backend.request.target == b"/"


ENVIRONMENT = (
    "import http.server, json, os, sys\n"
    "class H(http.server.BaseHTTPRequestHandler):\n"
    "    def do_GET(self):\n"
    "        self.send_response(200); self.end_headers()\n"
    "        self.wfile.write(json.dumps(dict(os.environ)).encode())\n"
    "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), H).serve_forever()\n"
)
SHOWS_ITS_ENVIRONMENT = ["--", sys.executable, "-c", ENVIRONMENT, "{port}"]


async def test_the_token_may_be_in_a_file_and_the_application_does_not_learn_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    env = {"JUPYTER_TOKEN_FILE": str(tmp_path / "token")}
    async with standalone(tmp_path, "--port=0", *SHOWS_ITS_ENVIRONMENT, env=env) as proxy:
        answer = await fetch(proxy, "/", fields=[("Authorization", f"token {TOKEN}")])
        assert answer.status == 200
        assert TOKEN.encode() not in answer.body
        assert not {"JUPYTER_TOKEN", "JUPYTER_TOKEN_FILE"} & set(json.loads(answer.body))


async def test_a_token_that_we_do_not_ask_for_is_the_applications(tmp_path: Path) -> None:
    for option in ("--no-authentication", "--token=another"):
        options = ["--port=0", option, *SHOWS_ITS_ENVIRONMENT]
        async with standalone(tmp_path, *options, env={"JUPYTER_TOKEN": TOKEN}) as proxy:
            answer = await fetch(proxy, "/", fields=[("Authorization", "token another")])
            assert json.loads(answer.body)["JUPYTER_TOKEN"] == TOKEN
    options = ["--port=0", f"--token={TOKEN}", *SHOWS_ITS_ENVIRONMENT]
    async with standalone(tmp_path, *options, env={"JUPYTER_TOKEN": TOKEN}) as proxy:
        answer = await fetch(proxy, "/", fields=[("Authorization", f"token {TOKEN}")])
        assert "JUPYTER_TOKEN" not in json.loads(answer.body)


async def test_spaces_around_a_token_are_none_of_it(backend: Backend, tmp_path: Path) -> None:
    backend.answer_with()
    options = ["--token= a b ", "--port=0", f"--server-port={backend.port}"]
    async with standalone(tmp_path, *options) as proxy:
        for given in ("a b", " a b "):
            assert (await send_form(proxy, given)).status == 303
        assert (await fetch(proxy, "/x?token=a%20b")).status == 200
        assert (await fetch(proxy, "/x", fields=[("Authorization", "token a b")])).status == 200


async def test_programs_drive_the_api_with_the_token(proxy: Standalone) -> None:
    client = Client(from_url(f"http://{proxy.netloc}/app/", token=TOKEN))
    (server,) = await asyncio.to_thread(client.servers)
    assert server["state"] == "unmanaged"
    api = "/server-proxy/api/servers"
    proxy.cookie = "; ".join(cookies(await send_form(proxy, TOKEN)))
    fetched = [("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "same-origin")]
    assert (await fetch(proxy, api, fields=fetched)).status == 403


# --- nobody is asked ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--no-authentication", "--address=0.0.0.0"], ["--no-authentication", "--allow-public"]),
        (["--no-authentication", "--token=x"], ["--no-authentication", "--token"]),
        (["--no-authentication", "--forward-user=headers"], ["--forward-user"]),
        (["--token=   "], ["token", "only spaces"]),
        (["--token=a\nb"], ["token", "line breaks"]),
        (["--token=x", "--forward-user-key=/key"], ["--forward-user=jwt"]),
        (["--token=x", "--forward-user-audience=a"], ["--forward-user=jwt"]),
        (["--token=x", "--forward-user=jwt", "--forward-user-key=/none"], ["'/none'"]),
    ],
)
async def test_what_contradicts_itself_is_refused(
    options: list[str], words: list[str], tmp_path: Path
) -> None:
    process, log = start(tmp_path, *options, "--port=0", "--server-port=1")
    assert await ended(process) == 1
    assert all(word in log.read_text() for word in words), log.read_text()
    assert "Traceback" not in log.read_text()


async def test_without_a_login_no_foreign_name_leads_here(backend: Backend, tmp_path: Path) -> None:
    """A page may have a name of its own site lead to this machine, and is of our origin then."""
    backend.answer_with()
    options = ["--no-authentication", "--port=0", f"--server-port={backend.port}"]
    async with standalone(tmp_path, *options) as proxy:
        for path in ("/", "/server-proxy/api/servers"):
            for host in ("evil.example", f"evil.example:{proxy.port}", "localhost.evil.example"):
                for fields in ([], WEBSOCKET):
                    answer = await fetch(proxy, path, fields=[("Host", host), *fields])
                    assert answer.status == 403
                    assert b"--allow-public" in answer.body
        assert backend.connections == 0
        for host in ("localhost", f"LOCALHOST:{proxy.port}", "127.0.0.2", "[::1]:80"):
            assert (await fetch(proxy, "/", fields=[("Host", host)])).status == 200


async def test_everybody_may_be_let_in_on_purpose(backend: Backend, tmp_path: Path) -> None:
    backend.answer_with()
    options = ["--no-authentication", "--allow-public", "--address=0.0.0.0", "--port=0"]
    async with standalone(tmp_path, *options, f"--server-port={backend.port}") as proxy:
        assert (await fetch(proxy, "/", fields=[("Host", "app.example")])).status == 200
        assert "WARNING" in proxy.log()
