"""Without a login, foreign pages still change nothing; and what redirects keep of a token."""

from __future__ import annotations

from pathlib import Path

import pytest
from _harness.backend import Backend
from _harness.client import fetch
from _harness.hub import Hub
from _harness.standalone import standalone

PREFIX = "/user/ann/"
NO_LOGIN = ("--no-authentication", "--port=0")
TOKEN = "a-token-of-ones-own"
FOREIGN = [("Origin", "https://evil.example")]
OWN_SITE = ("Sec-Fetch-Site", "same-origin")


@pytest.mark.parametrize("options", [[], ["--allow-public"]], ids=["local", "public"])
async def test_without_a_login_a_foreign_page_changes_nothing(
    options: list[str], backend: Backend, tmp_path: Path
) -> None:
    """It has no way to this machine but by the browser of somebody who works there."""
    backend.answer_with()
    asked = [*NO_LOGIN, *options, f"--server-port={backend.port}"]
    async with standalone(tmp_path, *asked) as proxy:
        foreign = [
            FOREIGN,
            [("Origin", "null")],
            [*FOREIGN, ("Sec-Fetch-Site", "cross-site")],
            [*FOREIGN, ("Sec-Fetch-Site", "same-site")],
        ]
        for fields in foreign:
            for method in ("POST", "PUT", "DELETE", "PROPFIND"):
                answer = await fetch(proxy, "/x", method=method, fields=fields, body=b"a=1")
                assert answer.status == 403, (method, fields)
        assert backend.connections == 0
        own = [("Origin", f"http://{proxy.netloc}")]
        # Programs say neither; what only reads is for the application to keep to itself.
        for fields in ([], own, [*own, OWN_SITE]):
            assert (await fetch(proxy, "/x", method="POST", fields=fields, body=b"a")).status == 200
        assert (await fetch(proxy, "/x", fields=foreign[2])).status == 200


@pytest.mark.parametrize(
    ("url", "base_url", "status"),
    [
        (f"http://127.0.0.1:0{PREFIX}", PREFIX, 200),
        # As in a terminal of that server, where its port is taken.
        (f"http://127.0.0.1:1{PREFIX}", PREFIX, 403),
        (f"http://127.0.0.1:0{PREFIX}", "/other/", 403),
    ],
    ids=["started by the Hub", "other port", "other prefix"],
)
async def test_foreign_names_lead_here_without_a_login_only_where_a_hub_looks(
    url: str, base_url: str, status: int, hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    env = {**hub.environment(PREFIX), "JUPYTERHUB_SERVICE_URL": url}
    options = [*NO_LOGIN, f"--server-port={backend.port}", f"--base-url={base_url}"]
    async with standalone(tmp_path, *options, base_url=base_url, env=env) as proxy:
        answer = await fetch(proxy, "/", fields=[("Host", "hub.example")])
        assert answer.status == status
        assert (await fetch(proxy, "/")).status == 200


async def test_no_cache_keeps_the_token_of_an_address_without_the_slash(
    backend: Backend, tmp_path: Path
) -> None:
    options = ["--port=0", f"--server-port={backend.port}", "--base-url=/app/"]
    env = {"JUPYTER_TOKEN": TOKEN}
    async with standalone(tmp_path, *options, base_url="/app", env=env) as proxy:
        answer = await fetch(proxy, f"?token={TOKEN}")
        assert (answer.status, answer.get("Cache-Control")) == (302, b"no-store")
        # A program has no other login for what it asks then.
        assert answer.get("Location") == b"/app/?token=" + TOKEN.encode()
        fields = [("Authorization", f"token {TOKEN}")]
        plain = await fetch(proxy, b"", fields=fields)
        assert (plain.status, plain.get("Location")) == (301, b"/app/")
