"""Where things are, and how what runs here is started."""

from __future__ import annotations

import sys
from pathlib import Path

APPS = Path(__file__).parents[1] / "apps"
SHARED_APPS = Path(__file__).parents[2] / "apps"
GUEST = [sys.executable, str(APPS / "guest.py"), "--port={port}"]
STANDALONE = [str(Path(sys.executable).with_name("jupyter-standaloneproxy"))]
SINGLEUSER = [str(Path(sys.executable).with_name("jupyterhub-singleuser"))]
