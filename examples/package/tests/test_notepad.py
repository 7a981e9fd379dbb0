"""The notepad is found, offered, and works behind the proxy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Jupyter
from jupyter_notepad_proxy import notepad_command, setup_notepad
from websockets.sync.client import connect


def test_the_icon_is_in_the_package() -> None:
    assert Path(setup_notepad()["launcher_entry"]["icon_path"]).is_file()


def test_it_listens_where_it_is_told_to() -> None:
    assert notepad_command(8000, "")[-1] == "--port=8000"
    assert notepad_command(0, "/run/socket")[-1] == "--unix-socket=/run/socket"


def test_jupyter_offers_it(jupyter: Jupyter) -> None:
    services = json.loads(jupyter.ask("server-proxy/servers-info"))["server_processes"]
    entry = next(s for s in services if s["name"] == "notepad")["launcher_entry"]
    assert (entry["title"], entry["path_info"]) == ("Notepad", "notepad/")
    assert b"<svg" in jupyter.ask("server-proxy/icon/notepad")


def test_its_page_has_relative_addresses_only(jupyter: Jupyter) -> None:
    page = jupyter.ask("notepad/").decode()
    assert "Notepad" in page
    assert '"/' not in page


@pytest.mark.parametrize("text", ["", "grüße 🚀", "long " * 100_000])
def test_it_keeps_the_text(jupyter: Jupyter, text: str) -> None:
    jupyter.ask("notepad/text", method="PUT", body=text.encode())
    assert jupyter.ask("notepad/text").decode() == text


def test_it_tells_other_pages_of_changes(jupyter: Jupyter) -> None:
    url = f"ws://{jupyter.address}/notepad/changes"
    with connect(url, additional_headers=jupyter.login) as page:
        page.recv(timeout=60)
        jupyter.ask("notepad/text", method="PUT", body=b"from elsewhere")
        assert page.recv(timeout=60) == "from elsewhere"
