"""A Jupyter Server extension with the floors: two hellos, and a watch on the event loop.

`/bench/hello` is what any Jupyter handler costs (login checked), `/bench/bare` what Tornado
costs. `/bench/lag` answers with the loop's lateness in seconds since it was last asked.
"""

import asyncio
import time
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

_STEP = 0.005
_DAY = 24 * 3600.0


class Hello(JupyterHandler):
    @web.authenticated
    def get(self) -> None:
        self.write(b"hello")


class Bare(web.RequestHandler):
    def get(self) -> None:
        self.write(b"hello")


class Lag(JupyterHandler):
    """Watching starts with the first question and costs nothing before."""

    watcher: asyncio.Task[None] | None = None
    late: list[float] = []  # noqa: RUF012 - one list for the process, on purpose

    @web.authenticated
    async def get(self) -> None:
        late = sorted(Lag.late)
        Lag.late.clear()
        if Lag.watcher is None:
            Lag.watcher = asyncio.create_task(self._watch(), name="loop lag")
        if not late:
            late = [0.0]
        self.finish({"p50": late[len(late) // 2], "p99": late[int(len(late) * 0.99)]})

    @staticmethod
    async def _watch() -> None:
        end = time.monotonic() + _DAY
        while time.monotonic() < end:
            due = time.monotonic() + _STEP
            await asyncio.sleep(_STEP)
            Lag.late.append(time.monotonic() - due)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "bench_floor"}]


def _load_jupyter_server_extension(server_app: Any) -> None:
    base = server_app.web_app.settings["base_url"]
    routes = {"hello": Hello, "bare": Bare, "lag": Lag}
    server_app.web_app.add_handlers(
        ".*$", [(url_path_join(base, "bench", name), kind) for name, kind in routes.items()]
    )
