"""Where things are, how what runs here is started, and what this Hub cannot do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jupyterhub import version_info

APPS = Path(__file__).parents[1] / "apps"
SHARED_APPS = Path(__file__).parents[2] / "apps"
GUEST = [sys.executable, str(APPS / "guest.py"), "--port={port}"]
STANDALONE = [str(Path(sys.executable).with_name("jupyter-standaloneproxy"))]
SINGLEUSER = [str(Path(sys.executable).with_name("jupyterhub-singleuser"))]
SHARES = pytest.mark.skipif(version_info < (5,), reason="JupyterHub 4 has no shares")
