"""What the application is told about who uses it, and that nobody else can say the same."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jwt
import pytest
from _harness.backend import Backend
from _harness.client import connected, fetch
from _harness.hub import Hub
from _harness.hub_login import log_in
from _harness.standalone import ended, standalone, start
from _harness.upgrades import WEBSOCKET
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

PREFIX = "/user/ann/"
CLAIMS = [
    ("X-Forwarded-User", "root"),
    ("x-forwarded-user", "admin"),
    ("X_Forwarded_User", "root"),
    ("X-Forwarded_Groups", "wheel"),
    ("X-FORWARDED-PREFERRED-USERNAME", "God"),
    ("X-JWT-Assertion", "forged"),
    ("X_JWT_Assertion", "forged"),
    # Of other logins in front of applications.
    ("Remote-User", "root"),
    ("REMOTE_USER", "root"),
    ("X-Remote-User", "root"),
    ("X-Forwarded-Email", "root@localhost"),
    ("x-auth-request-user", "root"),
    ("X_Auth_Request_Email", "root@localhost"),
]
ANN = {
    "x-forwarded-user": b"ann",
    "x-forwarded-groups": b"staff,a%2Cb",
    "x-forwarded-preferred-username": b"Ann %C3%84",
}


def behind(hub: Hub, folder: Path, *options: str):
    return standalone(folder, "--port=0", *options, base_url=PREFIX, env=hub.environment(PREFIX))


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def told(request) -> dict[str, bytes]:
    """What a request says about who it is of; no field may be there twice."""
    about = [
        (name.decode().lower().replace("_", "-"), value)
        for name, value in request.fields
        if "user" in name.decode().lower().replace("agent", "")
        or "groups" in name.decode().lower()
        or "email" in name.decode().lower()
        or "jwt" in name.decode().lower()
    ]
    assert len(dict(about)) == len(about), about
    return dict(about)


@pytest.mark.parametrize(("option", "expected"), [("none", {}), ("headers", ANN)])
async def test_the_application_learns_what_it_is_to_learn(
    option: str, expected: dict[str, bytes], hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    options = [f"--server-port={backend.port}", f"--forward-user={option}"]
    async with behind(hub, tmp_path, *options) as proxy:
        await log_in(proxy, "ann")
        for fields in ([], CLAIMS, WEBSOCKET, [*WEBSOCKET, *CLAIMS]):
            assert (await fetch(proxy, "/x", fields=fields)).status == 200
            assert told(backend.requests[-1]) == expected
        fields = [("Authorization", "token token-of-bot"), ("Cookie", "")]
        await fetch(proxy, "/x", fields=fields)
        # Users and services of one Hub may have the same names.
        bot = {"x-forwarded-user": b"service:bot", "x-forwarded-groups": b""} if expected else {}
        assert told(backend.requests[-1]) == bot


async def test_the_settings_of_the_service_are_the_last_word(
    hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    (tmp_path / "jupyter_config.py").write_text(
        "c.StandaloneProxyServer.request_headers_override = {'x-forwarded-user': 'shared'}"
    )
    options = [
        f"--server-port={backend.port}",
        "--forward-user=headers",
        f"--config={tmp_path / 'jupyter_config.py'}",
    ]
    async with behind(hub, tmp_path, *options) as proxy:
        await log_in(proxy, "ann")
        await fetch(proxy, "/x", fields=CLAIMS)
        assert told(backend.request) == {**ANN, "x-forwarded-user": b"shared"}


async def test_a_token_that_the_application_can_check(
    hub: Hub, backend: Backend, tmp_path: Path
) -> None:
    """With a key of the administrator's own, for an application that we do not start."""
    backend.answer_with()
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "key.pem").write_bytes(_pem(key))
    options = [
        f"--server-port={backend.port}",
        "--forward-user=jwt",
        f"--forward-user-key={tmp_path / 'key.pem'}",
    ]
    async with behind(hub, tmp_path, *options) as proxy:
        await log_in(proxy, "ann")
        for fields in ([], CLAIMS, WEBSOCKET):
            await fetch(proxy, "/x", fields=fields)
        assertions = {told(request).pop("x-jwt-assertion") for request in backend.requests}
        # Not signed for each request.
        (assertion,) = assertions
        claims = jwt.decode(assertion, key.public_key(), algorithms=["ES256"], audience=PREFIX)
    assert (claims["sub"], claims["name"], claims["groups"]) == ("ann", "Ann Ä", ["staff", "a,b"])
    assert claims["iss"] == "jupyter-server-proxy"
    assert claims["exp"] - claims["iat"] == 60
    assert {name: told(backend.requests[0])[name] for name in ANN} == ANN


