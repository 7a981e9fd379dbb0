"""A JupyterHub as far as the login of one server goes: `login_hub.py PORT`."""

import asyncio
import sys

from tornado import web

SCOPE = "access:servers!server=ann/"


class Token(web.RequestHandler):
    def post(self) -> None:
        self.write({"access_token": "benchmark"})


class User(web.RequestHandler):
    def get(self) -> None:
        self.write({"name": "ann", "kind": "user", "groups": [], "scopes": [SCOPE]})


async def main() -> None:
    routes = [("/hub/api/oauth2/token", Token), ("/hub/api/user", User)]
    web.Application(routes).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
