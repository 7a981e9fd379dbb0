"""A JupyterHub as far as one of its servers sees it: logins, tokens, activity.

It can be slow, be down, and take tokens back.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

API_TOKEN = "0f-the-server-itself"
ACCESS = "access:servers!server=ann/"


def _model(name: str, *scopes: str, kind: str = "user", **more: object) -> dict[str, object]:
    return {"name": name, "kind": kind, "groups": [], "scopes": list(scopes), **more}


# By access token. People get `token-of-NAME` when they log in.
USERS = {
    "token-of-ann": _model(
        "ann",
        ACCESS,
        groups=["staff", "a,b"],
        admin=False,
        user_info={"display_name": "Ann Ä"},
    ),
    # Whom somebody shares the server with (JupyterHub 5), who may use all servers, who only some.
    "token-of-guest": _model("guest", ACCESS),
    "token-of-admin": _model("admin", "access:servers", admin=True),
    "token-of-friend": _model("friend", "access:servers!user=ann"),
    "token-of-bot": _model("bot", ACCESS, kind="service"),
    # Who may not.
    "token-of-bob": _model("bob"),
    "token-of-eve": _model("eve", "access:servers!server=eve/", "self"),
    "token-of-other": _model("ann", "access:servers!server=ann/other"),
    "limited-token-of-ann": _model("ann", "read:users:name!user=ann"),
    "token-of-cron": _model("cron", "access:services", kind="service"),
}


class Hub:
    """`reports` are the activity reports that came, `asked` how often who was asked for.

    `revoked` tokens are nobody's any more. While `pause` is not None questions wait for it.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.reports: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self.asked: Counter[str] = Counter()
        self.was_asked = asyncio.Event()
        self.revoked: set[str] = set()
        self.pause: asyncio.Event | None = None
        self.status = 200
        self.server: HTTPServer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hub/api"

    def environment(self, prefix: str) -> dict[str, str]:
        """What it tells the default server of ann."""
        return {
            "JUPYTERHUB_ACTIVITY_URL": f"{self.url}/users/ann/activity",
            "JUPYTERHUB_API_TOKEN": API_TOKEN,
            "JUPYTERHUB_API_URL": self.url,
            "JUPYTERHUB_BASE_URL": "/",
            "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ann",
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps([ACCESS]),
            "JUPYTERHUB_SERVER_NAME": "",
            "JUPYTERHUB_SERVICE_PREFIX": prefix,
            "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:0{prefix}",
            "JUPYTERHUB_USER": "ann",
        }

    async def go_down(self) -> None:
        """Nothing listens any more."""
        self.server.stop()
        await self.server.close_all_connections()


class _Handler(web.RequestHandler):
    def initialize(self, hub: Hub) -> None:
        self.hub = hub

    async def prepare(self) -> None:
        if self.hub.pause is not None:
            await self.hub.pause.wait()
        if self.hub.status != 200:
            raise web.HTTPError(self.hub.status)


class _TokenHandler(_Handler):
    def post(self) -> None:
        assert self.get_argument("client_secret") == API_TOKEN
        if self.get_argument("code") == "spent":
            self.set_status(400)
            self.write({"error": "invalid_grant", "error_description": "code is spent"})
            return
        self.write({"access_token": f"token-of-{self.get_argument('code')}"})


class _UserHandler(_Handler):
    async def prepare(self) -> None:
        self.token = self.request.headers["Authorization"].removeprefix("token ")
        self.hub.asked[self.token] += 1
        self.hub.was_asked.set()
        await super().prepare()

    def get(self) -> None:
        if self.token not in USERS or self.token in self.hub.revoked:
            raise web.HTTPError(403)
        self.write(USERS[self.token])


class _ActivityHandler(_Handler):
    def post(self) -> None:
        assert self.request.headers["Authorization"] == f"token {API_TOKEN}"
        self.hub.reports.put_nowait(json.loads(self.request.body))


@asynccontextmanager
async def running_hub(port: int = 0) -> AsyncIterator[Hub]:
    """One at any free port, or where one has been before."""
    sockets = bind_sockets(port, "127.0.0.1")
    hub = Hub(sockets[0].getsockname()[1])
    routes = [
        ("/hub/api/oauth2/token", _TokenHandler, {"hub": hub}),
        ("/hub/api/user", _UserHandler, {"hub": hub}),
        ("/hub/api/users/ann/activity", _ActivityHandler, {"hub": hub}),
    ]
    server = HTTPServer(web.Application(routes, log_function=lambda handler: None))
    server.add_sockets(sockets)
    hub.server = server
    try:
        yield hub
    finally:
        await hub.go_down()
