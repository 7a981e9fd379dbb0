"""Where configurable-http-proxy and its Node.js are. Installs nothing: `make hub` does."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[3]
SCRIPT = Path("node_modules", "configurable-http-proxy", "bin", "configurable-http-proxy")


def find_proxy() -> list[str] | None:
    """The command that runs it, None when it is not installed."""
    folder = Path(os.environ.get("HUB_PROXY", ROOT / "build" / "hub-proxy"))
    script = folder / SCRIPT
    try:
        _, environment = _build_hook().find_npm()
    except RuntimeError:  # there is no Node.js
        return None
    node = shutil.which("node", path=environment["PATH"])
    return [node, str(script)] if node and script.is_file() else None


def _build_hook() -> ModuleType:
    """The build's own, which knows where Node.js is."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
