"""The reference for people is what the traits say."""

from __future__ import annotations

from collections.abc import Callable

from jupyter_server_proxy.config import LauncherEntry, ServerProcess, ServerProxy


def test_the_reference_is_up_to_date_and_complete(generated_page: Callable[[str], str]) -> None:
    text = generated_page("generate_reference")
    names = [
        *ServerProcess.setting_names(),
        *LauncherEntry.class_trait_names(),
        *ServerProxy.class_own_traits(),
    ]
    assert [name for name in names if f"### `{name}`\n" not in text] == []
