"""A Jupyter extension whose handlers change requests and answers in the ways packages do.

Each class overrides one thing; the routes are named after them.
"""

from __future__ import annotations

import asyncio
import os
import time
from functools import wraps

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import httpclient, web

from jupyter_server_proxy.handlers import NamedLocalProxyHandler, ProxyHandler


class Base(NamedLocalProxyHandler):
    """Sets where to, overrides nothing."""

    port = int(os.environ["BACKEND_PORT"])


class Plain(Base):
    proxy_base = "plain"


class Builds(Base):
    """Like IDE images: another header and another path for what is built already."""

    proxy_base = "builds"

    def _build_proxy_request(self, host, port, proxied_path, body):
        request = super()._build_proxy_request(host, port, proxied_path, body)
        request.headers["X-Built"] = f"{host} {proxied_path} {len(body or b'')}"
        request.headers["Cookie"] = request.headers.get("Cookie", "") + "; added=1"
        del request.headers["X-Forwarded-Prefix"]
        request.url = request.url.replace("/before", "/after")
        if body:
            request.body = body.upper()
        return request


class BuildsAnew(Base):
    """A request of its own, with Tornado's defaults: they include following redirects."""

    proxy_base = "buildsanew"

    def _build_proxy_request(self, host, port, proxied_path, body):
        return httpclient.HTTPRequest(f"http://127.0.0.1:{port}/anew", headers={"X-Anew": "yes"})


class BuildsNothing(Base):
    proxy_base = "buildsnothing"

    def _build_proxy_request(self, host, port, proxied_path, body):
        return None


class Headers(Base):
    """Adds, changes and removes headers of requests and upgrades."""

    proxy_base = "headers"

    def proxy_request_headers(self):
        headers = super().proxy_request_headers()
        headers["X-Added"] = "yes"
        headers["Authorization"] = "Basic b3duOm93bg=="
        headers.pop("X-Secret", None)
        headers["X-Forwarded-Proto"] = "ours"
        return headers


class Options(Base):
    """Like NLPeasy's: one more option, and a limit of its own."""

    proxy_base = "options"

    def proxy_request_options(self):
        return {
            **super().proxy_request_options(),
            "allow_nonstandard_methods": True,
            "request_timeout": 0.3,
        }


class Address(Base):
    """Another URL altogether."""

    proxy_base = "address"

    def get_client_uri(self, protocol, host, port, proxied_path):
        return f"{protocol}://{host}:{port}/{protocol}{proxied_path}?own=1"


class Progressive(Base):
    """Like Binder images': everything the progressive way."""

    proxy_base = "progressive"

    async def _proxy_buffered(self, host, port, proxied_path, body, client):
        return await self._proxy_progressive(host, port, proxied_path, body, client)


class Fetches(Base):
    """Asks with the client it is given and answers by itself."""

    proxy_base = "fetches"

    async def _proxy_buffered(self, host, port, proxied_path, body, client):
        request = self._build_proxy_request(host, port, proxied_path, body)
        response = await client.fetch(request, raise_error=False)
        self.set_status(response.code)
        self.set_header("X-Own", "answer")
        self.write(response.body.upper())


class Location(Base):
    """An own idea of where redirects lead."""

    proxy_base = "location"

    def _rewrite_location_header(self, location, host, port, proxied_path):
        if location.startswith("/keep"):
            return location
        return super()._rewrite_location_header(location, host, port, proxied_path) + "#own"


class Subprotocol(Base):
    """The second one offered, or none."""

    proxy_base = "subprotocol"

    def select_subprotocol(self, subprotocols):
        super().select_subprotocol(subprotocols)
        return subprotocols[1] if len(subprotocols) > 1 else None


class Afterwards(Base):
    """Goes on with the answer when the relaying is over."""

    proxy_base = "afterwards"

    async def http_get(self, path):
        await super().http_get(path)
        self.set_header("X-Frame-Options", "SAMEORIGIN")
        self.clear_header("X-Unwanted")
        self.write(b" and more")

    async def head(self, path):
        await super().head(path)
        self.set_header("X-Head", "yes")


class Context(Base):
    """Tells the backend another prefix, and refuses some."""

    def _get_context_path(self, host, port):
        return "/elsewhere"

    def _check_host_allowlist(self, host):
        return host == "localhost" and "refuse" not in self.request.path


class Activity(Base):
    """Has an own idea of use."""

    proxy_base = "activity"

    def _record_activity(self):
        self.set_cookie("noted", "yes")
        super()._record_activity()


class Broken(Base):
    """Raises."""

    proxy_base = "broken"

    def post(self, path):
        raise RuntimeError("no idea")


class Slow(Base):
    """Takes its time, in the middle of a coroutine."""

    proxy_base = "slow"

    async def http_get(self, path):
        await asyncio.sleep(0)
        time.sleep(0.6)  # noqa: ASYNC251 - it is what must be seen
        await self.proxy(self.port, path)


ROUTES = (
    *(Plain, Builds, BuildsAnew, BuildsNothing, Headers, Options, Address, Progressive, Fetches),
    *(Location, Subprotocol, Afterwards, Context, Activity, Broken, Slow),
)


class Patch(JupyterHandler):
    """Replaces a method of our own class while the server runs, as a late extension does."""

    @web.authenticated
    def get(self):
        build = ProxyHandler._build_proxy_request

        @wraps(build)
        def with_header(handler, host, port, proxied_path, body, **extra_opts):
            request = build(handler, host, port, proxied_path, body, **extra_opts)
            request.headers["X-Patched"] = f"{len(handler.request.body)} bytes"
            return request

        ProxyHandler._build_proxy_request = with_header


def _jupyter_server_extension_points():
    return [{"module": "requests_overriding"}]


def _load_jupyter_server_extension(serverapp):
    base = serverapp.web_app.settings["base_url"]
    routes = [(f"{handler.__name__.lower()}/(.*)", handler) for handler in ROUTES]
    routes.append(("patch", Patch))
    serverapp.web_app.add_handlers(
        ".*$", [(url_path_join(base, path), handler) for path, handler in routes]
    )
