"""Nobody gets past the gate who is not let in: no backend is contacted and no child started.

The routes are asked of the running server, so that a route that is added later is tried too.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from _harness.backend import Backend, listening
from _harness.client import Client, connected, fetch
from _harness.jupyter import Jupyter, start_jupyter
from _harness.message import Message
from _harness.witness import parsed
from tornado.web import create_signed_value

HARNESS = str(Path(__file__).parent / "_harness")
WEB = str(Path(__file__).parents[1] / "apps" / "web.py")
SECRET = "a cookie secret that only the tests know"
PORTS = ("running", "raw")
SERVICES = f"""
sys.path.insert(0, {HARNESS!r})
import json, os
os.makedirs(FOLDER + "/config/jupyter_server_config.d", exist_ok=True)
with open(FOLDER + "/config/jupyter_server_config.d/witness.json", "w") as file:
    json.dump({{"ServerApp": {{"jpserver_extensions": {{"witness": True}}}}}}, file)
c.ServerApp.cookie_secret = {SECRET!r}.encode()
child = [sys.executable, {WEB!r}, "--port", "{{port}}"]
c.ServerProxy.servers = {{
    "running": {{"port": PORTS["running"]}},
    "absolute": {{"port": PORTS["running"], "absolute_url": True}},
    "started": {{"command": child}},
    "socket": {{"command": child + ["--unix", "{{unix_socket}}"], "unix_socket": True}},
    "rawrunning": {{"port": PORTS["raw"], "raw_socket_proxy": True}},
    "rawstarted": {{"command": child, "raw_socket_proxy": True}},
    "odd name/é": {{"port": PORTS["running"]}},
}}
"""
# What differs between the servers that all are tried on.
HOUSES = {
    "default": "",
    "strict": "c.ServerApp.allow_unauthenticated_access = False\n",
    "lenient": "c.ServerApp.allow_unauthenticated_access = True\n",
    "password": (
        "from jupyter_server.auth import passwd\n"
        "c.PasswordIdentityProvider.hashed_password = passwd('correct horse', 'sha1')\n"
    ),
    "async identity": (
        "import asyncio\n"
        "from jupyter_server.auth.identity import PasswordIdentityProvider\n"
        "class Slow(PasswordIdentityProvider):\n"
        "    async def get_user(self, handler):\n"
        "        await asyncio.sleep(0)\n"
        "        return await super().get_user(handler)\n"
        "c.ServerApp.identity_provider_class = Slow\n"
        "c.Slow.token = c.IdentityProvider.token\n"
    ),
    "below a base url": "",
    "any origin": "c.ServerApp.allow_origin = '*'\n",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "FINISH")
# Requests with a body take another way through the application.
WITH_BODY = ("PUT", "PATCH", "FINISH")
UPGRADE = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", base64.b64encode(b"0123456789abcdef").decode()),
]
# One path for each pattern that the application may have; a pattern that matches none of these
# fails the test, so a new route needs a line here.
SAMPLES = (
    "/running/x",
    "/running",
    "/absolute/x",
    "/absolute",
    "/started/x",
    "/started",
    "/socket/x",
    "/socket",
    "/rawrunning/",
    "/rawrunning",
    "/rawstarted/",
    "/rawstarted",
    "/odd%20name/%C3%A9/",
    "/odd%20name/%C3%A9",
    "/proxy/{port}/x",
    "/proxy/{port}",
    "/proxy/absolute/{port}/x",
    "/proxy/localhost:{port}/x",
    "/proxy/127.0.0.1:{port}/x",
    "/proxy/absolute/localhost:{port}/x",
    "/server-proxy/servers-info",
    "/server-proxy/icon/started",
    "/server-proxy/api/servers",
    "/server-proxy/api/servers/started",
    "/server-proxy/api/servers/started/start",
    "/server-proxy/api/servers/started/stop",
    "/server-proxy/api/servers/started/restart",
    "/server-proxy/api/servers/started/log",
    "/server-proxy/api/servers/started/instances",
    "/server-proxy/api/events",
    "/server-proxy/api/openapi.json",
    "/server-proxy/api/openapi.yaml",
)


@dataclass
class House:
    """A server with the two backends that its services name."""

    jupyter: Jupyter
    running: Backend
    raw: Backend

    @property
    def contacts(self) -> int:
        return self.running.connections + self.raw.connections

    async def told(self) -> dict:
        return parsed((await fetch(self.jupyter, "/witness", fields=ANONYMOUS)).body)

    async def paths(self) -> list[str]:
        """A path for every route that there is."""
        base = self.jupyter.base_url.rstrip("/")
        samples = [base + sample.format(port=self.running.port) for sample in SAMPLES]
        found = set()
        for route in (await self.told())["routes"]:
            pattern = re.compile(route["pattern"])
            matching = [path for path in samples if pattern.match(path)]
            assert matching, f"no path in SAMPLES for {route}"
            found.update(path.removeprefix(base) for path in matching)
        return sorted(found)

    async def assert_nothing_happened(self) -> None:
        assert self.contacts == 0
        services = (await self.told())["services"]
        assert services == dict.fromkeys(("started", "socket", "rawstarted"), "STOPPED")


@contextmanager
def serving(
    folders: pytest.TempPathFactory, config: str, *, base_url: str = "/"
) -> Iterator[Jupyter]:
    jupyter = start_jupyter(
        folders.mktemp("jupyter"), SERVICES + config, ports=PORTS, base_url=base_url
    )
    yield jupyter
    jupyter.stop()


@pytest.fixture(scope="module", params=HOUSES)
def any_jupyter(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Jupyter]:
    base_url = "/user/a%40b/" if "base url" in request.param else "/"
    with serving(tmp_path_factory, HOUSES[request.param], base_url=base_url) as jupyter:
        yield jupyter


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    with serving(tmp_path_factory, "") as jupyter:
        yield jupyter


@pytest.fixture(scope="module")
def configured(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Jupyter]:
    """With the configuration that the test names: `@with_configuration(text)`."""
    with serving(tmp_path_factory, request.param) as jupyter:
        yield jupyter


def with_configuration(*configs: str, ids: Iterable[str] | None = None) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("configured", configs, ids=ids, indirect=True, scope="module")


@asynccontextmanager
async def house_of(jupyter: Jupyter) -> AsyncIterator[House]:
    async with (
        listening(at=jupyter.sockets["running"]) as running,
        listening(at=jupyter.sockets["raw"]) as raw,
    ):
        running.answer_with()
        yield House(jupyter, running, raw)


# The harness logs in by itself; here each request says how.
ANONYMOUS = [("Authorization", ""), ("Cookie", "")]


def logged_in(jupyter: Jupyter) -> list[tuple[str, str]]:
    return [("Authorization", f"token {jupyter.token}")]


async def ask(client: Client, method: str, path: str, fields: list[tuple[str, str]]) -> Message:
    """One request on a connection; "UPGRADE" is a GET that asks for a websocket."""
    fields = [*ANONYMOUS, *fields]
    if method == "UPGRADE":
        await client.ask("GET", path, [*fields, *UPGRADE])
        return await client.response()
    await client.ask(method, path, fields, b"a=b" if method in WITH_BODY else None)
    return await client.response(is_head=method == "HEAD")


# --- credentials that are none ---------------------------------------------------------------


USER = ("username", "name", "display_name", "initials", "avatar_url", "color")


def cookie_name(jupyter: Jupyter) -> str:
    return "username-" + re.sub(r"[^A-Za-z0-9]", "-", jupyter.netloc)


def signed_cookie(jupyter: Jupyter, *, secret: str = SECRET, age_days: float = 0) -> str:
    user = json.dumps(dict.fromkeys(USER, "somebody"))
    value = create_signed_value(
        secret, cookie_name(jupyter), user, clock=lambda: time.time() - age_days * 86400
    )
    return f"{cookie_name(jupyter)}={value.decode()}"


Credential = Callable[[Jupyter], list[tuple[str, str]]]

INVALID: dict[str, Credential] = {
    "nothing": lambda _: [],
    "a wrong token": lambda _: [("Authorization", "token 0123456789abcdef")],
    "an empty token": lambda _: [("Authorization", "token ")],
    "a wrong basic login": lambda _: [("Authorization", "Basic dXNlcjpwYXNz")],
    "a garbage cookie": lambda j: [("Cookie", f"{cookie_name(j)}=garbage")],
    "a cookie of another server": lambda j: [
        ("Cookie", signed_cookie(j, secret="another secret")),
    ],
    "an expired cookie": lambda j: [("Cookie", signed_cookie(j, age_days=32))],
    "an xsrf cookie alone": lambda _: [
        ("Cookie", "_xsrf=2|1234|5678|9"),
        ("X-XSRFToken", "2|1234|5678|9"),
    ],
}
VALID: dict[str, Credential] = {
    "the token": lambda j: [("Authorization", f"token {j.token}")],
    "the token as bearer": lambda j: [("Authorization", f"Bearer {j.token}")],
    "a login cookie": lambda j: [("Cookie", signed_cookie(j))],
}


# Everything is tried on the first server, and on the others what might be special there.
TELLING = ("nothing", "a wrong token", "an expired cookie")
TRIED = [
    pytest.param(house, credential, id=f"{house}-{credential}")
    for house in HOUSES
    for credential in INVALID
    if house == "default" or credential in TELLING
]


@pytest.mark.parametrize(
    ("any_jupyter", "credential"), TRIED, indirect=["any_jupyter"], scope="module"
)
async def test_without_a_login_nothing_is_contacted_and_nothing_starts(any_jupyter, credential):
    jupyter = any_jupyter
    fields = INVALID[credential](jupyter)
    async with house_of(jupyter) as house:
        wrong = []
        for path in await house.paths():
            for method in methods_of(path):
                async with connected(jupyter) as client:
                    answer = await ask(client, method, path, fields)
                    if not is_refusal(answer, method, path):
                        wrong.append(f"{method} {path}: {answer.raw[:200]!r}")
        assert not wrong, "\n".join(wrong)
        await house.assert_nothing_happened()


def methods_of(path: str) -> tuple[str, ...]:
    """Pages of our own leave methods without a verb to Jupyter's base class, which refuses them
    but logs an error of its own while it does."""
    is_ours = path.startswith("/server-proxy/")
    return (*(METHODS[:7] if is_ours else METHODS), "UPGRADE")


def is_refusal(answer: Message, method: str, path: str) -> bool:
    """To the login page for people; 403 for the rest. A method that a page of our own does not
    have may be answered so before anybody asks who wants it."""
    if answer.status == 302:
        location = answer.get("Location") or b""
        return method in ("GET", "HEAD", "UPGRADE") and b"/login?next=" in location
    is_ours = path.startswith("/server-proxy/")
    return answer.status == 403 or (is_ours and answer.status in (404, 405))


async def test_what_the_log_says_of_an_error_is_without_the_query(any_jupyter):
    """Jupyter's own line for each request has it."""
    jupyter = any_jupyter
    async with house_of(jupyter), connected(jupyter) as client:
        before = len(jupyter.log())
        await ask(client, "GET", "/started/x?token=%ffSECRET&more=SECRET", [])
        (said,) = [it for it in jupyter.log()[before:].splitlines() if "is no UTF-8" in it]
        assert "/started/x" in said
        assert "SECRET" not in said