async def test_a_token_for_one_application_is_none_for_another(
    backend: Backend, tmp_path: Path
) -> None:
    """Where both have the same key and no prefix."""
    backend.answer_with()
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "key.pem").write_bytes(_pem(key))
    options = [
        "--token=mine",
        "--port=0",
        f"--server-port={backend.port}",
        "--forward-user=jwt",
        f"--forward-user-key={tmp_path / 'key.pem'}",
    ]

    async def audience(*more: str, base_url: str = "/") -> str:
        asked = [*options, f"--base-url={base_url}", *more]
        async with standalone(tmp_path, *asked, base_url=base_url) as proxy:
            await fetch(proxy, "/x", fields=[("Authorization", "token mine")])
        token = told(backend.requests[-1])["x-jwt-assertion"]
        unchecked = {"verify_aud": False}
        claims = jwt.decode(token, key.public_key(), algorithms=["ES256"], options=unchecked)
        return str(claims["aud"])

    assert await audience("--forward-user-audience=wiki") == "wiki"
    assert await audience(base_url="/a/") == "/a/"
    assert await audience() == "/"


async def test_the_child_finds_the_key_in_its_environment(hub: Hub, tmp_path: Path) -> None:
    script = (
        "import http.server, json, os, sys\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers()\n"
        "        key = os.environ['JUPYTER_SERVER_PROXY_JWT_PUBLIC_KEY']\n"
        "        self.wfile.write(json.dumps([key, self.headers['X-JWT-Assertion']]).encode())\n"
        "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), H).serve_forever()\n"
    )
    command = ["--forward-user=jwt", "--", sys.executable, "-c", script, "{port}"]
    async with behind(hub, tmp_path, *command) as proxy:
        await log_in(proxy, "ann")
        key, assertion = json.loads((await fetch(proxy, "/")).body)
    claims = jwt.decode(assertion, key, algorithms=["ES256"], audience=PREFIX)
    assert claims["sub"] == "ann"


async def test_with_a_token_login_the_user_is_the_owner(backend: Backend, tmp_path: Path) -> None:
    backend.answer_with()
    options = [
        "--token=mine",
        "--port=0",
        f"--server-port={backend.port}",
        "--forward-user=headers",
    ]
    async with standalone(tmp_path, *options) as proxy:
        await fetch(proxy, "/x", fields=[("Authorization", "token mine"), *CLAIMS])
    assert told(backend.request) == {"x-forwarded-user": b"owner", "x-forwarded-groups": b""}


async def test_without_a_login_a_proxy_in_front_may_say_who_it_is(
    backend: Backend, tmp_path: Path
) -> None:
    backend.answer_with()
    options = ["--no-authentication", "--port=0", f"--server-port={backend.port}"]
    async with standalone(tmp_path, *options) as proxy, connected(proxy) as client:
        await client.ask("GET", "/x", [("X-Forwarded-User", "of-the-proxy")])
        await client.response()
    assert told(backend.request) == {"x-forwarded-user": b"of-the-proxy"}


async def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    (tmp_path / "key.pem").write_bytes(_pem(key))
    options = ["--token=x", "--forward-user=jwt", f"--forward-user-key={tmp_path / 'key.pem'}"]
    process, log = start(tmp_path, *options, "--port=0", "--server-port=1")
    assert await ended(process) == 1
    assert "P-256" in log.read_text()
