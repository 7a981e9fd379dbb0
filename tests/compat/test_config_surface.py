"""Settings in the forms that packages and sites have written for 4.6.0, each used once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from _harness.backend import Backend, listening
from _harness.client import fetch
from _harness.jupyter import Jupyter, start_jupyter
from _harness.upgrades import WEBSOCKET, tunnel

BASE_URL = "/user/ada/"
TELLING = str(Path(__file__).parent / "apps" / "telling.py")
CONFIG = f"""
import os, pathlib
from jupyter_server_proxy.config import LauncherEntry, ServerProcess, make_server_process

os.environ["DROPPED"] = "by None"
START = [sys.executable, {TELLING!r}]
ICON = pathlib.Path(FOLDER) / "icon.svg"
ICON.write_text("<svg/>")

def with_both(port, unix_socket):
    return [*START, "{{unix_socket}}", "--base={{base_url}}", f"--port={{port}}"]

def with_default(port, base_url="/"):
    return [*START, str(port), base_url]

def environment(port, base_url):
    return {{"PGHOST": None, "DROPPED": None, "SCRIPT_NAME": base_url + "app", "P": "{{port}}"}}

def add_user(path):
    return "/index.html?username=ada" if path == "/" else path + "/ö?from=mappath"

class Rewriting:
    @staticmethod
    def swapped(request, response):
        seen = [response.headers.get("Location"), response.headers["X-A"], request.path]
        seen.append(sorted(dict(response.headers.items())))
        seen.append(list(response.headers.get_list("Set-Cookie")))
        seen.append(len(list(response.headers.get_all())))
        response.headers["X-Seen"] = repr(seen)
        return "ignored"

def second(response):
    response.headers["X-Second"] = str(response.code)
    response.code = 303

def only_pages(handler):
    return handler.path.endswith("page") and handler.request.method == "GET"

class Own(ServerProcess):
    def make_proxy_handler(self):
        cls, keywords = super().make_proxy_handler()
        class OwnHandler(cls):
            own = True
        return OwnHandler, keywords

def to(**settings):
    return {{"port": PORTS["app"], **settings}}