@pytest.mark.parametrize("query", ["token=wrong", "token=", "token=%00", "token=a&token=b"])
async def test_a_wrong_token_in_the_query_is_no_login(any_jupyter, query):
    jupyter = any_jupyter
    async with house_of(jupyter) as house, connected(jupyter) as client:
        for path in await house.paths():
            for method in ("GET", "POST", "UPGRADE"):
                answer = await ask(client, method, f"{path}?{query}", [])
                assert is_refusal(answer, method, path), answer.raw
        await house.assert_nothing_happened()


@pytest.mark.parametrize("credential", VALID)
async def test_with_a_login_every_method_arrives(any_jupyter, credential):
    """The counterpart of the tests above: it is the login that makes the difference."""
    jupyter = any_jupyter
    async with house_of(jupyter) as house:
        for method in METHODS:
            for path in ("/running/x", house.running.path + "/"):
                async with connected(jupyter) as client:
                    answer = await ask(client, method, path, VALID[credential](jupyter))
                    assert answer.status == 200, answer.raw
        assert {request.method.decode() for request in house.running.requests} == set(METHODS)


async def test_a_refused_upload_is_not_read_by_anybody(jupyter):
    """The body of somebody who may not come in goes nowhere, however long it is."""
    async with house_of(jupyter) as house, connected(house.jupyter) as client:
        await client.ask("POST", "/running/", [*ANONYMOUS, ("Content-Length", "1000000000000")])
        assert (await client.response()).status == 403
        await house.assert_nothing_happened()


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_who_is_refused_with_a_body_may_ask_the_next_thing(jupyter, method):
    """A proxy in front of Jupyter does, for somebody else, on the same connection."""
    async with house_of(jupyter) as house, connected(house.jupyter) as client:
        for _ in range(2):
            fields = [*ANONYMOUS, ("Sec-Fetch-Mode", "navigate")]
            await client.ask(method, "/running/", fields, body=b"data")
            answer = await client.response()
            assert (answer.status, answer.get("Connection")) in {(403, None), (302, None)}
        await house.assert_nothing_happened()


