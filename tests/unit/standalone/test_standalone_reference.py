"""The page of the options is what the traits say."""

from __future__ import annotations

from collections.abc import Callable

from jupyter_server_proxy.standalone.options import all_options


def test_the_page_is_up_to_date_and_complete(generated_page: Callable[[str], str]) -> None:
    text = generated_page("generate_standalone_reference")
    spellings = [option.spelling for option in all_options().values()]
    assert [name for name in spellings if f"\n### `--{name}`\n" not in text] == []
