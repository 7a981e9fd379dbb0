"""For the pages of the reference, which scripts make from the code."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def generated_page() -> Callable[[str], str]:
    """The text of the page that a script of this name in `scripts` makes, proven up to date."""

    def read(name: str) -> str:
        script = ROOT / "scripts" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, script)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        text: str = module.TARGET.read_text(encoding="utf-8")
        assert text == module.reference(), f"run {script.relative_to(ROOT)}"
        return text

    return read