@pytest.mark.parametrize("framing", ["length", "chunks"])
async def test_who_is_refused_while_sending_gets_the_answer(jupyter, framing):
    """A proxy in front of Jupyter would make a 502 or 503 of a connection that is reset."""
    data = bytes(20_000_000)
    body = data if framing == "length" else b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)
    field = ("Content-Length", str(len(data)))
    if framing == "chunks":
        field = ("Transfer-Encoding", "chunked")
    async with house_of(jupyter) as house, connected(house.jupyter) as client:
        await client.ask("POST", "/running/", [*ANONYMOUS, field])
        await client.send(body)
        assert (await client.response()).status == 403
        await house.assert_nothing_happened()


async def test_who_is_refused_before_being_told_to_send_is_told_nothing_more(jupyter):
    async with connected(jupyter) as client:
        fields = [("Cookie", ""), ("Content-Length", "5"), ("Expect", "100-continue")]
        await client.ask("POST", "/running/", fields)
        answer = await client.response()
        # A proxy that was not told would ask the next thing on this connection.
        assert (answer.status, answer.get("Connection")) == (403, b"close")
        assert await client.closed() == b""


async def test_what_cannot_be_done_is_refused_with_a_reason_even_to_those_who_are_let_in(jupyter):
    async with house_of(jupyter) as house, connected(house.jupyter) as client:
        for method in METHODS:
            answer = await ask(client, method, "/running", logged_in(house.jupyter))
            if method in ("GET", "HEAD"):
                assert (answer.status, answer.get("Location")) == (302, b"/running/")
            else:
                assert answer.status == 405
        assert house.contacts == 0


