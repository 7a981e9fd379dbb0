"""A JupyterHub as far as one of its servers sees it: logins, tokens, activity."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

API_TOKEN = "0f-the-server-itself"
# By access token.
USERS = {
    "token-of-ann": {"name": "ann", "kind": "user", "scopes": ["access:servers!server=ann/"]},
    "token-of-bob": {"name": "bob", "kind": "user", "scopes": []},
}


class Hub:
    """`reports` are the activity reports that came."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reports: asyncio.Queue[dict[str, object]] = asyncio.Queue()

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
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps(["access:servers!server=ann/"]),
            "JUPYTERHUB_SERVER_NAME": "",
            "JUPYTERHUB_SERVICE_PREFIX": prefix,
            "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:0{prefix}",
            "JUPYTERHUB_USER": "ann",
        }


class _TokenHandler(web.RequestHandler):
    def post(self) -> None:
        assert self.get_argument("client_secret") == API_TOKEN
        self.write({"access_token": f"token-of-{self.get_argument('code')}"})


class _UserHandler(web.RequestHandler):
    def get(self) -> None:
        token = self.request.headers["Authorization"].removeprefix("token ")
        if token not in USERS:
            raise web.HTTPError(403)
        self.write({"groups": [], **USERS[token]})


class _ActivityHandler(web.RequestHandler):
    def initialize(self, hub: Hub) -> None:
        self.hub = hub

    def post(self) -> None:
        assert self.request.headers["Authorization"] == f"token {API_TOKEN}"
        self.hub.reports.put_nowait(json.loads(self.request.body))


@asynccontextmanager
async def running_hub(port: int = 0) -> AsyncIterator[Hub]:
    """One at any free port, or where one has been before."""
    sockets = bind_sockets(port, "127.0.0.1")
    hub = Hub(sockets[0].getsockname()[1])
    routes = [
        ("/hub/api/oauth2/token", _TokenHandler),
        ("/hub/api/user", _UserHandler),
        ("/hub/api/users/ann/activity", _ActivityHandler, {"hub": hub}),
    ]
    server = HTTPServer(web.Application(routes, log_function=lambda handler: None))
    server.add_sockets(sockets)
    try:
        yield hub
    finally:
        server.stop()
        await server.close_all_connections()
