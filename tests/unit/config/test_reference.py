"""The reference for people is what the traits say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from jupyter_server_proxy.config import LauncherEntry, ServerProcess, ServerProxy

ROOT = Path(__file__).parents[3]


def test_the_reference_is_up_to_date_and_complete() -> None:
    script = ROOT / "scripts" / "generate_reference.py"
    spec = importlib.util.spec_from_file_location("generate_reference", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = module.TARGET.read_text(encoding="utf-8")
    assert text == module.reference(), f"run {script.relative_to(ROOT)}"
    names = [
        *ServerProcess.setting_names(),
        *LauncherEntry.class_trait_names(),
        *ServerProxy.class_own_traits(),
    ]
    assert [name for name in names if f"### `{name}`\n" not in text] == []