# --- who may do what ---------------------------------------------------------------------------

DENYING = """
from jupyter_server.auth.authorizer import Authorizer
class Careful(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        with open(FOLDER + "/asked", "a") as file:
            file.write(f"{action} {resource}\\n")
        return resource in ("server-proxy:running", "contents")
c.ServerApp.authorizer_class = Careful
"""
DENYING_LATER = DENYING.replace("    def is_a", "    async def is_a")


@with_configuration(DENYING, DENYING_LATER, ids=["plain", "async"])
async def test_the_authorizer_is_asked_before_any_contact(configured):
    jupyter = configured
    async with house_of(jupyter) as house:
        for path in await house.paths():
            if path.startswith(("/running/", "/server-proxy/")):
                continue
            for method in methods_of(path):
                async with connected(jupyter) as client:
                    answer = await ask(client, method, path, logged_in(client.jupyter))
                    assert answer.status == 403, (method, path, answer.raw)
        await house.assert_nothing_happened()
        async with connected(jupyter) as client:
            assert (await ask(client, "GET", "/running/", logged_in(jupyter))).status == 200
            assert (await ask(client, "POST", "/running/", logged_in(jupyter))).status == 200
            assert (await ask(client, "UPGRADE", "/running/", logged_in(jupyter))).status == 200
    asked = set((jupyter.folder / "asked").read_text().splitlines())
    for resource in ("server-proxy", "server-proxy:running", "server-proxy:rawstarted"):
        wanted = {f"{action} {resource}" for action in ("read", "write", "execute")}
        assert wanted <= asked


