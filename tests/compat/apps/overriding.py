"""A Jupyter extension that uses the public classes in the ways packages do, one route per way."""

from __future__ import annotations

import os

from jupyter_server.utils import url_path_join
from tornado import web

from jupyter_server_proxy.config import ServerProxy
from jupyter_server_proxy.handlers import (
    LocalProxyHandler,
    NamedLocalProxyHandler,
    ProxyHandler,
    setup_handlers,
)

PORT = int(os.environ["BACKEND_PORT"])


class OtherSignatures(ProxyHandler):
    """Verbs and `proxy` without arguments; `open` calls `proxy_open` without a path."""

    async def http_get(self):
        return await self.proxy()

    async def open(self):
        return await super().proxy_open("127.0.0.1", PORT)

    def post(self):
        return self.proxy()

    def put(self):
        return self.proxy()

    def proxy(self):
        return super().proxy("127.0.0.1", PORT, "fixed")


class NamedGroups(ProxyHandler):
    """Like dask-labextension's: named groups, and a body that the handler itself looks at."""

    async def http_get(self, cluster_id, proxied_path):
        return await self.proxy(cluster_id, proxied_path)

    async def post(self, cluster_id, proxied_path):
        size = len(self.request.body)
        return await self.proxy(cluster_id, f"{proxied_path}/{size}")

    async def proxy(self, cluster_id, proxied_path):
        if cluster_id == "gone":
            raise web.HTTPError(404, f"no cluster {cluster_id}")
        return await super().proxy("127.0.0.1", PORT, proxied_path)


class OwnPort(LocalProxyHandler):
    """Like connect-jupyterlab's and the Spark UI's: an own `__init__` that takes keywords."""

    def __init__(self, *args, **kwargs):
        kwargs["rewrite_response"] = shout
        super().__init__(*args, **kwargs)
        self.proxy_base = "own-port"

    async def http_get(self, path):
        return await self.proxy(PORT, path)


class FinishesItself(LocalProxyHandler):
    """A `proxy` that answers by itself and returns nothing."""

    def proxy(self, port, proxied_path):
        if proxied_path == "/own":
            self.set_status(202)
            self.finish("answered here")
            return None
        return super().proxy(port, proxied_path)


class LateAttributes(NamedLocalProxyHandler):
    """Sets what it proxies to after `super().__init__`."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.port = PORT
        self.mappath = {"/": "/mapped"}
        self.proxy_base = "late"
        self.absolute_url = False
        self.unix_socket = None
        self.rewrite_response = [shout]
        self.request_headers_override = {"X-Late": "yes"}


def shout(response):
    response.headers["X-Rewritten"] = "yes"
    response.body = response.body.upper()


def _jupyter_server_extension_points():
    return [{"module": "overriding"}]


def _load_jupyter_server_extension(serverapp):
    base = serverapp.web_app.settings["base_url"]
    routes = [
        ("newproxy/?", OtherSignatures),
        (r"clusters/(?P<cluster_id>[^/]+)/(?P<proxied_path>.*)", NamedGroups),
        (r"own-port/(.*)", OwnPort),
        (r"finishing/(\d+)(.*)", FinishesItself),
        (r"plain/(\d+)(.*)", LocalProxyHandler),
        (r"late/(.*)", LateAttributes),
    ]
    serverapp.web_app.add_handlers(
        ".*$", [(url_path_join(base, path), handler) for path, handler in routes]
    )
    # A fork registers the routes of /proxy/ itself.
    if os.environ.get("SET_UP_HANDLERS"):
        setup_handlers(serverapp.web_app, ServerProxy(parent=serverapp))
