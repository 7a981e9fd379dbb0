"""Configuration of the Jupyter server that the browser tests look at."""

import sys
from pathlib import Path

c = get_config()  # noqa: F821

HERE = Path(__file__).parent
APPS = HERE / "apps"
ICON = str(HERE / "icon.svg")

c.ServerProxy.servers = {
    "in-lab": {
        "command": [sys.executable, str(APPS / "echo_page.py"), "{port}", "Echo in Lab"],
        "timeout": 30,
        "new_browser_tab": False,
        "launcher_entry": {"title": "Echo in Lab", "icon_path": ICON},
    },
    "in-tab": {
        "command": [sys.executable, str(APPS / "echo_page.py"), "{unix_socket}", "Echo in tab"],
        "unix_socket": True,
        "timeout": 30,
        "launcher_entry": {"title": "Echo in tab", "icon_path": ICON, "category": "Experiments"},
    },
    "hidden": {
        "command": [sys.executable, str(APPS / "echo_page.py"), "{port}", "Hidden"],
        "launcher_entry": {"enabled": False, "title": "Hidden"},
    },
    "with-daemon": {
        "command": [sys.executable, str(APPS / "with_daemon.py"), "{port}"],
        "timeout": 30,
    },
    "broken": {
        "command": [
            sys.executable,
            "-c",
            "import sys; sys.exit('the licence file is missing')",
        ],
        "new_browser_tab": False,
        "launcher_entry": {"title": "Broken"},
    },
    "silent": {
        "command": [sys.executable, "-c", "import threading; threading.Event().wait()"],
        "timeout": 2,
        "new_browser_tab": False,
        "launcher_entry": {"title": "Silent"},
    },
}