# --- who asks for an upgrade --------------------------------------------------------------------

FOREIGN = ("http://evil.example", "https://{netloc}.evil.example", "null", "file://", "http://x@")
ORIGINS = {
    "allow_origin": "c.ServerApp.allow_origin = 'https://friend.example'\n",
    "allow_origin_pat": "c.ServerApp.allow_origin_pat = 'https://.*\\\\.example'\n",
}


@pytest.fixture(params=["running/", "started/", "rawrunning/", "rawstarted/", "proxy/{port}/"])
def tunnelled(request: pytest.FixtureRequest) -> str:
    return "/" + request.param


@pytest.mark.parametrize("origin", FOREIGN)
async def test_pages_of_foreign_origins_open_no_tunnel(jupyter, tunnelled, origin):
    fields = [("Cookie", signed_cookie(jupyter))]
    fields.append(("Origin", origin.format(netloc=jupyter.netloc)))
    async with house_of(jupyter) as house, connected(jupyter) as client:
        path = tunnelled.format(port=house.running.port)
        answer = await ask(client, "UPGRADE", path, fields)
        assert answer.status == 403
        assert b"rigin" in answer.body
        await house.assert_nothing_happened()


async def test_pages_of_our_own_origin_do(jupyter):
    fields = [("Cookie", signed_cookie(jupyter))]
    async with house_of(jupyter) as house, connected(jupyter) as client:
        for own in (f"http://{jupyter.netloc}", f"HTTP://{jupyter.netloc}"):
            answer = await ask(client, "UPGRADE", "/running/", [*fields, ("Origin", own)])
            assert answer.status == 200  # the backend's answer
        assert house.contacts == 2


@with_configuration(*ORIGINS.values(), ids=ORIGINS)
async def test_origins_are_allowed_as_jupyter_allows_them(configured):
    jupyter = configured
    fields = [("Cookie", signed_cookie(jupyter))]
    async with house_of(jupyter) as house:
        for origin, status in (
            ("http://evil.test", 403),
            ("https://friend.example.evil.test", 403),
            ("https://friend.example", 200),
        ):
            async with connected(jupyter) as client:
                answer = await ask(client, "UPGRADE", "/running/", [*fields, ("Origin", origin)])
                assert answer.status == status, origin
        assert house.contacts == 1


# --- which hosts ---------------------------------------------------------------------------------

HOSTS = """
c.ServerProxy.host_allowlist = ["localhost", "127.0.0.1", "allowed.example"]
c.ServerProxy.allowed_ports = [PORTS["running"]]
"""
ODD_HOSTS = [
    "evil.example",
    "127.0.0.2",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "localhost%00.evil.example",
    "localhost%0d%0aX-Evil:%201",
    "localhost%23",
    "localhost%2f",
    "localhost%3f",
    "evil.example%23@localhost",
    "user%40localhost",
    "localhost%20",
    "%6cocalhost%2eevil%2eexample",
    "%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1",  # full-width digits
    "l%C3%B6calhost",
    "%E2%93%9Bocalhost",  # a circled letter that IDNA maps to l
    "localhost..",
    ".localhost",
    "169.254.169.254",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[fe80::1%25lo]",
    "[::]",
    "0.0.0.0",
    "0",
]


@with_configuration(HOSTS, ids=["hosts"])
@pytest.mark.parametrize("host", ODD_HOSTS)
async def test_a_host_that_is_not_on_the_list_is_not_contacted(configured, host):
    async with house_of(configured) as house, connected(house.jupyter) as client:
        for prefix in ("/proxy/", "/proxy/absolute/"):
            for method in ("GET", "POST", "UPGRADE"):
                path = f"{prefix}{host}:{house.running.port}/x"
                answer = await ask(client, method, path, logged_in(client.jupyter))
                assert answer.status in (403, 404), (method, path, answer.raw)
                assert b"X-Evil" not in answer.raw
        assert house.contacts == 0


