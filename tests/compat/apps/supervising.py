"""A Jupyter extension with subclasses of SuperviseAndProxyHandler, one per way packages do it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import ClassVar

from jupyter_server.utils import url_path_join

from jupyter_server_proxy.config import ServerProcess, make_handlers
from jupyter_server_proxy.handlers import SuperviseAndProxyHandler

TOLD = [sys.executable, str(Path(__file__).with_name("told.py"))]
FOLDER = Path(os.environ["TEST_FOLDER"])
FREE_PORT = int(os.environ["FREE_PORT"])
OTHER_PORT = int(os.environ["OTHER_PORT"])
BACKEND_PORT = int(os.environ["BACKEND_PORT"])


class Classic(SuperviseAndProxyHandler):
    """Everything by methods; each notes what it is called on."""

    name = "classic"

    def get_cmd(self):
        assert self.unix_socket is None
        return [*TOLD, "--port", str(self.port), '{"port": "{port}"}', self.request.path]

    def get_env(self):
        return {"TOLD_PORT": str(self.port), "TOLD_BRACES": "{x}", "TEST_GONE": None}

    def get_timeout(self):
        return 30

    def get_cwd(self):
        return str(FOLDER)


class PortProperty(SuperviseAndProxyHandler):
    name = "port-property"

    @property
    def port(self):
        return FREE_PORT

    def get_cmd(self):
        return [*TOLD, "--port", str(self.port)]


class PortAttribute(SuperviseAndProxyHandler):
    name = "port-attribute"
    port = OTHER_PORT

    def get_cmd(self):
        return [*TOLD, "--port", str(self.port)]


class PortOfBase(SuperviseAndProxyHandler):
    """A property that notes what the base says, read before the child is started."""

    name = "port-of-base"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.command = [*TOLD, "--port", str(self.port)]

    @property
    def port(self):
        return super().port


class SocketAttribute(SuperviseAndProxyHandler):
    name = "socket-attribute"
    unix_socket = str(FOLDER / "attribute.sock")

    def get_cmd(self):
        return [*TOLD, "--unix", self.unix_socket]


class SetAfter(SuperviseAndProxyHandler):
    """Attributes set after `super().__init__`, the command with templates."""

    name = "set-after"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.command = [*TOLD, "--unix", "{unix_socket}", "{base_url}x", "{{}}"]
        self.requested_unix_socket = True
        self.environment = {"TOLD_SOCKET": "{unix_socket}"}
        self.timeout = 30
        self.mappath = {"/": "/mapped"}


class SetBefore(SuperviseAndProxyHandler):
    """Attributes set before `super().__init__`; the command is a callable."""

    def __init__(self, *args, **kwargs):
        self.requested_port = 0
        self.command = lambda port: [*TOLD, "--port", "{port}", str(port)]
        self.name = "set-before"
        super().__init__(*args, **kwargs)


class OwnInitialize(SuperviseAndProxyHandler):
    """Keywords of its own, and an argument of its own in the path."""

    def initialize(self, state, word):
        super().initialize(state)
        self.word = word

    def get_cmd(self):
        return [*TOLD, "--port", "{port}".format(**self.process_args), self.word]


class Redirects(SuperviseAndProxyHandler):
    """Adds a query to the first page."""

    def get_cmd(self):
        return self._realize_rendered_template([*TOLD, "--port", "{port}"])

    async def http_get(self, path):
        if path == "":
            self.redirect(f"{self.request.path}start?x=1")
            return None
        return await super().http_get(path)


class Ensures(SuperviseAndProxyHandler):
    """Answers by itself once the child is ready."""

    def get_cmd(self):
        return [*TOLD, "--port", str(self.port)]

    async def http_get(self, path):
        before = "proc" in self.state
        await self.ensure_process()
        self.finish({"before": before, "after": self.state["proc"].running})


class OwnReadiness(SuperviseAndProxyHandler):
    asked: ClassVar[list] = []

    def get_cmd(self):
        return [*TOLD, "--port", str(self.port)]

    async def _http_ready_func(self, p):
        self.asked.append(p.pid)
        return len(self.asked) >= 3 and await super()._http_ready_func(p)

    async def http_get(self, path):
        if path == "asked":
            self.finish({"asked": self.asked})
            return None
        return await super().http_get(path)


class NotManagedPort(SuperviseAndProxyHandler):
    name = "not-managed"
    port = BACKEND_PORT
    proxy_base = "not-managed"

    def get_cmd(self):
        return []


class NotManagedAnywhere(SuperviseAndProxyHandler):
    name = "nowhere"

    def get_cmd(self):
        return ""


class OtherPort(SuperviseAndProxyHandler):
    """Sends one path to another port than the child's."""

    def get_cmd(self):
        return [*TOLD, "--port", str(self.port)]

    async def http_get(self, path):
        port = BACKEND_PORT if path == "other" else self.port
        return await self.proxy(port, path)