c.ServerProxy.host_allowlist = lambda app, host: host in ("localhost", "127.0.0.1")
c.ServerProxy.servers = {{
    # how it is started
    "templates": {{
        "command": (*START, "{{port}}", "--bind-addr=0.0.0.0:{{port}}", '{{{{"p": {{port}}}}}}',
                    "{{base_url}}/elfinder", "[{{unix_socket}}]"),
        "environment": {{"PORT": "{{port}}", "B": "{{base_url}}x", "DROPPED": None}},
        "timeout": 30,
        "unknown": "key", "new_browser_window": True,
    }},
    "callables": {{"command": with_both, "environment": environment, "unix_socket": True}},
    "default": {{"command": with_default}},
    "shell": {{
        "command": ["/bin/sh", "-c", "exec " + " ".join(START) + " {{unix_socket}} '{{{{}}}}'"],
        "unix_socket": True,
    }},
    # what is sent and answered
    "override": to(request_headers_override={{
        "Host": "127.0.0.1:{{port}}", "Origin": "http://localhost", "X-Api-Key": "k",
        "Authorization": "Basic dTpw", "X-Forwarded-Prefix": "",
        "Sec-WebSocket-Extensions": "none",
    }}),
    "mapped": to(mappath=add_user),
    "mapped-absolute": to(mappath=add_user, absolute_url=True),
    "rewritten": to(rewrite_response=(Rewriting.swapped, second)),
    "counted": to(update_last_activity=only_pages),
    # instances
    "instance": ServerProcess(**to(name="instance", launcher_entry={{"title": "An instance"}})),
    "own": Own(**to()),
    "made": make_server_process("made", to(), None),
    # how it is offered
    "plain": to(),
    "icon": to(launcher_entry={{"icon_path": str(ICON), "title": "Icon", "category": "Tools"}}),
    "path-icon": to(launcher_entry={{"icon_path": ICON, "enabled": False}}),
    "no-icon": to(launcher_entry={{"icon_path": "No icon"}}),
    "lost-icon": to(launcher_entry={{"icon_path": "/no/such/icon.svg", "timeout": 5}}),
    "no-slash": to(launcher_entry={{"path_info": "no-slash?tkn=a%20b"}}),
    "deep": to(launcher_entry={{"path_info": "deep/index.html?username=u&password=p"}}),
    "elsewhere": to(launcher_entry={{"path_info": "plain"}}, new_browser_tab=False),
    "root": to(launcher_entry={{"path_info": "", "title": ""}}),
    "entry": to(launcher_entry=LauncherEntry(icon_path="x", category="C")),
    "link": {{"url": "http://x", "launcher_entry": {{"path_info": "plain/"}}}},
    "nothing": {{"new_browser_tab": True}},
}}
"""


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    folder = tmp_path_factory.mktemp("jupyter")
    server = start_jupyter(folder, CONFIG, ports=("app",), base_url=BASE_URL)
    yield server
    server.stop()


@pytest.fixture
async def app(jupyter: Jupyter) -> AsyncIterator[Backend]:
    async with listening(at=jupyter.sockets["app"]) as backend:
        backend.answer_with()
        yield backend


# --- how it is started ----------------------------------------------------------------------


async def told(jupyter: Jupyter, name: str) -> dict[str, Any]:
    response = await fetch(jupyter, f"/{name}/")
    assert response.status == 200, response
    answer: dict[str, Any] = json.loads(response.body)
    return answer


async def test_templates(jupyter):
    answer = await told(jupyter, "templates")
    port = answer["env"]["PORT"]
    assert answer["argv"] == [
        f"--bind-addr=0.0.0.0:{port}", f'{{"p": {port}}}', "/user/ada//elfinder", "[]",
    ]  # fmt: skip
    assert answer["env"]["B"] == "/user/ada/x"
    assert "DROPPED" not in answer["env"]


async def test_callables_that_return_templates_and_none(jupyter):
    answer = await told(jupyter, "callables")
    assert answer["argv"] == ["--base=/user/ada/", "--port=0"]
    assert answer["env"]["SCRIPT_NAME"] == "/user/ada/app"
    assert answer["env"]["P"] == "0"
    assert not {"PGHOST", "DROPPED"} & set(answer["env"])


async def test_a_parameter_with_a_default_is_filled_in(jupyter):
    assert (await told(jupyter, "default"))["argv"] == ["/user/ada/"]


async def test_templates_within_one_shell_string(jupyter):
    assert (await told(jupyter, "shell"))["argv"] == ["{}"]


# --- what is sent and answered --------------------------------------------------------------


def assert_overridden(request: Any, port: int) -> None:
    assert request.get("Host") == f"127.0.0.1:{port}".encode()
    assert request.get("Origin") == b"http://localhost"
    assert request.get("X-Api-Key") == b"k"
    assert request.get("Authorization") == b"Basic dTpw"
    assert request.get("X-Forwarded-Prefix") == b""
    assert request.get("X-Forwarded-Context") == b"/user/ada/override"


async def test_overriding_headers_win(jupyter, app):
    fields = [("Authorization", f"token {jupyter.token}"), ("Origin", jupyter.url.rstrip("/"))]
    assert (await fetch(jupyter, "/override/", fields=fields)).status == 200
    assert_overridden(app.request, app.port)


async def test_overriding_headers_reach_websockets(jupyter):
    async with listening(at=jupyter.sockets["app"]) as backend:
        fields = [*WEBSOCKET, ("Sec-WebSocket-Extensions", "permessage-deflate")]
        async with tunnel(jupyter, backend, "/override/ws", fields=fields) as joined:
            assert_overridden(joined.request, backend.port)
            assert joined.request.get("Sec-WebSocket-Extensions") == b"none"


MAPPED = [
    ("/mapped/", b"/index.html?username=ada"),
    ("/mapped/?a=1&b", b"/index.html?username=ada&a=1&b"),
    ("/mapped/x?a=1", b"/x/%C3%B6?from=mappath&a=1"),
    ("/mapped/a%20b", b"/a%20b/%C3%B6?from=mappath"),
    ("/mapped-absolute/?a", b"/user/ada/mapped-absolute/index.html?username=ada&a"),
]


@pytest.mark.parametrize(("path", "target"), MAPPED)
async def test_a_mapped_path_keeps_both_queries(jupyter, app, path, target):
    assert (await fetch(jupyter, path)).status == 200
    assert app.request.target == target


@pytest.mark.parametrize(("path", "target"), MAPPED)
async def test_a_mapped_path_for_a_websocket(jupyter, path, target):
    async with (
        listening(at=jupyter.sockets["app"]) as backend,
        tunnel(jupyter, backend, path) as joined,
    ):
        assert joined.request.target == target


async def test_rewriting_in_the_ways_of_packages(jupyter, app):
    app.answer_with(
        b"HTTP/1.1 302 Found\r\nLocation: /login\r\nX-A: 1\r\nSet-Cookie: a=1\r\n"
        b"Set-Cookie: b=2\r\nContent-Length: 0\r\n\r\n"
    )
    response = await fetch(jupyter, "/rewritten/x")
    location, x_a, path, names, cookies, count = eval(response.get("X-Seen"))
    assert (location, x_a, path) == ("/login", "1", "/user/ada/rewritten/x")
    assert names == ["Content-Length", "Location", "Set-Cookie", "X-A"]
    assert (cookies, count) == (["a=1", "b=2"], 5)
    assert response.get("X-Second") == b"302"
    assert response.status == 303
    assert response.get("Location") == b"/user/ada/rewritten/login"


async def test_what_counts_as_activity_is_asked_with_path_and_request(jupyter, app):
    for path in ("page", "poll"):
        assert (await fetch(jupyter, f"/counted/{path}")).status == 200


@pytest.mark.parametrize("name", ["instance", "own", "made"])
async def test_instances_are_services(jupyter, app, name):
    assert (await fetch(jupyter, f"/{name}/")).body == b"hello"


async def test_a_missing_slash_is_added_and_the_query_kept(jupyter, app):
    response = await fetch(jupyter, "/no-slash?tkn=a%20b&c")
    assert response.status == 302
    assert response.get("Location") == b"/user/ada/no-slash/?tkn=a%20b&c"


# --- how it is offered ----------------------------------------------------------------------


async def offered(jupyter: Jupyter) -> dict[str, dict[str, Any]]:
    response = await fetch(jupyter, "/server-proxy/servers-info")
    return {process["name"]: process for process in json.loads(response.body)["server_processes"]}


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("plain", {"title": "plain", "path_info": "plain/", "category": "Notebook"}),
        ("instance", {"title": "An instance", "path_info": "instance/"}),
        ("icon", {"title": "Icon", "category": "Tools",
                  "icon_url": "/user/ada/server-proxy/icon/icon"}),
        ("path-icon", {"enabled": False, "icon_url": "/user/ada/server-proxy/icon/path-icon"}),
        ("no-icon", {"icon_url": "/user/ada/server-proxy/icon/no-icon"}),
        ("lost-icon", {"icon_url": "/user/ada/server-proxy/icon/lost-icon"}),
        ("no-slash", {"path_info": "no-slash?tkn=a%20b"}),
        ("deep", {"path_info": "deep/index.html?username=u&password=p"}),
        ("elsewhere", {"path_info": "plain", "enabled": True}),
        ("root", {"path_info": "", "title": ""}),
        ("entry", {"title": "entry", "path_info": "entry/", "category": "C"}),
        ("link", {"title": "link", "path_info": "plain/"}),
    ],
)  # fmt: skip
async def test_launcher_entries(jupyter, name, entry):
    process = (await offered(jupyter))[name]
    assert {**process["launcher_entry"], **entry} == process["launcher_entry"]
    assert process["new_browser_tab"] is (name != "elsewhere")
    assert ("icon_url" in process["launcher_entry"]) is (name == "entry" or "icon" in name)


async def test_what_says_nothing_is_not_offered(jupyter):
    assert "nothing" not in await offered(jupyter)


@pytest.mark.parametrize(
    ("name", "status"),
    [("icon", 200), ("path-icon", 404), ("no-icon", 404), ("lost-icon", 404), ("plain", 404)],
)
async def test_an_icon_that_is_missing_is_404(jupyter, name, status):
    response = await fetch(jupyter, f"/server-proxy/icon/{name}")
    assert response.status == status


async def test_an_allowlist_of_any_names(jupyter, app):
    assert (await fetch(jupyter, f"/proxy/127.0.0.1:{app.port}/")).body == b"hello"
    assert (await fetch(jupyter, f"/proxy/127.0.0.2:{app.port}/")).status == 403


def test_unknown_keys_are_a_warning(jupyter):
    assert "service 'templates': unknown key 'unknown' is ignored" in jupyter.log()
    assert "service 'lost-icon': launcher_entry: unknown key 'timeout' is ignored" in jupyter.log()