@with_configuration(HOSTS, ids=["hosts"])
@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost", "localhost.", "127.0.0.1", "%6cocalhost", "127.0.0.1."]
)
async def test_every_spelling_of_a_host_on_the_list_is_the_same(configured, host):
    async with house_of(configured) as house:
        answer = await fetch(house.jupyter, f"/proxy/{host}:{house.running.port}/")
        assert (answer.status, answer.body) == (200, b"hello")


@with_configuration(HOSTS, ids=["hosts"])
@pytest.mark.parametrize("port", ["{raw}", "1", "0", "65536", "99999999999", "9" * 5000])
async def test_a_port_that_is_not_allowed_is_not_contacted(configured, port):
    async with house_of(configured) as house:
        port = port.format(raw=house.raw.port)
        for path in (f"/proxy/{port}/", f"/proxy/localhost:{port}/", f"/proxy/absolute/{port}/"):
            async with connected(house.jupyter) as client:
                for method in ("GET", "POST", "UPGRADE"):
                    answer = await ask(client, method, path, logged_in(client.jupyter))
                    assert answer.status in (400, 403), (method, path[:80], answer.raw[:300])
        assert house.contacts == 0


ASKING = """
async def ask(handler, host):
    with open(FOLDER + "/hosts", "a") as file:
        file.write(repr(host) + "\\n")
    return host in ("localhost", "::1")
c.ServerProxy.host_allowlist = ask
"""


@with_configuration(ASKING, ids=["asking"])
async def test_a_callable_is_asked_about_the_host_that_would_be_contacted(configured):
    """Not about another spelling of it, which it might not know."""
    jupyter = configured
    async with house_of(jupyter) as house, connected(jupyter) as client:
        for host in ("LOCALHOST", "localhost.", "%6cocalhost"):
            path = f"/proxy/{host}:{house.running.port}/"
            assert (await ask(client, "GET", path, logged_in(client.jupyter))).status == 200
        for host in ("METADATA.internal.", "127.0.0.1"):
            path = f"/proxy/{host}:{house.running.port}/"
            assert (await ask(client, "GET", path, logged_in(client.jupyter))).status == 403
        assert (
            await ask(client, "GET", "/proxy/[0:0:0:0:0:0:0:1]:1/", logged_in(jupyter))
        ).status == 502
    assert (jupyter.folder / "hosts").read_text().split() == [
        "'localhost'",
        "'localhost'",
        "'localhost'",
        "'metadata.internal'",
        "'127.0.0.1'",
        "'::1'",
    ]


# --- nothing of ours leads away, or speaks for an attacker ---------------------------------------


@pytest.mark.parametrize(
    "path", ["//evil.example/..//running", "/running?next=//evil.example", "/%2Fevil.example"]
)
async def test_redirects_stay_on_this_server(jupyter, path):
    async with house_of(jupyter) as house:
        answer = await fetch(house.jupyter, b"/" + path.encode())
        location = answer.get("Location") or b""
        assert not location.startswith((b"//", b"/\\", b"http"))


async def test_error_pages_repeat_nothing_as_markup(jupyter):
    evil = "%3Cscript%3Ealert(1)"
    async with house_of(jupyter) as house:
        page = [("Accept", "text/html")]
        for path in (f"/proxy/{evil}:80/x", f"/proxy/evil.example:80/{evil}", f"/proxy/0/{evil}"):
            answer = await fetch(house.jupyter, path, fields=page)
            assert answer.status in (400, 403, 404)
            assert b"<script>alert" not in answer.body
            assert b"default-src 'none'" in b"".join(answer.all("Content-Security-Policy"))


async def test_hosts_from_urls_write_no_lines_of_their_own_into_the_log(jupyter):
    async with house_of(jupyter):
        await fetch(jupyter, "/proxy/a%0a[C%20fake%0d%1b[31mline:80/")
    assert "\nfake" not in jupyter.log()
    assert "[C fake" not in jupyter.log().replace("\\n[C fake", "")
    assert "\x1b[31mline" not in jupyter.log()