class Broken(SuperviseAndProxyHandler):
    """Each of its routes is wrong in its own way, which the state says."""

    def initialize(self, state):
        super().initialize(state)
        self.name = state["wrong"]

    def get_cmd(self):
        wrong = {"raises": "x", "string": "told --token s3cret", "numbers": ["told", 5]}
        if self.name == "raises":
            raise FileNotFoundError("told is not installed")
        return wrong.get(self.name, [*TOLD, "--port", str(self.port)])

    def get_env(self):
        return {"A": 5} if self.name == "env" else {}

    def get_timeout(self):
        return "soon" if self.name == "timeout" else 30

    def get_cwd(self):
        return "/no/such/directory" if self.name == "cwd" else super().get_cwd()


class BrokenPort(SuperviseAndProxyHandler):
    name = "broken-port"

    @property
    def port(self):
        return 700000

    def get_cmd(self):
        return TOLD


class FromProcess(SuperviseAndProxyHandler):
    proxy_base = "from-process"

    def get_cmd(self):
        return [*TOLD, "--port", str(self.port)]


class OwnHandlerProcess(ServerProcess):
    def make_proxy_handler(self):
        return FromProcess, {"state": {}}


class RefinedProcess(ServerProcess):
    """What config has made, with one method in another way."""

    def make_proxy_handler(self):
        made, keywords = super().make_proxy_handler()

        class Refined(made):
            def get_env(self):
                return {**super().get_env(), "TOLD_MORE": str(self.port)}

            async def http_get(self, path):
                if path == "attributes":
                    self.write_attributes()
                    return None
                return await super().http_get(path)

            def write_attributes(self):
                names = "name command requested_port requested_unix_socket environment timeout"
                known = {name: getattr(self, name) for name in names.split()}
                known |= {"port": self.port, "unix_socket": self.unix_socket}
                known |= {"state": sorted(self.state), "mappath": self.mappath}
                for name in ("get_cmd", "get_env", "get_timeout", "get_cwd"):
                    known[name] = getattr(self, name)()
                self.finish(json.dumps(known))

        return Refined, keywords


def patch_base_class(env):
    SuperviseAndProxyHandler.get_env = lambda _self: env


ROUTES = {
    "classic": (Classic, {}),
    "port-property": (PortProperty, {}),
    "port-attribute": (PortAttribute, {}),
    "port-of-base": (PortOfBase, {}),
    "socket-attribute": (SocketAttribute, {}),
    "set-after": (SetAfter, {}),
    "set-before": (SetBefore, {}),
    "own-initialize": (OwnInitialize, {"word": "hello"}),
    "redirects": (Redirects, {}),
    "ensures": (Ensures, {}),
    "own-readiness": (OwnReadiness, {}),
    "not-managed": (NotManagedPort, {}),
    "nowhere": (NotManagedAnywhere, {}),
    "other-port": (OtherPort, {}),
    "broken-port": (BrokenPort, {}),
}
WRONG = ("raises", "string", "numbers", "env", "timeout", "cwd")


def _jupyter_server_extension_points():
    return [{"module": "supervising"}]


def _load_jupyter_server_extension(serverapp):
    base = serverapp.web_app.settings["base_url"]
    routes = [
        (url_path_join(base, name, "(.*)"), handler, {"state": {}, **keywords})
        for name, (handler, keywords) in ROUTES.items()
    ]
    for wrong in WRONG:
        path = url_path_join(base, "broken", wrong, "(.*)")
        routes.append((path, Broken, {"state": {"wrong": wrong}}))
    refined = RefinedProcess(
        name="refined",
        command=[*TOLD, "--port", "{port}", "from config"],
        environment={"TOLD_PORT": "{port}"},
        timeout=31,
        mappath={"/a": "/b"},
    )
    routes += make_handlers(base, [OwnHandlerProcess(name="from-process"), refined])
    serverapp.web_app.add_handlers(".*$", routes)
