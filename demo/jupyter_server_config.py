"""Jupyter's configuration for `make demo`, and a collection of recipes to copy from.

Each entry of `c.ServerProxy.servers` below is the whole configuration of one application.
`run.py` starts Jupyter with this file; the folder with the sample data is in DEMO_FOLDER.
"""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821  (Jupyter provides it)

HERE = Path(__file__).parent.resolve()
APPS = HERE / "apps"
DATA = Path(os.environ["DEMO_FOLDER"])


def launcher(title: str, icon: str, category: str) -> dict[str, str]:
    """How an application is offered in JupyterLab's launcher."""
    return {"title": title, "icon_path": str(HERE / "icons" / f"{icon}.svg"), "category": category}


c.ServerProxy.servers = {
    # Plain HTTP. Its links are absolute, so it has to be told where it is mounted.
    "datasette": {
        "command": [
            *(sys.executable, "-m", "datasette", "serve", str(DATA / "library.db")),
            *("--host", "127.0.0.1", "--port", "{port}"),
            *("--setting", "base_url", "{base_url}datasette/"),
        ],
        "timeout": 60,
        "new_browser_tab": False,
        "launcher_entry": launcher("Datasette", "datasette", "Data"),
    },
    # Websockets. Its links are relative: it need not know about the prefix at all.
    "streamlit": {
        "command": [
            *(sys.executable, "-m", "streamlit", "run", str(APPS / "streamlit_app.py")),
            *("--server.address=127.0.0.1", "--server.port={port}", "--server.headless=true"),
            *("--server.fileWatcherType=none", "--browser.gatherUsageStats=false"),
        ],
        "timeout": 60,
        "new_browser_tab": False,
        "launcher_entry": launcher("Streamlit", "streamlit", "Applications"),
    },
    # An editor with its own kernels, mounted under its full path (`absolute_url`). Jupyter has
    # checked who the visitor is before marimo hears of them, hence --no-token.
    "marimo": {
        "command": [
            *(sys.executable, "-m", "marimo", "--yes", "edit", str(DATA / "marimo_app.py")),
            *("--host", "127.0.0.1", "--port", "{port}", "--base-url", "{base_url}marimo"),
            *("--headless", "--no-token", "--no-sandbox", "--skip-update-check"),
        ],
        "environment": {
            "XDG_CONFIG_HOME": str(DATA / "settings"),
            "XDG_CACHE_HOME": str(DATA / "cache"),
            "XDG_STATE_HOME": str(DATA / "state"),
        },
        "absolute_url": True,
        "timeout": 60,
        "new_browser_tab": True,
        "launcher_entry": launcher("marimo", "marimo", "Notebook"),
    },
    # Takes the prefix with `--path_prefix`, and starts a second process of its own.
    "tensorboard": {
        "command": [
            *(sys.executable, "-m", "tensorboard.main", "--logdir", str(DATA / "training")),
            *("--host", "127.0.0.1", "--port", "{port}"),
            *("--path_prefix", "{base_url}tensorboard"),
        ],
        "absolute_url": True,
        "timeout": 60,
        "new_browser_tab": True,
        "launcher_entry": launcher("TensorBoard", "tensorboard", "Data"),
    },
    # Websockets over a unix socket: no TCP port, nothing another user of the machine can reach.
    # The origin of its websockets has been checked by Jupyter, hence the star.
    "bokeh": {
        "command": [
            *(sys.executable, "-m", "bokeh", "serve", str(APPS / "bokeh_app.py")),
            *("--unix-socket", "{unix_socket}", "--prefix", "{base_url}bokeh"),
            *("--allow-websocket-origin", "*"),
        ],
        "unix_socket": True,
        "absolute_url": True,
        "timeout": 60,
        "new_browser_tab": False,
        "launcher_entry": {
            **launcher("Bokeh", "bokeh", "Applications"),
            "path_info": "bokeh/bokeh_app",
        },
    },
    # Two that fail, each in its own way, to show what people are told.
    "broken": {
        "command": [sys.executable, str(APPS / "broken.py"), "{port}"],
        "new_browser_tab": False,
        "launcher_entry": launcher("Broken", "broken", "Failing on purpose"),
    },
    "silent": {
        "command": [sys.executable, str(APPS / "silent.py"), "{port}"],
        "timeout": 8,
        "new_browser_tab": False,
        "launcher_entry": launcher("Never listens", "silent", "Failing on purpose"),
    },
}
