"""What launchers are told, asked over HTTP of a real Jupyter web application."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from jupyter_server.auth.authorizer import AllowAllAuthorizer
from jupyter_server.auth.identity import IdentityProvider
from tornado import httpserver, web
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.testing import bind_unused_port

from jupyter_server_proxy.api import IconHandler, ServersInfoHandler
from jupyter_server_proxy.config import LauncherEntry, ServerProcess

TOKEN = "t0ken"
BASE = "/user/a@b/"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
PNG = b"\x89PNG\r\n\x1a\nrest"


class Site:
    """A Jupyter web application with the two handlers, on a free port."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = AsyncHTTPClient(force_instance=True)

    async def get(self, path: str, *, token: str = TOKEN, **options: Any) -> HTTPResponse:
        headers = {"Authorization": f"token {token}"} if token else {}
        headers |= options.pop("headers", {})
        return await self.client.fetch(
            f"{self.url}{quote(BASE, safe='/@')}server-proxy/{path}",
            headers=headers, raise_error=False, follow_redirects=False, **options,
        )  # fmt: skip


@pytest.fixture
def icons(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "a.svg").write_bytes(SVG)
    (tmp_path / "b.png").write_bytes(PNG)
    (tmp_path / "c.unheard-of").write_bytes(b"bytes")
    return {
        "app": str(tmp_path / "a.svg"),
        "my app/2": str(tmp_path / "b.png"),
        "odd": str(tmp_path / "c.unheard-of"),
        "missing": str(tmp_path / "none.svg"),
        "folder": str(tmp_path),
        "text": "No icon",
    }


def processes(icons: dict[str, str]) -> list[ServerProcess]:
    return [
        ServerProcess(name="plain", command=["x"]),
        ServerProcess(
            name="my app/2",
            command=lambda port: ["secret-command"],
            environment={"KEY": "s3cret"},
            new_browser_tab=False,
            launcher_entry={
                "enabled": False,
                "title": "My App",
                "path_info": "app?tkn=1",
                "category": "Tools",
                "icon_path": Path(icons["my app/2"]),
            },
        ),
        ServerProcess(name="entry", port=1, launcher_entry=LauncherEntry(icon_path="x.svg")),
    ]


@pytest.fixture
async def site(icons: dict[str, str]) -> AsyncIterator[Site]:
    log = logging.getLogger("test-site")
    provider = IdentityProvider(token=TOKEN, log=log)
    base = re.escape(BASE)
    application = web.Application(
        [
            (base + "server-proxy/servers-info", ServersInfoHandler,
             {"server_processes": processes(icons)}),
            (base + "server-proxy/icon/(.*)", IconHandler, {"icons": icons}),
        ],
        base_url=BASE, cookie_secret=b"x" * 32, identity_provider=provider,
        authorizer=AllowAllAuthorizer(log=log, identity_provider=provider),
        login_url=BASE + "login", allow_unauthenticated_access=True, headers={},
        serverapp=None,
    )  # fmt: skip
    sock, port = bind_unused_port()
    server = httpserver.HTTPServer(application)
    server.add_socket(sock)
    site = Site(f"http://127.0.0.1:{port}")
    yield site
    site.client.close()
    server.stop()
    await server.close_all_connections()


async def test_servers_info_tells_what_launchers_need_and_nothing_else(site: Site) -> None:
    answer = await site.get("servers-info")
    assert answer.code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert json.loads(answer.body) == {
        "server_processes": [
            {
                "name": "plain",
                "launcher_entry": {
                    "enabled": True, "title": "plain", "path_info": "plain/",
                    "category": "Notebook",
                },
                "new_browser_tab": True,
            },
            {
                "name": "my app/2",
                "launcher_entry": {
                    "enabled": False, "title": "My App", "path_info": "app?tkn=1",
                    "category": "Tools",
                    "icon_url": BASE + "server-proxy/icon/my%20app/2",
                },
                "new_browser_tab": False,
            },
            {
                "name": "entry",
                "launcher_entry": {
                    "enabled": True, "title": "entry", "path_info": "entry/",
                    "category": "Notebook", "icon_url": BASE + "server-proxy/icon/entry",
                },
                "new_browser_tab": True,
            },
        ]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "content_type", "content"),
    [
        ("icon/app", "image/svg+xml", SVG),
        ("icon/my%20app/2", "image/png", PNG),
        ("icon/odd", "application/octet-stream", b"bytes"),
    ],
)
async def test_an_icon_is_served_as_what_it_is_and_confined(
    site: Site, path: str, content_type: str, content: bytes
) -> None:
    answer = await site.get(path)
    assert (answer.code, answer.body) == (200, content)
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers.get_list("X-Content-Type-Options") == ["nosniff"]
    assert "; sandbox;" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]


async def test_an_icon_that_did_not_change_is_not_sent_again(site: Site) -> None:
    first = await site.get("icon/app")
    again = await site.get("icon/app", headers={"If-None-Match": first.headers["Etag"]})
    assert (again.code, again.body) == (304, b"")


async def test_head_of_an_icon_has_its_length(site: Site) -> None:
    answer = await site.get("icon/app", method="HEAD")
    assert (answer.code, answer.headers["Content-Length"]) == (200, str(len(SVG)))


@pytest.mark.parametrize(
    "name",
    ["unknown", "", "missing", "folder", "text", "../app", "..%2f..%2fetc/passwd", "/etc/passwd",
     "app/", "app%00"],
)  # fmt: skip
async def test_whatever_is_no_icon_is_404(site: Site, name: str) -> None:
    assert (await site.get(f"icon/{name}")).code == 404


@pytest.mark.parametrize("path", ["servers-info", "icon/app", "icon/unknown"])
@pytest.mark.parametrize("token", ["", "wrong"])
async def test_nobody_who_is_not_logged_in_gets_anything(site: Site, path: str, token: str) -> None:
    answer = await site.get(path, token=token)
    assert answer.code == 302
    assert answer.headers["Location"].startswith(BASE + "login")
    assert answer.body == b""
