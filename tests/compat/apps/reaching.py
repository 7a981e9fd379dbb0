"""A Jupyter extension that reaches into the `state` of another package's route, as one does that
shows whether its application runs and restarts it."""

from __future__ import annotations

import asyncio
import json

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

from jupyter_server_proxy.handlers import SuperviseAndProxyHandler


def find_state(web_app, name):
    for host_rule in web_app.default_router.rules:
        for rule in getattr(host_rule.target, "rules", ()):
            keywords = rule.target_kwargs or {}
            if "state" in keywords and f"/{name}/" in rule.matcher.regex.pattern:
                return keywords["state"]
    raise AssertionError(f"no route of {name} has a state")


class Reach(JupyterHandler):
    """/reach/SERVICE/DEED does it and answers with what is to be seen afterwards."""

    @web.authenticated
    async def post(self, service, deed):
        self.route_state = find_state(self.application, service)
        found = await getattr(self, deed)()
        seen = {key: str(value) for key, value in self.route_state.items()}
        self.finish(json.dumps({"state": seen, "found": found}))

    def check_xsrf_cookie(self):
        pass

    async def health(self):
        proc = self.route_state.get("proc")
        return False if proc is None or isinstance(proc, str) else proc.running

    async def restart(self):
        async with self.route_state["proc_lock"]:
            proc = self.route_state.get("proc")
            if proc:
                await asyncio.wait_for(proc.terminate(), timeout=20)
            if "proc" in self.route_state:
                del self.route_state["proc"]

    async def look(self):
        proc = self.route_state["proc"]
        return {
            "name": proc.name,
            "running": proc.running,
            "pid": proc.pid,
            "inner_pid": proc.proc.pid,
            "returncode": proc.proc.returncode,
            "promise_done": proc._restart_process_future.done(),
            "port": self.route_state["port"],
            "unix_socket": self.route_state["unix_socket"],
        }

    async def delete(self):
        del self.route_state["proc"]

    async def terminate(self):
        await self.route_state["proc"].terminate()

    async def kill(self):
        await self.route_state["proc"].kill()

    async def impatient(self):
        """Ask it to go, and kill it after a moment, both while holding the lock."""
        async with self.route_state["proc_lock"]:
            proc = self.route_state["proc"]
            try:
                await asyncio.wait_for(proc.terminate(), timeout=0.2)
            except asyncio.TimeoutError:
                await proc.kill()

    async def forgo(self):
        promise = self.route_state["proc"]._restart_process_future
        return [promise.cancel(), promise.done(), promise.cancel()]

    async def wait(self):
        return await self.route_state["proc"].proc.wait()

    async def start_again(self):
        """All of it under the lock."""
        async with self.route_state["proc_lock"]:
            proc = self.route_state["proc"]
            await proc.terminate()
            is_ready_when_gone = await proc.ready()
            await proc.start()
            new = self.route_state["proc"]
            return [is_ready_when_gone, await new.ready(), proc.running, new.running]

    async def hold(self):
        """Hold the lock until `release`; answers at once."""
        await self.route_state["proc_lock"].acquire()

    async def release(self):
        self.route_state["proc_lock"].release()

    async def count_waiters(self):
        return len(self.route_state["proc_lock"]._waiters or ())


# Set by the configuration file.
COMMAND: list[str] = []


class Supervised(SuperviseAndProxyHandler):
    """A route with a plain dict of its own, for which `command` is set by the package."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.command = COMMAND


def _jupyter_server_extension_points():
    return [{"module": "reaching"}]


def _load_jupyter_server_extension(serverapp):
    web_app = serverapp.web_app
    base = web_app.settings["base_url"]
    web_app.add_handlers(
        ".*$",
        [
            (url_path_join(base, r"reach/(\w+)/(\w+)"), Reach),
            (url_path_join(base, "supervised/(.*)"), Supervised, {"state": {}}),
        ],
    )
