"""Configuration of the Jupyter server whose applications wait for a file, see `apps/gated.py`.

The files are in the folder that the environment variable GATES names.
"""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821

HERE = Path(__file__).parent
GATES = Path(os.environ["GATES"])
# `copied` is tried again by itself after a crash, all others are not.
NAMES = ("led", "stopped", "cancelled", "failing", "copied", "dark", "scriptless", "retried")
NAMES += ("framed",)


def gated(name, **options):
    return {
        "command": [
            sys.executable,
            str(HERE / "apps" / "gated.py"),
            "{port}",
            str(GATES / name),
            "--api-key=s3cr3t",
        ],
        "stop_timeout": 3,
        "restart": "never",
        "launcher_entry": {"title": f"The {name} one", "icon_path": str(HERE / "icon.svg")},
        "new_browser_tab": False,
        **options,
    }


c.ServerProxy.servers = {name: gated(name) for name in NAMES}
c.ServerProxy.servers["idle"] = gated("idle", idle_timeout=0.5)
