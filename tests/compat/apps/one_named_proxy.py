"""A Jupyter extension that has one service and does without the extension of this package."""

from __future__ import annotations

import sys
from pathlib import Path

from jupyter_server_proxy.config import ServerProcess, ServerProxy, make_handlers
from jupyter_server_proxy.handlers import setup_handlers

WEB = Path(__file__).parents[2] / "apps" / "web.py"


def _jupyter_server_extension_points():
    return [{"module": "one_named_proxy"}]


def _load_jupyter_server_extension(serverapp):
    command = [sys.executable, str(WEB), "--port", "{port}"]
    process = ServerProcess(name="only", command=command, timeout=60)
    base_url = serverapp.web_app.settings["base_url"]
    serverapp.web_app.add_handlers(".*", make_handlers(base_url, [process]))
    setup_handlers(serverapp.web_app, ServerProxy(parent=serverapp))
